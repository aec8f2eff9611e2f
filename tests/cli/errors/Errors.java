import java.io.*;
import java.net.*;
import java.util.*;

/** Prints errors as the JDK words them, each behind the key that it must be known by. */
public class Errors {
    interface Wrong {
        void run() throws Throwable;
    }

    static class Plain {}

    static void of(String key, Wrong wrong) {
        try {
            wrong.run();
            System.out.println(key + "\tnothing was wrong");
        } catch (Throwable error) {
            System.out.println(key + "\t" + error);
        }
    }

    static InputStream bytes(int... values) {
        byte[] made = new byte[values.length];
        for (int i = 0; i < made.length; i++) made[i] = (byte) values[i];
        return new ByteArrayInputStream(made);
    }

    static ByteArrayInputStream objects(boolean second) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ObjectOutputStream first = new ObjectOutputStream(out);
        if (second) {
            first.writeObject("a");
            new ObjectOutputStream(out).writeObject("b");
        } else {
            first.writeInt(3);
            first.flush();
        }
        return new ByteArrayInputStream(out.toByteArray());
    }

    public static void main(String[] args) throws Exception {
        of("invalid-stream-header", () -> new ObjectInputStream(bytes(0, 9, '1', '2', '7')));
        of("second-object-stream", () -> {
            ObjectInputStream in = new ObjectInputStream(objects(true));
            in.readObject();
            in.readObject();
        });
        of("optional-data", () -> new ObjectInputStream(objects(false)).readObject());
        of("not-serializable", () -> new ObjectOutputStream(new ByteArrayOutputStream()).writeObject(new Plain()));
        of("class-not-found", () -> Class.forName("Nope"));
        of("malformed-text", () -> new DataInputStream(bytes(0, 2, 0xF0, 'a')).readUTF());
        of("partial-character", () -> new DataInputStream(bytes(0, 2, 'a', 0xE2)).readUTF());
        of("text-too-long", () -> new DataOutputStream(new ByteArrayOutputStream()).writeUTF("a".repeat(70000)));
        of("eof", () -> new DataInputStream(bytes(0, 2)).readInt());
        of("number-of-binary", () -> Integer.parseInt("\0\tabc"));
        of("number-of-text", () -> Integer.parseInt("12a"));
        of("number-out-of-range", () -> Math.addExact(Integer.MAX_VALUE, 1));
        of("length-nonsense", () -> { byte[] none = new byte[Integer.parseInt("-5")]; });
        of("out-of-memory", () -> { byte[] none = new byte[Integer.MAX_VALUE]; });
        of("stream-closed", () -> {
            InputStream in = new BufferedInputStream(bytes(1));
            in.close();
            in.read();
        });
        of("scanner-at-end", () -> new Scanner("").nextLine());
        of("changed-while-iterating", () -> {
            List<Integer> all = new ArrayList<>(List.of(1, 2, 3));
            for (int one : all) all.remove(one);
        });
        of("bad-port", () -> new Socket("127.0.0.1", 70000));
        of("not-connected", () -> new Socket().getInputStream());
        ServerSocket listener = new ServerSocket(0, 9, InetAddress.getLoopbackAddress());
        InetSocketAddress place = (InetSocketAddress) listener.getLocalSocketAddress();
        of("address-in-use", () -> new ServerSocket(place.getPort(), 9, place.getAddress()));
        Socket client = new Socket(place.getAddress(), place.getPort());
        Socket peer = listener.accept();
        of("already-connected", () -> client.connect(place));
        client.setSoTimeout(1);
        of("read-timed-out", () -> client.getInputStream().read());
        listener.setSoTimeout(1);
        of("accept-timed-out", () -> listener.accept());
        client.setSoTimeout(0);
        peer.setSoLinger(true, 0);
        peer.close();
        of("reset", () -> client.getInputStream().read());
        client.close();
        of("socket-closed", () -> client.getOutputStream());
        Socket half = new Socket(place.getAddress(), place.getPort());
        half.shutdownOutput();
        of("output-shut-down", () -> half.getOutputStream());
        listener.close();
        of("refused", () -> new Socket(place.getAddress(), place.getPort()));
    }
}
