import java.io.*;
import java.lang.management.*;
import java.nio.charset.StandardCharsets;
import java.util.Scanner;

/**
 * The JDK's side of benchmarks/streams.py. An order is a line: what to do, the file, for how many seconds. The answer is
 * how many values a second it came to; a record of an int, a text and a double counts as one.
 */
public class StreamPass {
    static final int COUNT = 20_000;
    static final String[] TEXTS = {"127.0.0.1", "alice", "bonjour tout le monde", "déjà vu"};
    static final ThreadMXBean CLOCK = ManagementFactory.getThreadMXBean();
    static long seen; // so that nothing of what is read can be left out

    interface Pass {
        void run(String file) throws IOException;
    }

    public static void main(String[] arguments) throws IOException {
        Scanner orders = new Scanner(System.in, StandardCharsets.UTF_8);
        while (orders.hasNext()) {
            Pass pass = pass(orders.next());
            String file = orders.next();
            double seconds = Double.parseDouble(orders.next());
            long began = CLOCK.getCurrentThreadCpuTime();
            long passes = 0;
            double taken;
            do {
                pass.run(file);
                passes++;
                taken = (CLOCK.getCurrentThreadCpuTime() - began) / 1e9;
            } while (taken < seconds);
            System.out.println(passes * COUNT / taken);
        }
    }

    static Pass pass(String name) {
        switch (name) {
            case "read-ints":
                return file -> {
                    try (DataInputStream in = input(file)) {
                        for (int i = 0; i < COUNT; i++) {
                            seen += in.readInt();
                        }
                    }
                };
            case "read-texts":
                return file -> {
                    try (DataInputStream in = input(file)) {
                        for (int i = 0; i < COUNT; i++) {
                            seen += in.readUTF().length();
                        }
                    }
                };
            case "read-records":
                return file -> {
                    try (DataInputStream in = input(file)) {
                        for (int i = 0; i < COUNT; i++) {
                            seen += in.readInt() + in.readUTF().length() + (long) in.readDouble();
                        }
                    }
                };
            case "write-ints":
                return file -> {
                    try (DataOutputStream out = output(file)) {
                        for (int i = 0; i < COUNT; i++) {
                            out.writeInt(i - COUNT / 2);
                        }
                    }
                };
            case "write-texts":
                return file -> {
                    try (DataOutputStream out = output(file)) {
                        for (int i = 0; i < COUNT; i++) {
                            out.writeUTF(TEXTS[i % TEXTS.length]);
                        }
                    }
                };
            case "write-records":
                return file -> {
                    try (DataOutputStream out = output(file)) {
                        for (int i = 0; i < COUNT; i++) {
                            out.writeInt(i - COUNT / 2);
                            out.writeUTF(TEXTS[i % TEXTS.length]);
                            out.writeDouble((i - COUNT / 2) * 0.5);
                        }
                    }
                };
            default:
                throw new IllegalArgumentException(name);
        }
    }

    static DataInputStream input(String file) throws IOException {
        return new DataInputStream(new BufferedInputStream(new FileInputStream(file), 8192));
    }

    static DataOutputStream output(String file) throws IOException {
        return new DataOutputStream(new BufferedOutputStream(new FileOutputStream(file), 8192));
    }
}
