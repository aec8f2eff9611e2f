import java.io.ObjectOutputStream;
import java.net.Socket;

/** Writes objects. */
public class WriteObjectClient {

    public static void main(String[] args) throws Exception {
        try (Socket socket = new Socket(args[0], Integer.parseInt(args[1]))) {
            ObjectOutputStream out = new ObjectOutputStream(socket.getOutputStream());
            out.writeObject("127.0.0.1");
            out.writeObject(84);
            out.writeObject(98);
            out.flush();
            socket.getInputStream().read();
        }
    }
}
