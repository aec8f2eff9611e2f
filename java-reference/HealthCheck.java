import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;

/**
 * Asks a server on this machine, in its own protocol, whether it is well; the status says so: 0 or 1.
 *
 * <p>Usage: {@code java HealthCheck addition|chat [port]}
 */
public class HealthCheck {

    private static final int PATIENCE_MILLISECONDS = 3000;

    public static void main(String[] args) {
        Console.useUtf8();
        if (args.length < 1 || !(args[0].equals("addition") || args[0].equals("chat"))) {
            System.err.println("Usage : java HealthCheck addition|chat [port]");
            System.exit(1);
        }
        boolean chat = args[0].equals("chat");
        int port = args.length > 1 ? Integer.parseInt(args[1]) : 8999;

        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), PATIENCE_MILLISECONDS);
            socket.setSoTimeout(PATIENCE_MILLISECONDS);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeUTF(socket.getLocalAddress().getHostAddress());
            if (chat) {
                checkChat(socket, in);
            } else {
                checkAddition(in, out);
            }
            System.out.println("### Le service répond.");
        } catch (SocketTimeoutException e) {
            if (chat) {
                fail("pas de réponse");
            }
            // The system took the connection: a server of one client at a time is with another client.
            System.out.println("### Le serveur est occupé avec un autre client.");
        } catch (IOException e) {
            fail(e.getMessage());
        }
    }

    private static void checkAddition(DataInputStream in, DataOutputStream out) throws IOException {
        out.writeInt(40);
        out.writeInt(2);
        int sum = in.readInt();
        if (sum != 42) {
            fail("40 + 2 = " + sum);
        }
    }

    /** Posts nothing, so that nobody is disturbed: we leave, and the server must let us go. */
    private static void checkChat(Socket socket, DataInputStream in) throws IOException {
        socket.shutdownOutput();
        while (in.read() != -1) {
            // What the others say meanwhile.
        }
    }

    private static void fail(String reason) {
        System.err.println("!!! Le service ne répond pas : " + reason);
        System.exit(1);
    }
}
