package gorocket.it;

import static gorocket.it.Env.await;
import static gorocket.it.Env.check;
import static gorocket.it.Env.message;
import static gorocket.it.Env.same;

import java.util.List;
import java.util.Map;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Finding messages again: by key, by id, by time. */
final class QueryCases {
    private QueryCases() {
    }

    static void add(Map<String, Case> all) {
        all.put("queryByKey", QueryCases::byKey);
        all.put("viewById", QueryCases::byId);
        all.put("searchByTime", QueryCases::byTime);
    }

    static String byKey(Env env) throws Exception {
        String topic = env.create("bykey", 4);
        for (int i = 0; i < 10; i++) {
            env.producer().send(message(topic, "t", i % 2 == 0 ? "evenkey other" : "oddkey", "" + i));
        }
        same(5, query(env, topic, "evenkey", 5), "evenkey");
        same(5, query(env, topic, "oddkey", 5), "oddkey");
        same(5, query(env, topic, "other", 5), "second key of a message");
        same(0, query(env, topic, "nokey", 0), "unknown key");
        return "10 messages, 3 keys";
    }

    private static int query(Env env, String topic, String key, int want) throws Exception {
        int[] got = new int[1];
        long end = System.currentTimeMillis() + 3600_000;
        try {
            await(10, want + " messages with key " + key, () -> {
                try {
                    List<MessageExt> l = env.producer().queryMessage(topic, key, 32, 0, end).getMessageList();
                    l.forEach(m -> check((" " + m.getKeys() + " ").contains(" " + key + " "), "key " + m.getKeys()));
                    got[0] = l.size();
                } catch (Exception e) {
                    got[0] = 0; // the client throws when nothing is found
                }
                return got[0] == want;
            });
        } catch (AssertionError e) {
            return got[0];
        }
        return got[0];
    }

    static String byId(Env env) throws Exception {
        String topic = env.create("byid", 4);
        SendResult r = env.producer().send(message(topic, "t", "k", "view me"));
        MessageExt byOffset = env.producer().viewMessage(topic, r.getOffsetMsgId());
        same("view me", Env.text(byOffset), "body by offset id");
        same(r.getQueueOffset(), byOffset.getQueueOffset(), "queue offset");
        same(r.getMessageQueue().getQueueId(), byOffset.getQueueId(), "queue id");
        same(topic, byOffset.getTopic(), "topic");
        await(10, "view by unique id", () -> {
            try {
                return "view me".equals(Env.text(env.producer().viewMessage(topic, r.getMsgId())));
            } catch (Exception e) {
                return false; // the index follows the log
            }
        });
        return "offset id and unique id";
    }

    static String byTime(Env env) throws Exception {
        String topic = env.create("bytime", 1);
        MessageQueue q = null;
        long[] stored = new long[6];
        for (int i = 0; i < 6; i++) {
            SendResult r = env.producer().send(message(topic, "t", "k", "" + i));
            q = r.getMessageQueue();
            stored[i] = env.producer().viewMessage(topic, r.getOffsetMsgId()).getStoreTimestamp();
            Thread.sleep(30);
        }
        MessageQueue queue = q;
        await(10, "max offset 6", () -> {
            try {
                return env.producer().getDefaultMQProducerImpl().maxOffset(queue) == 6;
            } catch (Exception e) {
                return false;
            }
        });
        same(3L, env.producer().searchOffset(queue, stored[3]), "at the time of message 3");
        same(4L, env.producer().searchOffset(queue, stored[3] + 1), "just after message 3");
        same(0L, env.producer().searchOffset(queue, stored[0] - 10_000), "before all");
        same(6L, env.producer().searchOffset(queue, stored[5] + 10_000), "after all");
        same(0L, env.producer().getDefaultMQProducerImpl().minOffset(queue), "min offset");
        same(stored[0], env.producer().getDefaultMQProducerImpl().earliestMsgStoreTime(queue), "earliest store time");
        return "6 messages";
    }
}
