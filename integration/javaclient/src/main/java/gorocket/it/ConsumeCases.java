package gorocket.it;

import static gorocket.it.Env.await;
import static gorocket.it.Env.check;
import static gorocket.it.Env.message;
import static gorocket.it.Env.same;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** The ways to consume. */
final class ConsumeCases {
    private ConsumeCases() {
    }

    static void add(Map<String, Case> all) {
        all.put("orderlyByKey", ConsumeCases::orderly);
        all.put("pushTags", ConsumeCases::tags);
        all.put("pushLongPoll", ConsumeCases::longPoll);
        all.put("pull", ConsumeCases::pull);
        all.put("litePull", ConsumeCases::litePull);
    }

    static String tags(Env env) throws Exception {
        String topic = env.create("tags", 4);
        for (int i = 0; i < 30; i++) {
            env.producer().send(message(topic, "tag" + i % 3, "k", "" + i));
        }
        List<MessageExt> got = Env.list();
        env.collect(env.group("tags"), topic, "tag0 || tag2", got);
        await(15, "20 messages", () -> got.size() >= 20);
        Thread.sleep(300);
        same(20, got.size(), "messages");
        synchronized (got) {
            got.forEach(m -> check(!"tag1".equals(m.getTags()), "tag1 arrived"));
        }
        return "20 of 30";
    }

    /** A consumer that waits at the end of the queue gets a new message at once, not at the next poll. */
    static String longPoll(Env env) throws Exception {
        String topic = env.create("poll", 1);
        List<MessageExt> got = Env.list();
        env.collect(env.group("poll"), topic, "*", got);
        env.producer().send(message(topic, "t", "k", "first"));
        await(15, "first message", () -> got.size() == 1);
        long worst = 0;
        for (int i = 2; i <= 6; i++) {
            Thread.sleep(150);
            long start = System.nanoTime();
            env.producer().send(message(topic, "t", "k", "m" + i));
            int want = i;
            await(10, "message " + i, () -> got.size() == want);
            worst = Math.max(worst, (System.nanoTime() - start) / 1_000_000);
        }
        check(worst < 3000, "slowest delivery " + worst + " ms: the waiting pull was not woken");
        return "slowest " + worst + " ms";
    }

    static String orderly(Env env) throws Exception {
        String topic = env.create("order", 4);
        Map<String, List<Integer>> got = new ConcurrentHashMap<>();
        AtomicInteger count = new AtomicInteger();
        AtomicInteger suspended = new AtomicInteger();
        List<DefaultMQPushConsumer> members = new ArrayList<>();
        for (int c = 0; c < 2; c++) {
            DefaultMQPushConsumer consumer = env.consumer(env.group("order"));
            members.add(consumer);
            consumer.subscribe(topic, "*");
            consumer.setSuspendCurrentQueueTimeMillis(100);
            consumer.registerMessageListener((MessageListenerOrderly) (msgs, ctx) -> {
                MessageExt m = msgs.get(0);
                if (Env.text(m).equals("10") && suspended.incrementAndGet() <= 2) {
                    return ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT; // must not let 11 overtake 10
                }
                got.computeIfAbsent(m.getKeys(), k -> Collections.synchronizedList(new ArrayList<>())).add(Integer.parseInt(Env.text(m)));
                count.incrementAndGet();
                return ConsumeOrderlyStatus.SUCCESS;
            });
            consumer.start();
        }
        shareQueues(env, topic, members);
        for (int i = 0; i < 25; i++) {
            for (int key = 0; key < 8; key++) {
                int at = key;
                env.producer().send(message(topic, "t", "key" + key, "" + i), (mqs, m, arg) -> mqs.get(at % mqs.size()), null);
            }
        }
        await(35, "200 messages", () -> count.get() >= 200);
        same(200, count.get(), "messages");
        got.forEach((key, list) -> {
            for (int i = 0; i < 25; i++) {
                same(i, list.get(i), "place " + i + " of " + key);
            }
        });
        return "8 keys, 2 consumers, " + suspended.get() + " suspensions";
    }

    /**
     * Waits until both members hold half of the queues. The second one asks for locks that the first still holds; the client tries
     * again only at its next rebalancing, 20 s later, and gives up a queue with messages only after another 20 s.
     */
    private static void shareQueues(Env env, String topic, List<DefaultMQPushConsumer> members) throws Exception {
        int all = env.producer().fetchPublishMessageQueues(topic).size();
        await(20, "half of the queues for each member", () -> {
            members.forEach(m -> m.getDefaultMQPushConsumerImpl().doRebalance());
            return members.stream().allMatch(m -> GroupCases.queues(m, topic) == all / 2);
        });
    }

    static String pull(Env env) throws Exception {
        String topic = env.create("pull", 2);
        for (int i = 0; i < 50; i++) {
            env.producer().send(message(topic, i % 2 == 0 ? "even" : "odd", "k", "" + i));
        }
        DefaultMQPullConsumer c = new DefaultMQPullConsumer(env.group("pull"), Env.hook());
        env.configure(c);
        c.start();
        try {
            Set<MessageQueue> queues = c.fetchSubscribeMessageQueues(topic);
            same(2, queues.size(), "queues");
            same(50, readAll(c, queues, "*").size(), "all");
            same(25, readAll(c, queues, "even").size(), "even");
            MessageQueue one = queues.iterator().next();
            long max = c.maxOffset(one);
            same(0L, c.minOffset(one), "min offset");
            same(PullStatus.OFFSET_ILLEGAL, c.pull(one, "*", max + 7, 10).getPullStatus(), "beyond the end");
            same(PullStatus.NO_NEW_MSG, c.pull(one, "*", max, 10).getPullStatus(), "at the end");
            c.updateConsumeOffset(one, 5);
            same(5L, c.fetchConsumeOffset(one, false), "offset in memory");
        } finally {
            c.shutdown();
        }
        return "50 messages";
    }

    private static Set<String> readAll(DefaultMQPullConsumer c, Set<MessageQueue> queues, String expression) throws Exception {
        Set<String> out = new HashSet<>();
        for (MessageQueue q : queues) {
            long at = 0;
            while (true) {
                PullResult r = c.pull(q, expression, at, 10);
                if (r.getPullStatus() == PullStatus.FOUND) {
                    r.getMsgFoundList().forEach(m -> check(out.add(Env.text(m)), "twice: " + Env.text(m)));
                } else if (r.getPullStatus() == PullStatus.NO_NEW_MSG) {
                    break;
                }
                check(r.getNextBeginOffset() > at, "no progress at " + at + ": " + r);
                at = r.getNextBeginOffset();
            }
        }
        return out;
    }

    static String litePull(Env env) throws Exception {
        String topic = env.create("lite", 4);
        Set<String> want = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            env.producer().send(message(topic, "t", "k", "" + i));
            want.add("" + i);
        }
        DefaultLitePullConsumer c = new DefaultLitePullConsumer(env.group("lite"), Env.hook());
        env.configure(c);
        c.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        c.subscribe(topic, "*");
        c.start();
        try {
            Set<String> got = new HashSet<>();
            await(20, "100 messages", () -> {
                c.poll(200).forEach(m -> check(got.add(Env.text(m)), "twice: " + Env.text(m)));
                return got.size() >= 100;
            });
            same(want, got, "bodies");
        } finally {
            c.shutdown();
        }
        return "100 messages";
    }
}
