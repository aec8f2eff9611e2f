import java.io.ObjectOutputStream;
import java.net.Socket;

/** Writes the right fields, on an ObjectOutputStream. */
public class ObjectStreamClient {

    public static void main(String[] args) throws Exception {
        try (Socket socket = new Socket(args[0], Integer.parseInt(args[1]))) {
            ObjectOutputStream out = new ObjectOutputStream(socket.getOutputStream());
            out.writeUTF("127.0.0.1");
            out.writeInt(84);
            out.writeInt(98);
            out.flush();
            socket.getInputStream().read();
        }
    }
}
