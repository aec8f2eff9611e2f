import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Sends one client of the ChatServer the messages that wait for it.
 *
 * <p>A client that does not read blocks only its own writer. What waits for it is counted in bytes, not in
 * messages, since one message can be ten bytes long or 131 thousand.
 */
public class ChatWriterThread extends Thread {

    /** What may wait for one client. */
    private static final int MAX_WAITING_BYTES = 8 * 1024 * 1024;

    /** What a message costs in memory besides its bytes, so that many tiny messages count as well. */
    private static final int COST_PER_MESSAGE = 32;

    /** How long a client that has finished sending may take to read the rest. */
    private static final int LAST_WORDS_MILLISECONDS = 5000;

    private final Socket socket;
    private final Queue<byte[]> waiting = new ArrayDeque<>();
    private int waitingBytes = 0;
    private boolean finished = false;

    public ChatWriterThread(Socket socket) {
        this.socket = socket;
        setDaemon(true);
    }

    /** Adds a message to those that wait, or returns false when that would be too much. */
    public synchronized boolean add(byte[] message) {
        int cost = message.length + COST_PER_MESSAGE;
        if (finished || waitingBytes + cost > MAX_WAITING_BYTES) {
            return false;
        }
        waiting.add(message);
        waitingBytes += cost;
        notifyAll();
        return true;
    }

    /** Gives the client a moment to read what waits for it. */
    public void finish() {
        synchronized (this) {
            finished = true;
            notifyAll();
        }
        try {
            join(LAST_WORDS_MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Forgets what waits. */
    public synchronized void abandon() {
        finished = true;
        waiting.clear();
        notifyAll();
    }

    @Override
    public void run() {
        try {
            OutputStream out = socket.getOutputStream();
            byte[] message = next();
            while (message != null) {
                out.write(message);
                message = next();
            }
        } catch (IOException e) {
            // The client has gone: the thread that reads from it sees that too.
        } catch (InterruptedException e) {
            // Nobody interrupts this thread.
        }
    }

    /** Waits for the next message; null when there will be none. */
    private synchronized byte[] next() throws InterruptedException {
        while (waiting.isEmpty() && !finished) {
            wait();
        }
        byte[] message = waiting.poll();
        if (message != null) {
            waitingBytes -= message.length + COST_PER_MESSAGE;
        }
        return message;
    }
}
