import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UTFDataFormatException;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;

/**
 * Sends what is typed to a ChatServer, and shows what the others write.
 *
 * <p>Usage: {@code java ChatClient [author [host [port]]]}
 */
public class ChatClient {

    /** How long the server may take to end the conversation once we have. */
    private static final int GOODBYE_MILLISECONDS = 2000;

    public static void main(String[] args) {
        Console.useUtf8();
        String author = args.length > 0 ? args[0] : System.getProperty("user.name");
        String host = args.length > 1 ? args[1] : "127.0.0.1";
        int port = args.length > 2 ? Integer.parseInt(args[2]) : 8999;

        System.out.println("### Tentative de connexion à " + host + ":" + port + "...");
        try (Socket socket = new Socket(host, port)) {
            System.out.println("### Connexion établie.");
            socket.setTcpNoDelay(true); // a short message leaves at once
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeUTF(socket.getLocalAddress().getHostAddress());

            ChatReceiverThread receiver = new ChatReceiverThread(socket, author);
            receiver.start();
            try {
                sendTypedLines(author, out);
                receiver.stopShowing();
                System.out.println("### Fermeture connexion...");
                // First our side alone, so that everything sent arrives; then the server closes its own.
                socket.shutdownOutput();
                receiver.join(GOODBYE_MILLISECONDS);
            } catch (IOException e) {
                receiver.serverLost(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            socket.close();
            System.out.println("### Connexion terminée.");
        } catch (UnknownHostException e) {
            System.err.println("!!! Hôte inconnu");
            System.err.println("!!! Détails : " + e.getMessage());
        } catch (IOException e) {
            System.err.println("!!! Erreur réseau");
            System.err.println("!!! Détails : " + e.getMessage());
        }
    }

    /** Sends each line that is typed, until the end of the input. */
    private static void sendTypedLines(String author, DataOutputStream out) throws IOException {
        BufferedReader keyboard = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String text = keyboard.readLine();
        while (text != null) {
            if (!text.isEmpty()) {
                if (fits(author) && fits(text)) {
                    out.writeUTF(author);
                    out.writeUTF(text);
                } else {
                    System.err.println("!!! Message trop long : il dépasse 65535 octets une fois codé, il n'est pas envoyé.");
                }
            }
            text = keyboard.readLine();
        }
    }

    /** Tells whether writeUTF takes this text. Asked before sending: half a message would spoil the rest. */
    private static boolean fits(String text) throws IOException {
        try {
            new DataOutputStream(new ByteArrayOutputStream()).writeUTF(text);
            return true;
        } catch (UTFDataFormatException e) {
            return false;
        }
    }
}
