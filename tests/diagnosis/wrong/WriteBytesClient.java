import java.io.DataOutputStream;
import java.net.Socket;

/** Writes author and text with writeBytes. */
public class WriteBytesClient {

    public static void main(String[] args) throws Exception {
        try (Socket socket = new Socket(args[0], Integer.parseInt(args[1]))) {
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeUTF("127.0.0.1");
            out.writeBytes("zo\u00e9");
            out.writeBytes("\u00e0 bient\u00f4t");
            socket.getInputStream().read();
        }
    }
}
