package gorocket.apacheit;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.runner.Description;
import org.junit.runner.JUnitCore;
import org.junit.runner.Request;
import org.junit.runner.manipulation.Filter;
import org.junit.runner.notification.Failure;
import org.junit.runner.notification.RunListener;

/**
 * Runs Class or Class#method in turn and reports on standard output, one line each, words separated by tabs: "@plan class method" for all that will
 * run, "@row class method result seconds message", "@done class". The Go side reads that, keeps the time and ends this JVM when it is over.
 */
public final class Runner extends RunListener {
    private static final int MESSAGE_LIMIT = 300;
    private final PrintStream report;
    private final Set<String> left;
    private final Map<Description, Long> begun = new HashMap<>();
    private final Map<Description, String[]> failed = new HashMap<>();
    private String current;

    private Runner(PrintStream report, Set<String> left) {
        this.report = report;
        this.left = left;
    }

    public static void main(String[] specs) {
        PrintStream report = System.out;
        System.setOut(System.err); // the tests print much
        Set<String> left = new HashSet<>(List.of(System.getProperty("apache.leftOut", "").split(",")));
        for (String spec : specs) {
            new Runner(report, left).run(spec);
        }
        Runtime.getRuntime().halt(0); // clients that tests forgot must not hold the JVM
    }

    private void run(String spec) {
        String[] parts = spec.split("#", 2);
        current = parts[0].substring(parts[0].lastIndexOf('.') + 1);
        try {
            runClass(Class.forName(parts[0]), parts.length == 2 ? parts[1] : null);
        } catch (Throwable e) {
            e.printStackTrace();
            Throwable root = e;
            while (root.getCause() != null) {
                root = root.getCause();
            }
            row("-", "error", 0, root.toString());
        }
        line("@done", current);
    }

    private void runClass(Class<?> type, String only) {
        Request all = Request.aClass(type);
        List<Description> wanted = new ArrayList<>();
        collect(all.getRunner().getDescription(), only, wanted);
        if (wanted.isEmpty()) {
            return;
        }
        wanted.forEach(d -> line("@plan", current, d.getMethodName()));
        JUnitCore core = new JUnitCore();
        core.addListener(this);
        core.run(all.filterWith(new Filter() {
            @Override
            public boolean shouldRun(Description d) {
                return !d.isTest() || wanted.contains(d);
            }

            @Override
            public String describe() {
                return "wanted";
            }
        }));
    }

    private void collect(Description d, String only, List<Description> to) {
        d.getChildren().forEach(child -> collect(child, only, to));
        if (!d.isTest() || only != null && !only.equals(d.getMethodName())) {
            return;
        }
        if (d.getMethodName() == null) {
            row("-", "skip", 0, "@Ignore"); // the whole class
        } else if (left.contains(current + "#" + d.getMethodName())) {
            row(d.getMethodName(), "skip", 0, "cannot be seen from outside");
        } else {
            to.add(d);
        }
    }

    @Override
    public void testStarted(Description d) {
        begun.put(d, System.nanoTime());
    }

    @Override
    public void testFailure(Failure f) {
        Throwable e = f.getException();
        String result = e instanceof AssertionError ? "fail" : "error";
        System.err.println(f.getTrace());
        if (f.getDescription().isTest() && f.getDescription().getMethodName() != null) {
            failed.putIfAbsent(f.getDescription(), new String[] {result, e + at(e)});
        } else {
            row("*", result, 0, e + at(e)); // before or after the class: stands for all its methods
        }
    }

    @Override
    public void testAssumptionFailure(Failure f) {
        failed.put(f.getDescription(), new String[] {"skip", String.valueOf(f.getMessage())});
    }

    @Override
    public void testIgnored(Description d) {
        row(d.getMethodName() == null ? "*" : d.getMethodName(), "skip", 0, "@Ignore");
    }

    @Override
    public void testFinished(Description d) {
        String[] bad = failed.getOrDefault(d, new String[] {"pass", ""});
        row(d.getMethodName(), bad[0], (System.nanoTime() - begun.get(d)) / 1e9, bad[1]);
    }

    /** The line of the test that failed. */
    private static String at(Throwable e) {
        for (StackTraceElement s : e.getStackTrace()) {
            if (s.getClassName().endsWith("IT") || s.getClassName().startsWith("gorocket.")) {
                return " at " + s.getFileName() + ":" + s.getLineNumber();
            }
        }
        return "";
    }

    private void row(String method, String result, double seconds, String message) {
        String m = message.replaceAll("\\s+", " ");
        line("@row", current, method, result, String.format(Locale.ROOT, "%.1f", seconds), m.substring(0, Math.min(m.length(), MESSAGE_LIMIT)));
    }

    private synchronized void line(String... words) {
        report.println(String.join("\t", words));
        report.flush();
    }
}
