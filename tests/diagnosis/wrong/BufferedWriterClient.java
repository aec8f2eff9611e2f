import java.io.BufferedWriter;
import java.io.OutputStreamWriter;
import java.net.Socket;

/** Writes author and text as lines. */
public class BufferedWriterClient {

    public static void main(String[] args) throws Exception {
        try (Socket socket = new Socket(args[0], Integer.parseInt(args[1]))) {
            BufferedWriter out = new BufferedWriter(new OutputStreamWriter(socket.getOutputStream(), "UTF-8"));
            for (String text : new String[] {"127.0.0.1", "zo\u00e9", "salut \u00e0 tous"}) {
                out.write(text);
                out.newLine();
            }
            out.flush();
            socket.getInputStream().read();
        }
    }
}
