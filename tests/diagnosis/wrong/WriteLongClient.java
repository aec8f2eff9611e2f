import java.io.DataOutputStream;
import java.net.Socket;

/** Writes longs, and reads ints: as many answers as it has read questions are never read. */
public class WriteLongClient {

    public static void main(String[] args) throws Exception {
        try (Socket socket = new Socket(args[0], Integer.parseInt(args[1]))) {
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeUTF("127.0.0.1");
            for (long number : new long[] {84, 98, 12, 7, 55, 3}) {
                out.writeLong(number);
            }
            socket.getInputStream().read();
        }
    }
}
