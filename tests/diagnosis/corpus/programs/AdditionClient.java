import java.io.*;
import java.net.*;

/** Clients of the addition, named by the first argument; then host and port. */
public class AdditionClient {

    public static void main(String[] args) throws IOException {
        try (Socket socket = new Socket(args[1], Integer.parseInt(args[2]))) {
            OutputStream raw = socket.getOutputStream();
            boolean unbuffered = args[0].equals("right") || args[0].equals("available");
            DataOutputStream out = new DataOutputStream(unbuffered ? raw : new BufferedOutputStream(raw));
            DataInputStream in = new DataInputStream(socket.getInputStream());
            out.writeUTF(socket.getLocalAddress().getHostAddress());
            for (int number : new int[] {84, -5, Integer.MAX_VALUE}) {
                out.writeInt(number);
                out.writeInt(98);
                if (args[0].equals("flushes")) {
                    out.flush();
                }
                if (args[0].equals("available")) {
                    byte[] answer = new byte[Math.max(1, in.available())];
                    in.read(answer);
                    System.out.println(java.nio.ByteBuffer.wrap(answer).getInt());
                } else {
                    System.out.println(in.readInt());
                }
            }
        }
    }
}
