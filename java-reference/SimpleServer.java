import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;

/**
 * Adds pairs of integers for one client at a time; the others wait in the listen queue.
 *
 * <p>Usage: {@code java SimpleServer [port]}
 */
public class SimpleServer {

    public static void main(String[] args) {
        Console.useUtf8();
        Pause.prepare();
        int port = args.length > 0 ? Integer.parseInt(args[0]) : 8999;

        ServerSocket serverSocket;
        try {
            serverSocket = new ServerSocket(port);
        } catch (IOException e) {
            System.err.println("!!! Erreur lors de la création du socket serveur.");
            System.err.println("!!! Détails : " + e.getMessage());
            return;
        }

        while (true) {
            System.out.println("### Écoute sur le port " + serverSocket.getLocalPort());
            // The socket is closed at the end of the try, however the client leaves.
            try (Socket socket = accept(serverSocket)) {
                System.out.println("### Connexion établie.");
                DataInputStream in = new DataInputStream(socket.getInputStream());
                DataOutputStream out = new DataOutputStream(socket.getOutputStream());

                String address = in.readUTF();
                System.out.println("--> Nouveau client à l'adresse : " + address);
                serve(in, out);
            } catch (IOException e) {
                System.out.println("!!! La connexion a été interrompue.");
                System.err.println("!!! Erreur : " + e.getMessage());
            }
        }
    }

    /** The next client; after a failure only a moment later: too many files are open, most likely. */
    private static Socket accept(ServerSocket serverSocket) throws IOException {
        try {
            return serverSocket.accept();
        } catch (IOException e) {
            Pause.briefly();
            throw e;
        }
    }

    /** Answers the requests of one client until it goes away. */
    private static void serve(DataInputStream in, DataOutputStream out) {
        try {
            while (true) {
                int first = in.readInt();
                System.out.println("--> Premier nombre reçu : " + first);
                int second = in.readInt();
                System.out.println("--> Deuxième nombre reçu : " + second);

                int sum = first + second;
                System.out.println("<-- Somme retournée : " + sum);
                out.writeInt(sum);
                System.out.println("### Traitement de cette requête terminée.");
            }
        } catch (IOException e) {
            System.out.println("### Le client est déconnecté");
        }
    }
}
