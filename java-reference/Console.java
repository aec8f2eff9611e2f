import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Makes the accents come out right wherever the program is run. */
class Console {

    /** Prints in UTF-8 from now on, whatever the system's own encoding is. */
    static void useUtf8() {
        if (System.getProperty("os.name").startsWith("Windows") && System.console() != null) {
            return; // a Windows console has an encoding of its own, which Java knows
        }
        System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8));
    }
}
