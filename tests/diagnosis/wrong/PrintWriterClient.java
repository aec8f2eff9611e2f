import java.io.PrintWriter;
import java.net.Socket;

/** Prints lines. */
public class PrintWriterClient {

    public static void main(String[] args) throws Exception {
        try (Socket socket = new Socket(args[0], Integer.parseInt(args[1]))) {
            PrintWriter out = new PrintWriter(socket.getOutputStream(), true);
            out.println("127.0.0.1");
            out.println(84);
            out.println(98);
            socket.getInputStream().read();
        }
    }
}
