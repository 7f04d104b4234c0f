package gorocket.it;

import static gorocket.it.Env.await;
import static gorocket.it.Env.check;
import static gorocket.it.Env.message;
import static gorocket.it.Env.same;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** The ways to send, and what arrives. */
final class SendCases {
    private SendCases() {
    }

    static void add(Map<String, Case> all) {
        all.put("sendSync", SendCases::sync);
        all.put("sendAsync", SendCases::async);
        all.put("sendOneway", SendCases::oneway);
        all.put("sendBatch", SendCases::batch);
        all.put("body4MiB", SendCases::large);
        all.put("unicode", SendCases::unicode);
    }

    /** The topic does not exist: the first send creates it. */
    static String sync(Env env) throws Exception {
        String topic = env.topic("sync");
        Set<String> bodies = new HashSet<>();
        for (int i = 0; i < 20; i++) {
            SendResult r = env.producer().send(message(topic, "t", "k" + i, "sync " + i));
            same(SendStatus.SEND_OK, r.getSendStatus(), "status");
            check(r.getQueueOffset() >= 0 && r.getMessageQueue().getQueueId() < 4, "queue " + r);
            check(r.getOffsetMsgId().length() == 32, "offset id " + r.getOffsetMsgId());
            bodies.add("sync " + i);
        }
        return arrive(env, topic, bodies);
    }

    static String async(Env env) throws Exception {
        String topic = env.create("async", 4);
        Set<String> bodies = new HashSet<>();
        CountDownLatch left = new CountDownLatch(50);
        AtomicReference<Throwable> wrong = new AtomicReference<>();
        for (int i = 0; i < 50; i++) {
            bodies.add("async " + i);
            env.producer().send(message(topic, "t", "k", "async " + i), new SendCallback() {
                @Override
                public void onSuccess(SendResult r) {
                    left.countDown();
                }

                @Override
                public void onException(Throwable e) {
                    wrong.set(e);
                    left.countDown();
                }
            });
        }
        check(left.await(15, TimeUnit.SECONDS), "callbacks missing: " + left.getCount());
        same(null, wrong.get(), "exception");
        return arrive(env, topic, bodies);
    }

    static String oneway(Env env) throws Exception {
        String topic = env.create("oneway", 4);
        Set<String> bodies = new HashSet<>();
        for (int i = 0; i < 20; i++) {
            bodies.add("oneway " + i);
            env.producer().sendOneway(message(topic, "t", "k", "oneway " + i));
        }
        return arrive(env, topic, bodies);
    }

    static String batch(Env env) throws Exception {
        String topic = env.create("batch", 4);
        Set<String> bodies = new HashSet<>();
        List<Message> batch = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            Message m = message(topic, "t" + i % 2, "k" + i, "batch " + i);
            m.putUserProperty("n", "" + i);
            batch.add(m);
            bodies.add("batch " + i);
        }
        SendResult r = env.producer().send(batch);
        same(SendStatus.SEND_OK, r.getSendStatus(), "status");
        same(32, r.getOffsetMsgId().split(",").length, "offset ids");
        return arrive(env, topic, bodies);
    }

    static String large(Env env) throws Exception {
        String topic = env.create("large", 1);
        byte[] body = new byte[4 << 20];
        new Random(1).nextBytes(body);
        same(SendStatus.SEND_OK, env.producer().send(new Message(topic, body), 30_000).getSendStatus(), "status");
        List<MessageExt> got = Env.list();
        env.collect(env.group("large"), topic, "*", got);
        await(20, "the large message", () -> got.size() == 1);
        check(Arrays.equals(body, got.get(0).getBody()), "body differs");
        return body.length + " bytes";
    }

    static String unicode(Env env) throws Exception {
        String topic = env.create("unicode", 1);
        String text = "消息 сообщение μήνυμα 🚀 \u0000 end";
        Message m = message(topic, "标签", "ключ🚀", text);
        m.putUserProperty("имя", "значение 值 🚀");
        env.producer().send(m);
        env.producer().send(message(topic, "other", "x", "other"));
        List<MessageExt> got = Env.list();
        env.collect(env.group("unicode"), topic, "标签", got);
        await(15, "the message", () -> got.size() >= 1);
        Thread.sleep(300);
        same(1, got.size(), "messages");
        MessageExt g = got.get(0);
        same(text, Env.text(g), "body");
        same("标签", g.getTags(), "tag");
        same("ключ🚀", g.getKeys(), "key");
        same("значение 值 🚀", g.getUserProperty("имя"), "property");
        return "4 scripts";
    }

    /** Every body arrives exactly once. */
    static String arrive(Env env, String topic, Set<String> bodies) throws Exception {
        List<MessageExt> got = Env.list();
        env.collect(env.group("of_" + topic), topic, "*", got);
        await(20, bodies.size() + " messages of " + topic, () -> got.size() >= bodies.size());
        Thread.sleep(200);
        Set<String> seen = new HashSet<>();
        synchronized (got) {
            got.forEach(m -> seen.add(Env.text(m)));
            same(bodies.size(), got.size(), "messages");
        }
        same(bodies, seen, "bodies");
        return bodies.size() + " messages";
    }
}
