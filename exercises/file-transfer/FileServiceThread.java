import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.util.zip.CRC32;

/** Receives the files of one client of the FileServer, and keeps none: it answers each with its size and CRC-32. */
public class FileServiceThread extends Thread {

    private static final int PIECE = 8192;

    private final int clientId;
    private final Socket socket;

    public FileServiceThread(int clientId, Socket socket) {
        this.clientId = clientId;
        this.socket = socket;
    }

    @Override
    public void run() {
        System.out.println("### Connexion établie (id client : " + clientId + ").");
        // The socket is closed at the end of the try, however the client leaves.
        try (socket) {
            socket.setTcpNoDelay(true); // an answer leaves at once
            DataInputStream in = new DataInputStream(socket.getInputStream());
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());

            String address = in.readUTF();
            System.out.println("--> Adresse du client " + clientId + " : " + address);

            while (true) {
                String name = in.readUTF();
                long size = in.readLong();
                System.out.println("--> Fichier annoncé par " + clientId + " : " + name + ", " + size + " octets");
                if (size < 0) {
                    System.out.println("!!! Taille impossible : rien de plus ne peut être lu de " + clientId);
                    break;
                }
                int checksum = receive(in, size);

                System.out.println("<-- Reçu de " + clientId + " : " + size + " octets, somme de contrôle " + checksum);
                out.writeLong(size);
                out.writeInt(checksum);
            }
        } catch (IOException e) {
            // It has left: that is said below.
        }
        System.out.println("### Le client " + clientId + " est déconnecté");
    }

    /** Takes in a content piece by piece, so that memory is enough for any size; returns its CRC-32. */
    private static int receive(DataInputStream in, long size) throws IOException {
        CRC32 crc = new CRC32();
        byte[] piece = new byte[PIECE];
        long left = size;
        while (left > 0) {
            int count = (int) Math.min(left, PIECE);
            in.readFully(piece, 0, count);
            crc.update(piece, 0, count);
            left -= count;
        }
        return (int) crc.getValue();
    }
}
