import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;

/**
 * Answers what this JDK's own data streams do: the authority that the Python package is compared with.
 *
 * Standard input brings batches, standard output takes one answer for each. A batch is a length (int) and so many
 * bytes: a number of cases (int), then the cases. The answer to a batch is a length (int) and so many bytes: for each
 * case a length (int) and the case's answer. Methods are named by one letter, Java's own for a type where it has one.
 *
 * A case is 'R' (read) or 'W' (write):
 *
 *   R  bytes, number of calls (short), calls    all on one DataInputStream over these bytes
 *   W  a size() to start from (int), number of calls (short), calls    all on one DataOutputStream
 *
 * Each call is a letter and its argument, if it has one. Its answer is 0 and the value, or 1, the exception's class and
 * its message; then, for R, the number of bytes consumed so far, for W, size() and the number of bytes written so far.
 * A write case ends with all that it wrote. Text is its length in UTF-16 units (int, -1 for null) and the units,
 * bytes are their length (int) and themselves, floats and doubles are their raw bits.
 */
public class JdkOracle {

    /** Lets a case begin where counting two gigabytes would take too long. */
    private static class Output extends DataOutputStream {
        Output(ByteArrayOutputStream sink, int alreadyWritten) {
            super(sink);
            written = alreadyWritten;
        }
    }

    public static void main(String[] args) throws IOException {
        DataInputStream questions = new DataInputStream(new BufferedInputStream(System.in, 1 << 16));
        DataOutputStream answers = new DataOutputStream(new BufferedOutputStream(System.out, 1 << 16));
        while (true) {
            int length;
            try {
                length = questions.readInt();
            } catch (EOFException end) {
                return;
            }
            byte[] batch = new byte[length];
            questions.readFully(batch);
            byte[] answer = answerBatch(new DataInputStream(new ByteArrayInputStream(batch)));
            answers.writeInt(answer.length);
            answers.write(answer);
            answers.flush();
        }
    }

