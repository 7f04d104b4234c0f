package gorocket.it;

import static gorocket.it.Env.await;
import static gorocket.it.Env.same;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.SendStatus;

/** Ten thousand messages: none lost, none twice. */
final class BulkCases {
    private static final int COUNT = 10_000;
    private static final int SENDERS = 4;

    private BulkCases() {
    }

    static void add(Map<String, Case> all) {
        all.put("bulk10000", BulkCases::bulk);
    }

    static String bulk(Env env) throws Exception {
        String topic = env.create("bulk", 8);
        AtomicIntegerArray seen = new AtomicIntegerArray(COUNT);
        AtomicInteger count = new AtomicInteger();
        DefaultMQPushConsumer c = env.consumer(env.group("bulk"));
        c.subscribe(topic, "*");
        c.setConsumeMessageBatchMaxSize(32);
        c.registerMessageListener((MessageListenerConcurrently) (msgs, ctx) -> {
            msgs.forEach(m -> seen.incrementAndGet(seq(m.getBody())));
            count.addAndGet(msgs.size());
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        c.start();
        send(env, topic);
        await(30, "all messages", () -> count.get() >= COUNT);
        Thread.sleep(500);
        int lost = 0;
        int twice = 0;
        for (int i = 0; i < COUNT; i++) {
            lost += seen.get(i) == 0 ? 1 : 0;
            twice += seen.get(i) > 1 ? 1 : 0;
        }
        same(0, lost, "lost");
        same(0, twice, "twice");
        return COUNT + " messages";
    }

    private static void send(Env env, String topic) throws Exception {
        AtomicReference<Throwable> wrong = new AtomicReference<>();
        List<Thread> senders = new ArrayList<>();
        for (int s = 0; s < SENDERS; s++) {
            int first = s;
            Thread t = new Thread(() -> {
                try {
                    for (int i = first; i < COUNT; i += SENDERS) {
                        byte[] body = new byte[256];
                        System.arraycopy(String.format("%08d", i).getBytes(), 0, body, 0, 8);
                        same(SendStatus.SEND_OK, env.producer().send(new org.apache.rocketmq.common.message.Message(topic, body)).getSendStatus(), "status");
                    }
                } catch (Throwable e) {
                    wrong.set(e);
                }
            });
            t.start();
            senders.add(t);
        }
        for (Thread t : senders) {
            t.join();
        }
        if (wrong.get() != null) {
            throw new AssertionError("send: " + wrong.get());
        }
    }

    private static int seq(byte[] body) {
        return Integer.parseInt(new String(body, 0, 8));
    }
}
