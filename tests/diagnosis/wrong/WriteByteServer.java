import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.net.ServerSocket;
import java.net.Socket;

/** Answers with write(int), which writes a byte. */
public class WriteByteServer {

    public static void main(String[] args) throws Exception {
        try (ServerSocket listening = new ServerSocket(0)) {
            System.out.println(listening.getLocalPort());
            try (Socket socket = listening.accept()) {
                DataInputStream in = new DataInputStream(socket.getInputStream());
                DataOutputStream out = new DataOutputStream(socket.getOutputStream());
                in.readUTF();
                while (true) {
                    out.write(in.readInt() + in.readInt());
                }
            } catch (EOFException e) {
                return; // the client is gone
            }
        }
    }
}
