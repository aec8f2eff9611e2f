import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;

/**
 * Adds pairs of integers for every client at once, a thread for each.
 *
 * <p>Usage: {@code java MultithreadedServer [port]}
 */
public class MultithreadedServer {

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

        int clientId = 1;
        while (true) {
            System.out.println("### Écoute sur le port " + serverSocket.getLocalPort());
            try {
                Socket socket = serverSocket.accept();
                serve(new AdditionServiceThread(clientId, socket), socket);
                clientId++;
            } catch (IOException e) {
                System.out.println("!!! La connexion a été interrompue.");
                System.err.println("!!! Erreur : " + e.getMessage());
                Pause.briefly(); // too many open files or threads, most likely: let some clients leave first
            }
        }
    }

    private static void serve(Thread thread, Socket socket) throws IOException {
        try {
            thread.start();
        } catch (OutOfMemoryError e) { // what Java says when the system has no thread left
            socket.close();
            throw new IOException(e.getMessage());
        }
    }
}
