package gorocket.it;

import static gorocket.it.Env.await;
import static gorocket.it.Env.check;
import static gorocket.it.Env.message;
import static gorocket.it.Env.same;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.common.message.MessageExt;

/** Groups: several members, several groups, broadcasting, offsets across a restart of the client. */
final class GroupCases {
    private GroupCases() {
    }

    static void add(Map<String, Case> all) {
        all.put("rebalance3", GroupCases::rebalance);
        all.put("broadcasting", GroupCases::broadcasting);
        all.put("twoGroups", GroupCases::twoGroups);
        all.put("offsetClientRestart", GroupCases::clientRestart);
    }

    /** Members join and leave: the broker's notice, not the 20 s timer, must move the queues. */
    static String rebalance(Env env) throws Exception {
        String topic = env.create("rebalance", 6);
        String group = env.group("rebalance");
        int all = env.producer().fetchPublishMessageQueues(topic).size(); // 6 at each broker
        List<DefaultMQPushConsumer> members = new ArrayList<>();
        List<List<MessageExt>> got = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            got.add(Env.list());
            members.add(env.collect(group, topic, "*", got.get(i)));
            Thread.sleep(300);
        }
        await(15, "a third of the queues for each member", () -> members.stream().allMatch(m -> queues(m, topic) == all / 3));
        for (int i = 0; i < 60; i++) {
            env.producer().send(message(topic, "t", "k", "" + i));
        }
        await(15, "60 messages", () -> got.stream().mapToInt(List::size).sum() >= 60);
        got.forEach(l -> check(l.size() > 0, "a member got nothing"));
        members.get(1).shutdown();
        await(15, "half of the queues for each of 2 members",
            () -> queues(members.get(0), topic) == all / 2 && queues(members.get(2), topic) == all / 2);
        for (int i = 60; i < 120; i++) {
            env.producer().send(message(topic, "t", "k", "" + i));
        }
        await(15, "120 messages", () -> distinct(got).size() >= 120);
        same(120, distinct(got).size(), "distinct messages");
        return all + " queues, 3 members, then 2";
    }

    static int queues(DefaultMQPushConsumer c, String topic) {
        return (int) c.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet().stream()
            .filter(q -> q.getTopic().equals(topic)).count();
    }

    private static Set<String> distinct(List<List<MessageExt>> all) {
        Set<String> out = new HashSet<>();
        all.forEach(l -> {
            synchronized (l) {
                l.forEach(m -> out.add(Env.text(m)));
            }
        });
        return out;
    }

    static String broadcasting(Env env) throws Exception {
        String topic = env.create("broadcast", 4);
        List<List<MessageExt>> got = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            List<MessageExt> into = Env.list();
            got.add(into);
            DefaultMQPushConsumer c = env.consumer(env.group("broadcast"));
            setBroadcasting(c);
            c.subscribe(topic, "*");
            c.registerMessageListener((MessageListenerConcurrently) (msgs, ctx) -> {
                into.addAll(msgs);
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
            c.start();
        }
        for (int i = 0; i < 40; i++) {
            env.producer().send(message(topic, "t", "k", "" + i));
        }
        await(20, "40 messages at both", () -> got.stream().allMatch(l -> l.size() >= 40));
        Thread.sleep(300);
        got.forEach(l -> same(40, l.size(), "messages of a member"));
        return "40 messages at both";
    }

    /** MessageModel moved to another package in 5.0. */
    private static void setBroadcasting(DefaultMQPushConsumer c) throws Exception {
        for (java.lang.reflect.Method m : c.getClass().getMethods()) {
            if (m.getName().equals("setMessageModel")) {
                for (Object v : m.getParameterTypes()[0].getEnumConstants()) {
                    if (v.toString().equals("BROADCASTING")) {
                        m.invoke(c, v);
                        return;
                    }
                }
            }
        }
        throw new IllegalStateException("no setMessageModel");
    }

    static String twoGroups(Env env) throws Exception {
        String topic = env.create("groups", 4);
        for (int i = 0; i < 40; i++) {
            env.producer().send(message(topic, "t", "k", "" + i));
        }
        List<MessageExt> a = Env.list();
        List<MessageExt> b = Env.list();
        env.collect(env.group("groupA"), topic, "*", a);
        env.collect(env.group("groupB"), topic, "*", b);
        await(20, "40 messages in both groups", () -> a.size() >= 40 && b.size() >= 40);
        Thread.sleep(300);
        same(40, a.size(), "group A");
        same(40, b.size(), "group B");
        return "40 messages each";
    }

    static String clientRestart(Env env) throws Exception {
        String topic = env.create("again", 4);
        for (int i = 0; i < 20; i++) {
            env.producer().send(message(topic, "t", "k", "old " + i));
        }
        List<MessageExt> first = Env.list();
        DefaultMQPushConsumer c = env.collect(env.group("again"), topic, "*", first);
        await(15, "20 messages", () -> first.size() >= 20);
        Thread.sleep(200); // the listener returned, its offsets are updated just after
        c.shutdown();
        for (int i = 0; i < 10; i++) {
            env.producer().send(message(topic, "t", "k", "new " + i));
        }
        List<MessageExt> second = Env.list();
        env.collect(env.group("again"), topic, "*", second);
        await(15, "10 messages", () -> second.size() >= 10);
        Thread.sleep(300);
        same(10, second.size(), "messages after the restart");
        synchronized (second) {
            second.forEach(m -> check(Env.text(m).startsWith("new"), "again: " + Env.text(m)));
        }
        return "20, then 10";
    }
}
