import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.UnknownHostException;
import java.util.Random;

/**
 * Has three pairs of random integers added by an addition server.
 *
 * <p>Usage: {@code java SimpleClient [host [port]]}
 */
public class SimpleClient {

    private static final int REQUESTS = 3;

    public static void main(String[] args) {
        Console.useUtf8();
        String host = args.length > 0 ? args[0] : "127.0.0.1";
        int port = args.length > 1 ? Integer.parseInt(args[1]) : 8999;

        System.out.println("### Tentative de connexion à " + host + ":" + port + "...");
        try (Socket socket = new Socket(host, port)) {
            System.out.println("### Connexion établie.");
            DataInputStream in = new DataInputStream(socket.getInputStream());
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());

            out.writeUTF(socket.getLocalAddress().getHostAddress());

            Random random = new Random();
            for (int i = 0; i < REQUESTS; i++) {
                int first = random.nextInt(100);
                System.out.println("<-- Envoi nombre 1 : " + first);
                out.writeInt(first);
                int second = random.nextInt(100);
                System.out.println("<-- Envoi nombre 2 : " + second);
                out.writeInt(second);

                int sum = in.readInt();
                System.out.println("--> Réponse serveur : " + sum);
            }

            System.out.println("### Fermeture connexion...");
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
}
