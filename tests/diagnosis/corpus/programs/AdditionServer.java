import java.io.*;
import java.net.*;
import java.nio.*;
import java.nio.channels.*;
import java.util.*;

/** Servers of the addition that read in this or that way, named by the first argument; the second is the port. */
public class AdditionServer {

    interface Way {
        void serve(Socket socket) throws IOException;
    }

    static void right(Socket socket) throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        in.readUTF();
        while (true) {
            out.writeInt(in.readInt() + in.readInt());
        }
    }

    /** Right: buffers on both sides, and a flush behind each answer. */
    static void buffered(Socket socket) throws IOException {
        DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
        in.readUTF();
        while (true) {
            out.writeInt(in.readInt() + in.readInt());
            out.flush();
        }
    }

    static void neverFlushes(Socket socket) throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
        in.readUTF();
        while (true) {
            out.writeInt(in.readInt() + in.readInt());
        }
    }

    /** Takes what is there for what was sent. */
    static void available(Socket socket) throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        message(in);
        while (true) {
            ByteBuffer numbers = ByteBuffer.wrap(message(in));
            out.writeInt(numbers.getInt() + numbers.getInt());
        }
    }

    static byte[] message(DataInputStream in) throws IOException {
        int first = in.read();
        if (first < 0) {
            throw new EOFException();
        }
        byte[] rest = new byte[in.available()];
        in.read(rest);
        byte[] all = new byte[rest.length + 1];
        all[0] = (byte) first;
        System.arraycopy(rest, 0, all, 1, rest.length);
        return all;
    }

    /** One read for each value, however many bytes it gives. */
    static void readsOnce(Socket socket) throws IOException {
        InputStream in = socket.getInputStream();
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        byte[] length = new byte[2];
        in.read(length);
        in.read(new byte[ByteBuffer.wrap(length).getShort() & 0xFFFF]);
        byte[] first = new byte[4];
        byte[] second = new byte[4];
        while (in.read(first) > 0 && in.read(second) > 0) {
            out.writeInt(ByteBuffer.wrap(first).getInt() + ByteBuffer.wrap(second).getInt());
        }
    }

    static void lines(Socket socket) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream()));
        PrintWriter out = new PrintWriter(socket.getOutputStream(), true);
        in.readLine();
        String line;
        while ((line = in.readLine()) != null) {
            out.println(Integer.parseInt(line) + Integer.parseInt(in.readLine()));
        }
    }

    static void scanner(Socket socket) throws IOException {
        Scanner in = new Scanner(socket.getInputStream());
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        in.next();
        while (true) {
            out.writeInt(in.nextInt() + in.nextInt());
        }
    }

    static void objects(Socket socket) throws IOException {
        ObjectInputStream in = new ObjectInputStream(socket.getInputStream());
        ObjectOutputStream out = new ObjectOutputStream(socket.getOutputStream());
        in.readUTF();
        while (true) {
            out.writeInt(in.readInt() + in.readInt());
            out.flush();
        }
    }

    /** A buffer for the address, and another for the numbers. */
    static void twoBuffers(Socket socket) throws IOException {
        new DataInputStream(new BufferedInputStream(socket.getInputStream())).readUTF();
        DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        while (true) {
            out.writeInt(in.readInt() + in.readInt());
        }
    }

    /** A read that takes long is tried again; what it had is lost. */
    static void timeoutInside(Socket socket) throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        in.readUTF();
        socket.setSoTimeout(100);
        while (true) {
            out.writeInt(patient(in) + patient(in));
        }
    }

    static int patient(DataInputStream in) throws IOException {
        while (true) {
            try {
                return in.readInt();
            } catch (SocketTimeoutException e) {
                // once more
            }
        }
    }

    /** Closing a stream closes the socket. */
    static void closesStream(Socket socket) throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        in.readUTF();
        while (true) {
            int sum = in.readInt() + in.readInt();
            try (DataOutputStream out = new DataOutputStream(socket.getOutputStream())) {
                out.writeInt(sum);
            }
        }
    }

    /** Right: one thread and selectors; what has come of each client is kept until it is whole. */
    static void nio(int port) throws IOException {
        Selector selector = Selector.open();
        ServerSocketChannel listening = ServerSocketChannel.open();
        listening.bind(new InetSocketAddress("127.0.0.1", port), 512);
        listening.configureBlocking(false);
        listening.register(selector, SelectionKey.OP_ACCEPT);
        while (true) {
            selector.select();
            for (Iterator<SelectionKey> keys = selector.selectedKeys().iterator(); keys.hasNext();) {
                SelectionKey key = keys.next();
                keys.remove();
                if (key.isAcceptable()) {
                    SocketChannel channel = listening.accept();
                    channel.configureBlocking(false);
                    channel.register(selector, SelectionKey.OP_READ, new Object[] {ByteBuffer.allocate(70_000), false});
                    continue;
                }
                SocketChannel channel = (SocketChannel) key.channel();
                try {
                    if (!take(channel, (Object[]) key.attachment())) {
                        channel.close();
                    }
                } catch (IOException e) {
                    channel.close();
                }
            }
        }
    }

    static boolean take(SocketChannel channel, Object[] kept) throws IOException {
        ByteBuffer buffer = (ByteBuffer) kept[0];
        int count = channel.read(buffer);
        buffer.flip();
        if (!(boolean) kept[1] && buffer.remaining() >= 2) {
            int length = buffer.getShort(buffer.position()) & 0xFFFF;
            if (buffer.remaining() >= 2 + length) {
                buffer.position(buffer.position() + 2 + length);
                kept[1] = true;
            }
        }
        while ((boolean) kept[1] && buffer.remaining() >= 8) {
            ByteBuffer answer = ByteBuffer.allocate(4).putInt(buffer.getInt() + buffer.getInt());
            answer.flip();
            while (answer.hasRemaining() && channel.isOpen()) {
                channel.write(answer);
            }
        }
        buffer.compact();
        return count >= 0;
    }

    static final Map<String, Way> WAYS = Map.ofEntries(
        Map.entry("right", AdditionServer::right),
        Map.entry("buffered", AdditionServer::buffered),
        Map.entry("never-flushes", AdditionServer::neverFlushes),
        Map.entry("available", AdditionServer::available),
        Map.entry("reads-once", AdditionServer::readsOnce),
        Map.entry("lines", AdditionServer::lines),
        Map.entry("scanner", AdditionServer::scanner),
        Map.entry("objects", AdditionServer::objects),
        Map.entry("two-buffers", AdditionServer::twoBuffers),
        Map.entry("timeout-inside", AdditionServer::timeoutInside),
        Map.entry("closes-stream", AdditionServer::closesStream));

    public static void main(String[] args) throws IOException {
        if (args[0].equals("nio")) {
            nio(Integer.parseInt(args[1]));
        }
        Way way = WAYS.get(args[0]);
        ServerSocket listening = new ServerSocket(Integer.parseInt(args[1]), 512, InetAddress.getByName("127.0.0.1"));
        while (true) {
            Socket socket = listening.accept();
            Thread thread = new Thread(() -> {
                try (socket) {
                    way.serve(socket);
                } catch (IOException | RuntimeException e) {
                    System.out.println(e);
                }
            });
            thread.setDaemon(true);
            thread.start();
        }
    }
}
