import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.UnknownHostException;
import java.util.zip.CRC32;

/**
 * Sends files to a file server, one after the other, and compares what the server says of each with what it sent.
 *
 * <p>Usage: {@code java FileClient host port file...}
 */
public class FileClient {

    private static final int PIECE = 8192;

    public static void main(String[] args) {
        if (args.length < 3) {
            System.err.println("!!! Usage : java FileClient HÔTE PORT FICHIER...");
            return;
        }
        String host = args[0];
        int port = Integer.parseInt(args[1]);
        File[] files = new File[args.length - 2];
        for (int i = 0; i < files.length; i++) {
            files[i] = new File(args[i + 2]);
            if (!files[i].isFile() || !files[i].canRead()) {
                System.err.println("!!! Fichier illisible : " + files[i]);
                return;
            }
        }

        System.out.println("### Tentative de connexion à " + host + ":" + port + "...");
        try (Socket socket = new Socket(host, port)) {
            socket.setTcpNoDelay(true); // what is written leaves at once
            System.out.println("### Connexion établie.");
            DataInputStream in = new DataInputStream(socket.getInputStream());
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());

            out.writeUTF(socket.getLocalAddress().getHostAddress());

            for (File file : files) {
                String name = file.getName();
                long size = file.length();
                System.out.println("<-- Envoi du fichier " + name + ", " + size + " octets");
                out.writeUTF(name);
                out.writeLong(size);
                int sent = send(file, size, out);

                long received = in.readLong();
                int checksum = in.readInt();
                System.out.println("--> Réponse serveur : " + received + " octets, somme de contrôle " + checksum);
                if (received == size && checksum == sent) {
                    System.out.println("### Fichier bien arrivé.");
                } else {
                    System.err.println("!!! Fichier mal arrivé : " + name);
                }
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

    /** Sends so many bytes of a file, piece by piece; returns their CRC-32. */
    private static int send(File file, long size, DataOutputStream out) throws IOException {
        CRC32 crc = new CRC32();
        byte[] piece = new byte[PIECE];
        try (DataInputStream content = new DataInputStream(new FileInputStream(file))) {
            long left = size;
            while (left > 0) {
                int count = (int) Math.min(left, PIECE);
                content.readFully(piece, 0, count);
                crc.update(piece, 0, count);
                out.write(piece, 0, count);
                left -= count;
            }
        }
        return (int) crc.getValue();
    }
}
