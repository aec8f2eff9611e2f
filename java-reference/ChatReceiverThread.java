import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;

/** The half of the ChatClient that listens: shows what the other authors write. */
public class ChatReceiverThread extends Thread {

    private final Socket socket;
    private final String author;
    private boolean closing = false;

    public ChatReceiverThread(Socket socket, String author) {
        this.socket = socket;
        this.author = author;
        setDaemon(true);
    }

    @Override
    public void run() {
        try {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            while (true) {
                String from = in.readUTF();
                String text = in.readUTF();
                show(from, text);
            }
        } catch (IOException e) {
            serverLost(e);
        }
    }

    /** We are leaving: nothing that still arrives is shown, and the end of the connection is no error. */
    public synchronized void stopShowing() {
        closing = true;
    }

    /** Ends the program, although it may be waiting for the keyboard, unless it is ending already. */
    public synchronized void serverLost(IOException e) {
        if (!closing) {
            closing = true;
            System.err.println("!!! Erreur réseau");
            System.err.println("!!! Détails : " + e.getMessage());
            System.exit(0);
        }
    }

    private synchronized void show(String from, String text) {
        if (!closing && !from.equals(author)) {
            System.out.println("--> " + from + " : " + text);
        }
    }
}
