import java.io.DataOutputStream;
import java.net.Socket;

/** Writes its address with writeChars. */
public class WriteCharsClient {

    public static void main(String[] args) throws Exception {
        try (Socket socket = new Socket(args[0], Integer.parseInt(args[1]))) {
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeChars("127.0.0.1");
            out.writeInt(84);
            out.writeInt(98);
            socket.getInputStream().read();
        }
    }
}
