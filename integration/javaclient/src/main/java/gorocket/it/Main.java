package gorocket.it;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs client cases against a name server and prints one line for each: {@code RESULT name PASS|FAIL ms detail}.
 *
 * <pre>Main NAMESRV RUN_ID PHASE [case...]      PHASE: all, timer, pop, transaction, restart-1, restart-2</pre>
 *
 * The phases restart-1 and restart-2 share RUN_ID; the caller restarts the broker between them.
 */
public final class Main {
    /** Cases that run at the same time: enough to hide the waits of retries, few enough for two cores. */
    private static final int PARALLEL = 6;
    private static final int LIMIT_SECONDS = 60;

    private Main() {
    }

    public static void main(String[] args) throws Exception {
        Env env = new Env(args[0], args[1]);
        Map<String, Case> cases = cases(args[2]);
        if (args.length > 3) {
            cases.keySet().retainAll(new ArrayList<>(java.util.Arrays.asList(args)));
        }
        boolean ok = run(env, cases);
        env.close();
        System.out.flush();
        Runtime.getRuntime().halt(ok ? 0 : 1); // client threads must not hold the JVM
    }

    static Map<String, Case> cases(String phase) {
        Map<String, Case> all = new LinkedHashMap<>();
        switch (phase) {
            case "restart-1":
                all.put("offsetRestartBefore", RestartCases::before);
                break;
            case "restart-2":
                all.put("offsetRestartAfter", RestartCases::after);
                break;
            case "timer":
                TimerCases.add(all);
                break;
            case "pop":
                PopCases.add(all);
                break;
            case "transaction":
                TransactionCases.add(all);
                RequestCases.add(all);
                break;
            default: // the slow ones first
                RetryCases.add(all);
                GroupCases.add(all);
                BulkCases.add(all);
                ConsumeCases.add(all);
                SendCases.add(all);
                QueryCases.add(all);
        }
        return all;
    }

    private static boolean run(Env env, Map<String, Case> cases) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(PARALLEL, r -> {
            Thread t = new Thread(r, "case");
            t.setDaemon(true);
            return t;
        });
        List<Future<Boolean>> waiting = new ArrayList<>();
        cases.forEach((name, c) -> waiting.add(pool.submit(() -> one(env, name, c))));
        boolean ok = true;
        for (Future<Boolean> f : waiting) {
            ok &= f.get();
        }
        return ok;
    }

    private static boolean one(Env env, String name, Case c) {
        long start = System.nanoTime();
        ExecutorService alone = Executors.newSingleThreadExecutor(r -> {
            Thread t = new Thread(r, name);
            t.setDaemon(true);
            return t;
        });
        String detail;
        boolean ok = false;
        try {
            detail = alone.submit(() -> c.run(env)).get(LIMIT_SECONDS, TimeUnit.SECONDS);
            ok = true;
        } catch (TimeoutException e) {
            detail = "no end within " + LIMIT_SECONDS + " s";
        } catch (Throwable e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            detail = cause.toString();
        }
        alone.shutdownNow();
        report(name, ok, (System.nanoTime() - start) / 1_000_000, detail);
        return ok;
    }

    private static synchronized void report(String name, boolean ok, long ms, String detail) {
        System.out.printf("RESULT %s %s %d %s%n", name, ok ? "PASS" : "FAIL", ms, detail.replaceAll("\\s+", " "));
    }
}
