import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;

/**
 * Receives the files of every client at once, a thread for each.
 *
 * <p>Usage: {@code java FileServer [port]}
 */
public class FileServer {

    private static final int PAUSE_MS = 500;

    public static void main(String[] args) throws InterruptedException {
        int port = args.length > 0 ? Integer.parseInt(args[0]) : 8999;

        ServerSocket serverSocket;
        try {
            serverSocket = new ServerSocket(port);
        } catch (IOException e) {
            System.err.println("!!! Erreur lors de la création du socket serveur.");
            System.err.println("!!! Détails : " + e.getMessage());
            return;
        }

        int clientId = 1;
        while (true) {
            System.out.println("### Écoute sur le port " + serverSocket.getLocalPort());
            try {
                Socket socket = serverSocket.accept();
                new FileServiceThread(clientId, socket).start();
                clientId++;
            } catch (IOException e) {
                System.out.println("!!! La connexion a été interrompue.");
                System.err.println("!!! Erreur : " + e.getMessage());
                Thread.sleep(PAUSE_MS); // too many open files, most likely: let some clients leave first
            }
        }
    }
}
