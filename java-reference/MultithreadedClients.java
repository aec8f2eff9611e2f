/**
 * Starts many clients of an addition server at once, a thread for each.
 *
 * <p>Usage: {@code java MultithreadedClients [host [port [clients]]]}
 */
public class MultithreadedClients {

    public static void main(String[] args) {
        Console.useUtf8();
        String host = args.length > 0 ? args[0] : "127.0.0.1";
        int port = args.length > 1 ? Integer.parseInt(args[1]) : 8999;
        int clients = args.length > 2 ? Integer.parseInt(args[2]) : 100;

        for (int i = 0; i < clients; i++) {
            new AdditionClientThread(host, port).start();
        }
    }
}
