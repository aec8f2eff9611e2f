import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;

/** A right client that thinks before its second sum: it sleeps, or another thread of it does while it reads. */
public class Client {
    private static final int MILLISECONDS = 4000;

    public static void main(String[] arguments) throws IOException, InterruptedException {
        try (Socket socket = new Socket(arguments[1], Integer.parseInt(arguments[2]));
                DataInputStream in = new DataInputStream(socket.getInputStream());
                DataOutputStream out = new DataOutputStream(socket.getOutputStream())) {
            out.writeUTF(socket.getLocalAddress().getHostAddress());
            out.writeInt(1);
            out.writeInt(2);
            if (arguments[0].equals("sleep")) {
                in.readInt();
                Thread.sleep(MILLISECONDS);
                out.writeInt(3);
                out.writeInt(4);
            } else {
                new Thread(() -> askLater(out)).start();
                in.readInt();
            }
            in.readInt();
        }
    }

    private static void askLater(DataOutputStream out) {
        try {
            Thread.sleep(MILLISECONDS);
            out.writeInt(3);
            out.writeInt(4);
        } catch (IOException | InterruptedException error) {
            throw new IllegalStateException(error);
        }
    }
}
