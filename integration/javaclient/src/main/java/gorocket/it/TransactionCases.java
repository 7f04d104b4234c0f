package gorocket.it;

import static gorocket.it.Env.await;
import static gorocket.it.Env.message;
import static gorocket.it.Env.same;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.client.producer.TransactionSendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Half messages: committed, rolled back, asked about. The body says what the local transaction does, "unknown-commit": nothing at first, then commit. */
final class TransactionCases {
    private TransactionCases() {
    }

    static void add(Map<String, Case> all) {
        all.put("transaction", TransactionCases::all);
        all.put("transactionOtherProducer", TransactionCases::other);
    }

    private static final class Listener implements TransactionListener {
        final Map<String, AtomicInteger> asked = new ConcurrentHashMap<>();
        final Map<String, String> wrong = new ConcurrentHashMap<>();

        @Override
        public LocalTransactionState executeLocalTransaction(Message m, Object arg) {
            String body = new String(m.getBody());
            if (m.getTransactionId() == null) {
                wrong.put(body, "no transaction id");
            }
            return state(body.split(" ")[0]);
        }

        @Override
        public LocalTransactionState checkLocalTransaction(MessageExt m) {
            String body = Env.text(m);
            asked.computeIfAbsent(body, k -> new AtomicInteger()).incrementAndGet();
            if (!m.getTopic().startsWith("it_") || !body.startsWith("unknown")) {
                wrong.put(body, "asked about " + m);
            }
            return state(body.split(" ")[0].replace("unknown-", ""));
        }

        private LocalTransactionState state(String what) {
            switch (what) {
                case "commit":
                    return LocalTransactionState.COMMIT_MESSAGE;
                case "rollback":
                    return LocalTransactionState.ROLLBACK_MESSAGE;
                default:
                    return LocalTransactionState.UNKNOW;
            }
        }
    }

    private static TransactionMQProducer producer(Env env, String group, String instance, Listener listener) throws Exception {
        TransactionMQProducer p = new TransactionMQProducer(env.group(group), Env.hook());
        env.configure(p);
        p.setInstanceName(instance);
        p.setHeartbeatBrokerInterval(1000);
        p.setTransactionListener(listener);
        p.start();
        return p;
    }

    static String all(Env env) throws Exception {
        String topic = env.create("transaction", 4);
        Listener listener = new Listener();
        TransactionMQProducer p = producer(env, "trans", "trans1", listener);
        TreeSet<String> want = new TreeSet<>();
        for (String what : new String[] {"commit", "rollback", "unknown-commit", "unknown-rollback"}) {
            for (int i = 0; i < 10; i++) {
                TransactionSendResult r = p.sendMessageInTransaction(message(topic, "t", "k" + i, what + " " + i), null);
                same(SendStatus.SEND_OK, r.getSendStatus(), "status");
                if (what.endsWith("commit")) {
                    want.add(what + " " + i);
                }
            }
        }
        List<MessageExt> got = Env.list();
        env.collect(env.group("of_trans"), topic, "t", got);
        await(40, "committed messages", () -> got.size() >= want.size());
        await(40, "questions", () -> listener.asked.size() >= 20);
        Thread.sleep(3000); // a second question, or a second copy, would come now
        p.shutdown();
        TreeSet<String> seen = new TreeSet<>();
        for (MessageExt m : new ArrayList<>(got)) {
            seen.add(Env.text(m));
            same("k" + Env.text(m).split(" ")[1], m.getKeys(), "keys");
        }
        same(want, seen, "bodies");
        same(want.size(), got.size(), "messages");
        same("{}", listener.wrong.toString(), "wrong");
        return got.size() + " committed, " + listener.asked.size() + " asked";
    }

    /** The producer that sent is gone: another of its group is asked. */
    static String other(Env env) throws Exception {
        String topic = env.create("transactionOther", 1);
        TransactionMQProducer first = producer(env, "transOther", "transOther1", new Listener());
        first.sendMessageInTransaction(message(topic, "t", "k1", "unknown-never 1"), null);
        Listener listener = new Listener();
        TransactionMQProducer second = producer(env, "transOther", "transOther2", listener);
        second.sendMessageInTransaction(message(topic, "t", "k", "rollback 0"), null); // it knows the broker now and sends heartbeats
        Thread.sleep(2500);
        first.sendMessageInTransaction(message(topic, "t", "k2", "unknown-commit 2"), null);
        first.shutdown();
        List<MessageExt> got = Env.list();
        env.collect(env.group("of_transOther"), topic, "*", got);
        await(40, "the message", () -> got.size() >= 1);
        Thread.sleep(500);
        second.shutdown();
        same(1, got.size(), "messages");
        same("unknown-commit 2", Env.text(got.get(0)), "body");
        return "asked " + listener.asked;
    }
}
