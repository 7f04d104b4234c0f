package gorocket.it;

import static gorocket.it.Env.await;
import static gorocket.it.Env.message;
import static gorocket.it.Env.same;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Failed consumption: retry, dead letters, and the delay levels under both. */
final class RetryCases {
    private RetryCases() {
    }

    static void add(Map<String, Case> all) {
        all.put("retryThenSuccess", RetryCases::retry);
        all.put("dlqAfterLastRetry", RetryCases::deadLetter);
        all.put("delayLevel", RetryCases::delay);
    }

    static String retry(Env env) throws Exception {
        String topic = env.create("retry", 1);
        Message m = message(topic, "tag", "key", "retry");
        m.putUserProperty("p", "v");
        SendResult sent = env.producer().send(m);
        List<MessageExt> got = Env.list();
        makeRetryTopic(env, env.group("retry"), "retry_first");
        env.collect(env.group("retry"), topic, "tag", x -> {
            got.add(x);
            return got.size() < 3 ? ConsumeConcurrentlyStatus.RECONSUME_LATER : ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        await(50, "third delivery", () -> got.size() >= 3);
        Thread.sleep(300);
        for (int i = 0; i < 3; i++) {
            MessageExt g = got.get(i);
            same(i, g.getReconsumeTimes(), "reconsumeTimes of delivery " + i);
            same(topic, g.getTopic(), "topic of delivery " + i);
            same("retry", Env.text(g), "body of delivery " + i);
            same("v", g.getUserProperty("p"), "property of delivery " + i);
            same(sent.getMsgId(), g.getMsgId(), "id of delivery " + i);
        }
        same(3, got.size(), "deliveries");
        return "2 retries";
    }

    static String deadLetter(Env env) throws Exception {
        String topic = env.create("dlq", 1);
        String group = env.group("dlq");
        env.producer().send(message(topic, "t", "k", "dead"));
        makeRetryTopic(env, group, "dlq_first");
        AtomicInteger tries = new AtomicInteger();
        DefaultMQPushConsumer c = env.consumer(group);
        c.setMaxReconsumeTimes(1);
        c.subscribe(topic, "*");
        c.registerMessageListener((MessageListenerConcurrently) (msgs, ctx) -> {
            tries.incrementAndGet();
            return ConsumeConcurrentlyStatus.RECONSUME_LATER;
        });
        c.start();
        await(30, "dead letter topic", () -> !env.brokers("%DLQ%" + group).isEmpty());
        List<MessageExt> dead = Env.list();
        env.collect(env.group("dlq_reader"), "%DLQ%" + group, "*", dead);
        await(50, "dead letter", () -> dead.size() >= 1);
        Thread.sleep(1500); // longer than one delay level: it must not come back
        same(2, tries.get(), "deliveries");
        same(1, dead.size(), "dead letters");
        same("dead", Env.text(dead.get(0)), "body");
        same(topic, dead.get(0).getProperty("RETRY_TOPIC"), "original topic");
        return "after 1 retry";
    }

    /**
     * A group's retry topic appears with its first heartbeat, too late for the first rebalancing of that consumer: it
     * would look again only after 20 s. So another member, with another topic, comes and goes before.
     */
    private static void makeRetryTopic(Env env, String group, String other) throws Exception {
        DefaultMQPushConsumer first = env.collect(group, env.create(other, 1), "*", Env.list());
        await(20, "retry topic of " + group, () -> env.brokers("%RETRY%" + group).equals(env.brokers("TBW102")));
        first.shutdown();
    }

    /** Level 1 is one second in the test brokers, and by default. */
    static String delay(Env env) throws Exception {
        String topic = env.create("delay", 1);
        List<Long> at = Collections.synchronizedList(new ArrayList<>());
        env.collect(env.group("delay"), topic, "*", x -> {
            at.add(System.currentTimeMillis());
            same(topic, x.getTopic(), "topic");
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        long start = System.currentTimeMillis();
        Message m = message(topic, "t", "k", "later");
        m.setDelayTimeLevel(1);
        env.producer().send(m);
        await(20, "delayed message", () -> at.size() >= 1);
        long late = at.get(0) - start;
        Env.check(late >= 900 && late < 8000, "came after " + late + " ms");
        return late + " ms";
    }
}
