package gorocket.it;

import static gorocket.it.Env.await;
import static gorocket.it.Env.check;
import static gorocket.it.Env.message;
import static gorocket.it.Env.same;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.common.message.MessageExt;

/** Push consumers of 5.x whose broker says POP (defaultMessageRequestMode=POP). 4.9 has no setClientRebalance: these cases fail there. */
final class PopCases {
    private PopCases() {
    }

    static void add(Map<String, Case> all) {
        all.put("popRetry", PopCases::retry);
        all.put("popConsume", PopCases::consume);
        all.put("popTags", PopCases::tags);
        all.put("popLongPoll", PopCases::longPoll);
    }

    /** A consumer that asks the broker how it consumes. */
    private static DefaultMQPushConsumer pop(Env env, String group, String topic, String expression,
            Function<MessageExt, ConsumeConcurrentlyStatus> each) throws Exception {
        DefaultMQPushConsumer c = env.consumer(group);
        c.getClass().getMethod("setClientRebalance", boolean.class).invoke(c, false);
        c.subscribe(topic, expression);
        c.registerMessageListener((MessageListenerConcurrently) (msgs, ctx) -> each.apply(msgs.get(0)));
        c.start();
        return c;
    }

    private static void popped(MessageExt m) {
        check(m.getProperty("POP_CK") != null, "consumed by POP");
    }

    static String consume(Env env) throws Exception {
        String topic = env.create("pop", 4);
        int n = 2000;
        Map<String, AtomicInteger> got = new ConcurrentHashMap<>();
        Function<MessageExt, ConsumeConcurrentlyStatus> each = m -> {
            popped(m);
            got.computeIfAbsent(Env.text(m), k -> new AtomicInteger()).incrementAndGet();
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        };
        pop(env, env.group("pop"), topic, "*", each);
        DefaultMQPushConsumer second = pop(env, env.group("pop"), topic, "*", each);
        for (int i = 0; i < n; i++) {
            env.producer().send(message(topic, "t", "k", "" + i));
            if (i == n / 2) {
                second.shutdown();
            }
        }
        await(45, n + " messages", () -> got.size() >= n);
        Thread.sleep(1500);
        int twice = 0;
        for (AtomicInteger times : got.values()) {
            twice += times.get() > 1 ? 1 : 0;
        }
        same(0, twice, "messages that came twice");
        return n + " messages, a consumer that left";
    }

    static String retry(Env env) throws Exception {
        String topic = env.create("popretry", 2);
        env.producer().send(message(topic, "tag", "key", "again"));
        List<MessageExt> got = Env.list();
        pop(env, env.group("popretry"), topic, "tag", m -> {
            popped(m);
            got.add(m);
            return got.size() < 2 ? ConsumeConcurrentlyStatus.RECONSUME_LATER : ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        await(40, "second delivery", () -> got.size() >= 2);
        Thread.sleep(1000);
        same(2, got.size(), "deliveries");
        same(1, got.get(1).getReconsumeTimes(), "reconsumeTimes");
        same(topic, got.get(1).getTopic(), "topic");
        same("again", Env.text(got.get(1)), "body");
        check(got.get(1).getProperty("1ST_POP_TIME") != null, "1ST_POP_TIME");
        return "1 retry";
    }

    static String tags(Env env) throws Exception {
        String topic = env.create("poptags", 2);
        List<MessageExt> got = Env.list();
        for (int i = 0; i < 100; i++) {
            env.producer().send(message(topic, i % 2 == 0 ? "even" : "odd", "k", "" + i));
        }
        pop(env, env.group("poptags"), topic, "even || none", m -> {
            popped(m);
            got.add(m);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        await(30, "50 messages", () -> got.size() >= 50);
        Thread.sleep(1000);
        same(50, got.size(), "messages");
        return "50 of 100";
    }

    static String longPoll(Env env) throws Exception {
        String topic = env.create("poplong", 2);
        List<MessageExt> got = Env.list();
        pop(env, env.group("poplong"), topic, "*", m -> {
            got.add(m);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        Thread.sleep(8000); // the assignment is known, and the pops wait
        long slowest = 0;
        for (int i = 0; i < 20; i++) {
            int before = got.size();
            long sent = System.nanoTime();
            env.producer().send(message(topic, "t", "k", "" + i));
            await(10, "message " + i, () -> got.size() > before);
            slowest = Math.max(slowest, (System.nanoTime() - sent) / 1_000_000);
            Thread.sleep(50);
        }
        check(slowest < 3000, "the slowest of 20 messages took " + slowest + " ms");
        return "20 messages, the slowest in " + slowest + " ms";
    }
}
