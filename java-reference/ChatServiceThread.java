import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;

/** Receives what one client of the ChatServer posts, until it goes away. */
public class ChatServiceThread extends Thread {

    private final int clientId;
    private final Socket socket;
    private final ChatRoom room;
    private final ChatWriterThread writer;
    private boolean gone = false; // only touched by the room, one thread at a time

    public ChatServiceThread(int clientId, Socket socket, ChatRoom room) {
        this.clientId = clientId;
        this.socket = socket;
        this.room = room;
        this.writer = new ChatWriterThread(socket);
    }

    @Override
    public void run() {
        System.out.println("### Connexion établie (id client : " + clientId + ").");
        try {
            writer.start();
            socket.setTcpNoDelay(true); // a short message leaves at once
            DataInputStream in = new DataInputStream(socket.getInputStream());

            String address = in.readUTF();
            room.join(this, address);

            while (true) {
                String author = in.readUTF();
                String text = in.readUTF();
                room.broadcast(author, text);
                room.letOthersCatchUp(this);
                if (!writer.hasKeptUp()) {
                    break; // it posts, and does not read
                }
            }
            room.leave(this);
        } catch (EOFException e) {
            room.leave(this);
            writer.finish(); // it may still be reading: it gets what was said before it left
        } catch (IOException | OutOfMemoryError e) { // the latter: the system has no thread left for the writer
            room.leave(this);
        }
        disconnect();
    }

    /** False when too much is waiting for this client already. */
    boolean canTake(byte[] message) {
        return writer.canTake(message);
    }

    /** Waits while much waits for this client, and it reads. */
    void letCatchUp() {
        writer.letCatchUp();
    }

    /** Has {@code message} sent as soon as possible, without waiting. */
    void send(byte[] message) {
        writer.add(message);
    }

    /** Ends the connection, and with it both threads, wherever they are. */
    void disconnect() {
        writer.abandon();
        try {
            socket.close();
        } catch (IOException e) {
            // It is gone all the same.
        }
    }

    /** Called by the room when this client leaves it. */
    void sayGoodbye() {
        if (!gone) {
            gone = true;
            System.out.println("### Le client " + clientId + " est déconnecté");
        }
    }
}
