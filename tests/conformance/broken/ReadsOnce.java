import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;

/** Takes what one {@code read(buffer)} gives for an int, as a client (its answers) or as a server (its requests). */
public class ReadsOnce {

    public static void main(String[] args) throws IOException {
        if (args[0].equals("client")) {
            ask(args[1], Integer.parseInt(args[2]));
        } else {
            serve(Integer.parseInt(args[1]));
        }
    }

    private static int readInt(InputStream in) throws IOException {
        byte[] buffer = new byte[4];
        if (in.read(buffer) < 0) {
            throw new EOFException();
        }
        return ByteBuffer.wrap(buffer).getInt();
    }

    private static void ask(String host, int port) throws IOException {
        System.out.println("### Tentative de connexion à " + host + ":" + port + "...");
        try (Socket socket = new Socket(host, port)) {
            System.out.println("### Connexion établie.");
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeUTF(socket.getLocalAddress().getHostAddress());
            int[][] pairs = {{84, 98}, {0, 99}, {7, 5}};
            for (int[] pair : pairs) {
                System.out.println("<-- Envoi nombre 1 : " + pair[0]);
                out.writeInt(pair[0]);
                System.out.println("<-- Envoi nombre 2 : " + pair[1]);
                out.writeInt(pair[1]);
                System.out.println("--> Réponse serveur : " + readInt(socket.getInputStream()));
            }
            System.out.println("### Fermeture connexion...");
        }
        System.out.println("### Connexion terminée.");
    }

    private static void serve(int port) throws IOException {
        try (ServerSocket listener = new ServerSocket(port)) {
            while (true) {
                System.out.println("### Écoute sur le port " + port);
                try (Socket socket = listener.accept()) {
                    System.out.println("### Connexion établie.");
                    InputStream in = socket.getInputStream();
                    DataOutputStream out = new DataOutputStream(socket.getOutputStream());
                    System.out.println("--> Nouveau client à l'adresse : " + new DataInputStream(in).readUTF());
                    while (true) {
                        int first = readInt(in);
                        System.out.println("--> Premier nombre reçu : " + first);
                        int second = readInt(in);
                        System.out.println("--> Deuxième nombre reçu : " + second);
                        System.out.println("<-- Somme retournée : " + (first + second));
                        out.writeInt(first + second);
                        System.out.println("### Traitement de cette requête terminée.");
                    }
                } catch (IOException e) {
                    System.out.println("### Le client est déconnecté");
                }
            }
        }
    }
}
