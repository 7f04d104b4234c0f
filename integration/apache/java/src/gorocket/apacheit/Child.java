package gorocket.apacheit;

import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Properties;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * One server process. Its command line is the system property apache.namesrv or apache.broker: words separated by tabs, in which {config}, {namesrv}
 * and {dir} are replaced. The Go side owns the process group and ends what is left.
 */
final class Child {
    private static final long START_SECONDS = 120;
    private static final long STOP_SECONDS = 30;
    final String name;
    final int port;
    private final Process process;

    private Child(String name, int port, Process process) {
        this.name = name;
        this.port = port;
        this.process = process;
    }

    /** Starts and returns when the port answers. */
    static Child start(String kind, String name, String dir, int port, Properties conf) throws Exception {
        Path file = Path.of(dir, kind + ".conf");
        Files.createDirectories(file.getParent());
        Files.write(file, conf.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).sorted().collect(Collectors.toList()));
        String line = System.getProperty("apache." + kind).replace("{config}", file.toString()).replace("{dir}", dir)
            .replace("{namesrv}", conf.getProperty("namesrvAddr", ""));
        File log = new File(System.getProperty("apache.logs"), name + ".log");
        Process p = new ProcessBuilder(Arrays.asList(line.split("\t"))).directory(new File(dir)).redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log)).start();
        Child c = new Child(name, port, p);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (!c.answers()) {
            c.check(end, "does not listen");
        }
        return c;
    }

    /** Waits a moment; throws when the process has ended or the time is over. */
    void check(long end, String trouble) throws InterruptedException {
        if (!process.isAlive()) {
            throw new IllegalStateException(name + " ended with status " + process.exitValue());
        }
        if (System.nanoTime() > end) {
            throw new IllegalStateException(name + " " + trouble + " in " + START_SECONDS + " s");
        }
        Thread.sleep(20);
    }

    private boolean answers() {
        try (Socket s = new Socket()) {
            s.connect(new InetSocketAddress("127.0.0.1", port), 300);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    boolean runs() {
        return process.isAlive();
    }

    /** SIGTERM, so that a broker unregisters; SIGKILL when that takes too long. */
    void stop() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                System.err.println(name + " ignores SIGTERM");
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A port whose neighbours -2 (the fast port) and +1 (replication) are free too, below those that the kernel gives away. */
    static int freePort() {
        for (int tries = 0; tries < 500; tries++) {
            int p = 15000 + 4 * ThreadLocalRandom.current().nextInt(4000);
            if (free(p) && free(p - 2) && free(p + 1)) {
                return p;
            }
        }
        throw new IllegalStateException("no free port between 15000 and 31000");
    }

    private static boolean free(int port) {
        try (ServerSocket s = new ServerSocket(port)) {
            return s.isBound();
        } catch (IOException e) {
            return false;
        }
    }
}
