import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.UnknownHostException;
import java.util.Random;

/** One of the MultithreadedClients: has a single pair of random integers added. */
public class AdditionClientThread extends Thread {

    private final String host;
    private final int port;

    public AdditionClientThread(String host, int port) {
        this.host = host;
        this.port = port;
    }

    @Override
    public void run() {
        System.out.println("### Tentative de connexion à " + host + ":" + port + "...");
        try (Socket socket = new Socket(host, port)) {
            System.out.println("### Connexion établie.");
            DataInputStream in = new DataInputStream(socket.getInputStream());
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());

            out.writeUTF(socket.getLocalAddress().getHostAddress());

            Random random = new Random();
            int first = random.nextInt(100);
            System.out.println("<-- Envoi nombre 1 : " + first);
            out.writeInt(first);
            int second = random.nextInt(100);
            System.out.println("<-- Envoi nombre 2 : " + second);
            out.writeInt(second);

            int sum = in.readInt();
            System.out.println("--> Réponse serveur : " + first + " + " + second + " = " + sum);

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
