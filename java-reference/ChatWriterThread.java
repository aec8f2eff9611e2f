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

    /** When as much waits for a client, nothing more is taken from it either. */
    private static final int FALLING_BEHIND_BYTES = 2 * 1024 * 1024;

    /** A client that reads nothing for so long, while much waits for it, is not waited for by the others. */
    private static final int READING_MILLISECONDS = 500;

    /** How long it may then take to read some of it. */
    private static final int PATIENCE_MILLISECONDS = 10000;

    /** What a message costs in memory besides its bytes, so that many tiny messages count as well. */
    private static final int COST_PER_MESSAGE = 32;

    /** How long a client that has finished sending may take to read the rest. */
    private static final int LAST_WORDS_MILLISECONDS = 5000;

    private final Socket socket;
    private final Queue<byte[]> waiting = new ArrayDeque<>();
    private int waitingBytes = 0;
    private boolean finished = false;
    private long taken = 0; // messages that were begun to be sent
    private long notReadingSince = -1; // how many those were when it was waited for in vain

    public ChatWriterThread(Socket socket) {
        this.socket = socket;
        setDaemon(true);
    }

    /** Tells whether one more message may wait. Only the room adds any, so what is true now stays true. */
    public synchronized boolean canTake(byte[] message) {
        return waitingBytes + message.length + COST_PER_MESSAGE <= MAX_WAITING_BYTES;
    }

    /** Adds a message to those that wait. */
    public synchronized void add(byte[] message) {
        waiting.add(message);
        waitingBytes += message.length + COST_PER_MESSAGE;
        notifyAll();
    }

    /** Waits for a client that has fallen behind with reading; false when it has not read anything meanwhile. */
    public synchronized boolean hasKeptUp() {
        long end = System.nanoTime() / 1000000 + PATIENCE_MILLISECONDS; // the clock of the day may jump
        try {
            long left = PATIENCE_MILLISECONDS;
            while (waitingBytes > FALLING_BEHIND_BYTES && !finished && left > 0) {
                wait(left);
                left = end - System.nanoTime() / 1000000;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return waitingBytes <= FALLING_BEHIND_BYTES;
    }

    /** Waits for a client that reads, and has fallen behind: whoever posts too much is slowed, and not whoever reads. */
    public synchronized void letCatchUp() {
        try {
            while (waitingBytes > FALLING_BEHIND_BYTES && !finished && taken != notReadingSince) {
                long before = taken;
                long end = System.nanoTime() / 1000000 + READING_MILLISECONDS;
                long left = READING_MILLISECONDS;
                while (waitingBytes > FALLING_BEHIND_BYTES && !finished && left > 0) {
                    wait(left);
                    left = end - System.nanoTime() / 1000000;
                }
                if (taken == before) {
                    notReadingSince = taken;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
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
        waitingBytes = 0;
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
            taken++;
            waitingBytes -= message.length + COST_PER_MESSAGE;
            notifyAll();
        }
        return message;
    }
}