    private static byte[] answerBatch(DataInputStream batch) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        DataOutputStream answers = new DataOutputStream(all);
        int cases = batch.readInt();
        for (int i = 0; i < cases; i++) {
            ByteArrayOutputStream one = new ByteArrayOutputStream();
            char direction = (char) batch.readByte();
            if (direction == 'R') {
                answerReads(batch, new DataOutputStream(one));
            } else if (direction == 'W') {
                answerWrites(batch, new DataOutputStream(one));
            } else {
                throw new IllegalArgumentException("no such direction: " + direction);
            }
            writeByteArray(answers, one.toByteArray());
        }
        return all.toByteArray();
    }

    private static void answerReads(DataInputStream question, DataOutputStream answer) throws IOException {
        byte[] data = readByteArray(question);
        ByteArrayInputStream source = new ByteArrayInputStream(data);
        DataInputStream in = new DataInputStream(source);
        int calls = question.readUnsignedShort();
        for (int i = 0; i < calls; i++) {
            ByteArrayOutputStream value = new ByteArrayOutputStream();
            try {
                read((char) question.readByte(), question, in, new DataOutputStream(value));
                answer.writeByte(0);
                value.writeTo(answer);
            } catch (IOException | RuntimeException error) {
                writeError(answer, error);
            }
            answer.writeInt(data.length - source.available());
        }
    }

    private static void read(char call, DataInputStream question, DataInputStream in, DataOutputStream value)
            throws IOException {
        switch (call) {
            case 'Z' -> value.writeByte(in.readBoolean() ? 1 : 0);
            case 'B' -> value.writeInt(in.readByte());
            case 'b' -> value.writeInt(in.readUnsignedByte());
            case 'S' -> value.writeInt(in.readShort());
            case 's' -> value.writeInt(in.readUnsignedShort());
            case 'C' -> value.writeInt(in.readChar());
            case 'I' -> value.writeInt(in.readInt());
            case 'J' -> value.writeLong(in.readLong());
            case 'F' -> value.writeInt(Float.floatToRawIntBits(in.readFloat()));
            case 'D' -> value.writeLong(Double.doubleToRawLongBits(in.readDouble()));
            case 'U' -> writeText(value, in.readUTF());
            case 'L' -> writeText(value, readLine(in));
            case 'k' -> value.writeInt(in.skipBytes(question.readInt()));
            case 'r' -> value.writeInt(in.read());
            case 'f' -> {
                byte[] room = new byte[question.readInt()];
                in.readFully(room);
                writeByteArray(value, room);
            }
            case 'n' -> {
                byte[] room = new byte[question.readInt()];
                int count = in.read(room);
                value.writeInt(count);
                value.write(room, 0, Math.max(count, 0));
            }
            default -> throw new IllegalArgumentException("no such read: " + call);
        }
    }

    @SuppressWarnings("deprecation")
    private static String readLine(DataInputStream in) throws IOException {
        return in.readLine();
    }

    private static void answerWrites(DataInputStream question, DataOutputStream answer) throws IOException {
        ByteArrayOutputStream sink = new ByteArrayOutputStream();
        Output out = new Output(sink, question.readInt());
        int calls = question.readUnsignedShort();
        for (int i = 0; i < calls; i++) {
            try {
                write((char) question.readByte(), question, out);
                answer.writeByte(0);
            } catch (IOException | RuntimeException error) {
                writeError(answer, error);
            }
            answer.writeInt(out.size());
            answer.writeInt(sink.size());
        }
        writeByteArray(answer, sink.toByteArray());
    }

    private static void write(char call, DataInputStream question, DataOutputStream out) throws IOException {
        switch (call) {
            case 'Z' -> out.writeBoolean(question.readByte() != 0);
            case 'B' -> out.writeByte(question.readInt());
            case 'S' -> out.writeShort(question.readInt());
            case 'C' -> out.writeChar(question.readInt());
            case 'I' -> out.writeInt(question.readInt());
            case 'J' -> out.writeLong(question.readLong());
            case 'F' -> out.writeFloat((float) Double.longBitsToDouble(question.readLong()));
            case 'D' -> out.writeDouble(Double.longBitsToDouble(question.readLong()));
            case 'U' -> out.writeUTF(readText(question));
            case 'y' -> out.writeBytes(readText(question));
            case 'h' -> out.writeChars(readText(question));
            case 'w' -> out.write(question.readInt());
            case 'a' -> out.write(readByteArray(question));
            default -> throw new IllegalArgumentException("no such write: " + call);
        }
    }

    private static void writeError(DataOutputStream answer, Exception error) throws IOException {
        answer.writeByte(1);
        writeText(answer, error.getClass().getSimpleName());
        writeText(answer, error.getMessage());
    }

    private static byte[] readByteArray(DataInputStream in) throws IOException {
        byte[] data = new byte[in.readInt()];
        in.readFully(data);
        return data;
    }

    private static void writeByteArray(DataOutputStream out, byte[] data) throws IOException {
        out.writeInt(data.length);
        out.write(data);
    }

    private static String readText(DataInputStream in) throws IOException {
        byte[] units = new byte[2 * in.readInt()];
        in.readFully(units);
        char[] text = new char[units.length / 2];
        for (int i = 0; i < text.length; i++) {
            text[i] = (char) ((units[2 * i] & 0xFF) << 8 | units[2 * i + 1] & 0xFF);
        }
        return new String(text);
    }

    private static void writeText(DataOutputStream out, String text) throws IOException {
        if (text == null) {
            out.writeInt(-1);
            return;
        }
        byte[] units = new byte[2 * text.length()];
        for (int i = 0; i < text.length(); i++) {
            units[2 * i] = (byte) (text.charAt(i) >> 8);
            units[2 * i + 1] = (byte) text.charAt(i);
        }
        out.writeInt(text.length());
        out.write(units);
    }
}
