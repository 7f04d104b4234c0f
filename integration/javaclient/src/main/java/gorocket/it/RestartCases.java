package gorocket.it;

import static gorocket.it.Env.await;
import static gorocket.it.Env.check;
import static gorocket.it.Env.message;
import static gorocket.it.Env.same;

import java.util.List;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.common.message.MessageExt;

/** A group's offsets and unread messages survive a restart of the broker between the two cases. */
final class RestartCases {
    private RestartCases() {
    }

    static String before(Env env) throws Exception {
        String topic = env.create("restart", 4);
        for (int i = 0; i < 20; i++) {
            env.producer().send(message(topic, "t", "k", "old " + i));
        }
        List<MessageExt> got = Env.list();
        DefaultMQPushConsumer c = env.collect(env.group("restart"), topic, "*", got);
        await(15, "20 messages", () -> got.size() >= 20);
        Thread.sleep(200);
        c.shutdown();
        for (int i = 0; i < 10; i++) {
            env.producer().send(message(topic, "t", "new", "new " + i));
        }
        return "20 read, 10 left";
    }

    static String after(Env env) throws Exception {
        String topic = env.topic("restart");
        List<MessageExt> got = Env.list();
        env.collect(env.group("restart"), topic, "*", got);
        await(20, "10 messages", () -> got.size() >= 10);
        Thread.sleep(1000);
        same(10, got.size(), "messages after the restart");
        synchronized (got) {
            got.forEach(m -> check(Env.text(m).startsWith("new"), "again: " + Env.text(m)));
        }
        env.producer().send(message(topic, "t", "k", "new later"));
        await(15, "a message sent after the restart", () -> got.size() == 11);
        return "10 read after the restart";
    }
}
