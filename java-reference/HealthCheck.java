import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Asks a server on this machine, in its own protocol, whether it is well; the status says so: 0 or 1.
 *
 * <p>Usage: {@code java HealthCheck addition|simple|chat [port]}; {@code simple} is for a server of one client at a time,
 * which is well without an answer while it has another client, and has read all that this one sent.
 */
public class HealthCheck {

    private static final int PATIENCE_MILLISECONDS = 3000;
    private static final String ESTABLISHED = "01";

    public static void main(String[] args) {
        Console.useUtf8();
        if (args.length < 1 || !List.of("addition", "simple", "chat").contains(args[0])) {
            System.err.println("Usage : java HealthCheck addition|simple|chat [port]");
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
            if (!args[0].equals("simple") || !servesAnother(port)) {
                fail("pas de réponse");
            }
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

    /**
     * Whether the server has a client, and has read all that it sent. What the system has connected, and the server has not
     * accepted, has no inode. Only Linux tells; elsewhere: true.
     */
    private static boolean servesAnother(int port) {
        boolean told = false;
        for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            try {
                List<String> rows = Files.readAllLines(Path.of(table));
                told = true;
                for (String row : rows.subList(1, rows.size())) {
                    String[] columns = row.trim().split("\\s+");
                    int local = Integer.parseInt(columns[1].substring(columns[1].indexOf(':') + 1), 16);
                    boolean read = columns[4].substring(columns[4].indexOf(':') + 1).equals("00000000");
                    if (local == port && columns[3].equals(ESTABLISHED) && read && !columns[9].equals("0")) {
                        return true;
                    }
                }
            } catch (IOException e) {
                // This system has no such table.
            }
        }
        return !told;
    }

    private static void fail(String reason) {
        System.err.println("!!! Le service ne répond pas : " + reason);
        System.exit(1);
    }
}
