import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The clients who are connected to the ChatServer.
 *
 * <p>What changes it is synchronized: one thing happens at a time, so all clients see all messages in one and
 * the same order, and the lines on the console tell it in that order too. While it happens, nobody waits for a client.
 */
public class ChatRoom {

    private final List<ChatServiceThread> members = new ArrayList<>();

    /** From now on, {@code member} receives every message. */
    public synchronized void join(ChatServiceThread member, String address) {
        members.add(member);
        System.out.println("--> Adresse du client : " + address);
    }

    /** Sends a message to every client, its poster included. */
    public synchronized void broadcast(String author, String text) throws IOException {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(message);
        out.writeUTF(author);
        out.writeUTF(text);
        byte[] bytes = message.toByteArray(); // one array for all: what waits for many clients is kept once

        List<ChatServiceThread> notReading = new ArrayList<>();
        for (ChatServiceThread member : members) {
            if (!member.canTake(bytes)) {
                notReading.add(member);
            }
        }
        members.removeAll(notReading);

        // Both lines in one piece: no line of another client comes between them.
        System.out.println("--> Message de " + author + " : " + text + System.lineSeparator()
                + "<-- Message diffusé à " + members.size() + " clients");
        for (ChatServiceThread member : members) {
            member.send(bytes);
        }
        for (ChatServiceThread member : notReading) {
            member.sayGoodbye();
            member.disconnect();
        }
    }

    /** Waits, in the thread of {@code poster}, for the others who read and have fallen behind. */
    public void letOthersCatchUp(ChatServiceThread poster) {
        List<ChatServiceThread> others;
        synchronized (this) {
            others = new ArrayList<>(members);
        }
        others.remove(poster);
        for (ChatServiceThread member : others) {
            member.letCatchUp();
        }
    }

    /** {@code member} has gone, or must go. Does nothing more the second time. */
    public synchronized void leave(ChatServiceThread member) {
        members.remove(member);
        member.sayGoodbye();
    }
}
