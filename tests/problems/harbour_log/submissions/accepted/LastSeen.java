import java.io.DataInputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/** Where each ship was seen last; the stretch starts behind the later of two visits. */
public class LastSeen {
    private static final int BUFFER = 1 << 16;
    private final DataInputStream in = new DataInputStream(System.in);
    private final byte[] buffer = new byte[BUFFER];
    private int next, filled;

    private int read() throws IOException {
        if (next == filled) {
            filled = in.read(buffer, 0, BUFFER);
            next = 0;
            if (filled <= 0) return -1;
        }
        return buffer[next++];
    }

    private String word() throws IOException {
        int c = read();
        while (c == ' ' || c == '\n' || c == '\r' || c == '\t') c = read();
        StringBuilder text = new StringBuilder();
        for (; c > ' '; c = read()) text.append((char) c);
        return text.toString();
    }

    public static void main(String[] args) throws IOException {
        LastSeen log = new LastSeen();
        int n = Integer.parseInt(log.word());
        Map<String, Integer> last = new HashMap<>();
        int start = 1, best = 0, bestStart = 1;
        for (int i = 1; i <= n; i++) {
            Integer seen = last.put(log.word(), i);
            if (seen != null && seen >= start) start = seen + 1;
            if (i - start + 1 > best) {
                best = i - start + 1;
                bestStart = start;
            }
        }
        System.out.println(best + " " + bestStart);
    }
}
