import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.tools.command.MQAdminStartup;
import org.apache.rocketmq.tools.command.SubCommand;

/**
 * Runs commands of Apache's mqadmin in one JVM, each of which would take a second and a half of its own. A line of
 * standard input is a command, its words separated by tabs; the answer is the number of bytes of its standard output and
 * of its standard error, and these. Lines that begin with ! are for the runner itself: !table lists the commands,
 * !consumer NAMES GROUP TOPIC and !producer NAMES GROUP TOPIC start clients that stay.
 */
public class Runner {
    public static void main(String[] args) throws Exception {
        PrintStream answer = System.out;
        PrintStream errors = System.err;
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            System.setOut(new PrintStream(out, true, "UTF-8"));
            System.setErr(new PrintStream(err, true, "UTF-8"));
            try {
                run(line.split("\t"));
            } catch (Throwable t) {
                t.printStackTrace();
            }
            System.out.flush();
            System.setOut(answer);
            System.setErr(errors);
            answer.printf("%d %d%n", out.size(), err.size());
            answer.write(out.toByteArray());
            answer.write(err.toByteArray());
            answer.flush();
        }
    }

    private static final List<Object> CLIENTS = new ArrayList<>();

    private static List<?> commands() throws Exception {
        Field all = MQAdminStartup.class.getDeclaredField("SUB_COMMANDS");
        all.setAccessible(true);
        return (List<?>) all.get(null);
    }

    private static void run(String[] words) throws Exception {
        commands().clear();
        switch (words[0]) {
            case "!table":
                MQAdminStartup.initCommand();
                for (Object c : commands()) {
                    System.out.println(((SubCommand) c).commandName());
                }
                break;
            case "!consumer":
                DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(words[2]);
                consumer.setNamesrvAddr(words[1]);
                consumer.subscribe(words[3], "*");
                consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) ->
                    ConsumeConcurrentlyStatus.CONSUME_SUCCESS);
                consumer.start();
                CLIENTS.add(consumer);
                break;
            case "!producer":
                DefaultMQProducer producer = new DefaultMQProducer(words[2]);
                producer.setNamesrvAddr(words[1]);
                producer.start();
                producer.send(new Message(words[3], "tagA", "key1", "hello".getBytes(StandardCharsets.UTF_8)));
                CLIENTS.add(producer);
                break;
            default:
                MQAdminStartup.main0(words, null);
        }
    }
}
