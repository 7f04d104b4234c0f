package gorocket.it;

import static gorocket.it.Env.await;
import static gorocket.it.Env.message;
import static gorocket.it.Env.same;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageAccessor;

/** Timer messages, which 4.9 clients can send by setting the properties themselves, and their recall, which came with 5.3. */
final class TimerCases {
    private TimerCases() {
    }

    static void add(Map<String, Case> all) {
        all.put("timer", TimerCases::timer);
        all.put("recall", TimerCases::recall);
    }

    private static List<String> consume(Env env, String topic, List<Long> late) throws Exception {
        List<String> got = Collections.synchronizedList(new ArrayList<>());
        env.collect(env.group("of_" + topic), topic, "*", x -> {
            long due = Long.parseLong(x.getUserProperty("due"));
            late.add(System.currentTimeMillis() - due);
            got.add(Env.text(x));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        return got;
    }

    private static SendResult send(Env env, String topic, String property, String value, long due, String body) throws Exception {
        Message m = message(topic, "t", body, body);
        m.putUserProperty("due", String.valueOf(due));
        MessageAccessor.putProperty(m, property, value);
        return env.producer().send(m);
    }

    static String timer(Env env) throws Exception {
        String topic = env.create("timer", 1);
        List<Long> late = Collections.synchronizedList(new ArrayList<>());
        List<String> got = consume(env, topic, late);
        long now = System.currentTimeMillis();
        send(env, topic, "TIMER_DELIVER_MS", String.valueOf(now + 2500), now + 2500, "at");
        send(env, topic, "TIMER_DELAY_MS", "1200", System.currentTimeMillis() + 1200, "ms");
        send(env, topic, "TIMER_DELAY_SEC", "1", System.currentTimeMillis() + 1000, "sec");
        await(20, "timer messages", () -> got.size() >= 3);
        Thread.sleep(300);
        Collections.sort(got);
        same("[at, ms, sec]", got.toString(), "bodies");
        for (long ms : late) {
            Env.check(ms >= 0 && ms < 6000, "came " + ms + " ms after its time");
        }
        return "late by " + late + " ms, slots of 1000 ms";
    }

    static String recall(Env env) throws Exception {
        Method recall;
        try {
            recall = env.producer().getClass().getMethod("recallMessage", String.class, String.class);
        } catch (NoSuchMethodException e) {
            return "this client has no recall";
        }
        String topic = env.create("recall", 1);
        List<Long> late = Collections.synchronizedList(new ArrayList<>());
        List<String> got = consume(env, topic, late);
        long due = System.currentTimeMillis() + 4000;
        for (String body : new String[] {"keep", "drop", "stay"}) {
            SendResult r = send(env, topic, "TIMER_DELIVER_MS", String.valueOf(due), due, body);
            if (body.equals("drop")) {
                String handle = (String) SendResult.class.getMethod("getRecallHandle").invoke(r);
                same(r.getMsgId(), recall.invoke(env.producer(), topic, handle), "id of the recalled message");
            }
        }
        await(20, "the others", () -> got.size() >= 2);
        Thread.sleep(1500);
        Collections.sort(got);
        same("[keep, stay]", got.toString(), "bodies");
        return "recalled";
    }
}
