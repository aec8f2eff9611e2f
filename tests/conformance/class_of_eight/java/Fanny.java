import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;

/** A right client, which buffers and flushes. */
public class Fanny {
    public static void main(String[] arguments) throws IOException {
        try (Socket socket = new Socket(arguments[0], Integer.parseInt(arguments[1]));
                DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
                DataOutputStream out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()))) {
            out.writeUTF(socket.getLocalAddress().getHostAddress());
            for (int i = 1; i <= 5; i++) {
                out.writeInt(i);
                out.writeInt(-3 * i);
                out.flush();
                System.out.println(i + " - " + 3 * i + " = " + in.readInt());
            }
        }
    }
}
