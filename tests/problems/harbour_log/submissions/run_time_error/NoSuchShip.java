import java.util.HashMap;
import java.util.Map;
import java.util.Scanner;

/** Unboxes the last visit of a ship that was never seen: a NullPointerException at once. */
class Visits {
    private final Map<String, Integer> last = new HashMap<>();

    int before(String ship, int day) {
        return last.put(ship, day);
    }
}

public class NoSuchShip {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        Visits visits = new Visits();
        for (int day = 1, n = in.nextInt(); day <= n; day++) visits.before(in.next(), day);
    }
}
