import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;

/** Serves one client of the MultithreadedServer until it goes away. */
public class AdditionServiceThread extends Thread {

    private final int clientId;
    private final Socket socket;

    public AdditionServiceThread(int clientId, Socket socket) {
        this.clientId = clientId;
        this.socket = socket;
    }

    @Override
    public void run() {
        System.out.println("### Connexion établie (id client : " + clientId + ").");
        // The socket is closed at the end of the try, however the client leaves.
        try (socket) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());

            String address = in.readUTF();
            System.out.println("--> Adresse du client : " + address);

            while (true) {
                int first = in.readInt();
                System.out.println("--> Premier nombre reçu depuis " + clientId + " : " + first);
                int second = in.readInt();
                System.out.println("--> Deuxième nombre reçu depuis " + clientId + " : " + second);

                int sum = first + second;
                System.out.println("<-- Somme retournée à client " + clientId + " : " + sum);
                out.writeInt(sum);
            }
        } catch (IOException e) {
            System.out.println("### Le client " + clientId + " est déconnecté");
        }
    }
}
