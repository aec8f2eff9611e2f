import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;

/** A right server: a thread a client. */
public class Basile {
    public static void main(String[] arguments) throws IOException {
        try (ServerSocket server = new ServerSocket(Integer.parseInt(arguments[0]))) {
            while (true) {
                Socket socket = server.accept();
                new Thread(() -> serve(socket)).start();
            }
        }
    }

    private static void serve(Socket socket) {
        try (socket;
                DataInputStream in = new DataInputStream(socket.getInputStream());
                DataOutputStream out = new DataOutputStream(socket.getOutputStream())) {
            System.out.println("Client " + in.readUTF());
            while (true) {
                out.writeInt(in.readInt() + in.readInt());
            }
        } catch (EOFException end) {
            System.out.println("Client parti");
        } catch (IOException error) {
            System.out.println("Client perdu : " + error.getMessage());
        }
    }
}
