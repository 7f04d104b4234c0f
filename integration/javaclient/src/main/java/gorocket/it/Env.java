package gorocket.it;

import java.lang.reflect.Method;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.apache.rocketmq.client.ClientConfig;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueAveragely;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.remoting.RPCHook;

/** Makes producers and consumers for one run; names are unique per run. Safe for use by several cases at once. */
final class Env {
    final String namesrv;
    private final String run;
    private final AtomicInteger number = new AtomicInteger();
    private final Queue<Runnable> closing = new ConcurrentLinkedQueue<>();
    private final DefaultMQProducer producer;

    Env(String namesrv, String run) throws Exception {
        this.namesrv = namesrv;
        this.run = run;
        this.producer = newProducer("PG_" + run);
    }

    String topic(String name) {
        return "it_" + run + "_" + name;
    }

    String group(String name) {
        return "CG_" + run + "_" + name;
    }

    /** The producer that all cases share. */
    DefaultMQProducer producer() {
        return producer;
    }

    DefaultMQProducer newProducer(String group) throws Exception {
        DefaultMQProducer p = new DefaultMQProducer(group, hook());
        configure(p);
        p.setSendMsgTimeout(10_000);
        p.setRetryTimesWhenSendFailed(0); // a failure must be seen
        p.setCompressMsgBodyOverHowmuch(64 << 20);
        p.start();
        closing.add(p::shutdown);
        return p;
    }

    /** Signs requests as -Dgorocket.accessKey and -Dgorocket.secretKey say; null without them. The class is in the client of 5.x, and in rocketmq-acl of 4.9. */
    static RPCHook hook() throws Exception {
        String user = System.getProperty("gorocket.accessKey");
        if (user == null) {
            return null;
        }
        Class<?> credentials = Class.forName("org.apache.rocketmq.acl.common.SessionCredentials");
        Object who = credentials.getConstructor(String.class, String.class).newInstance(user, System.getProperty("gorocket.secretKey"));
        return (RPCHook) Class.forName("org.apache.rocketmq.acl.common.AclClientRPCHook").getConstructor(credentials).newInstance(who);
    }

    void configure(ClientConfig c) {
        c.setNamesrvAddr(namesrv);
        c.setVipChannelEnabled(false);
        c.setPollNameServerInterval(1000); // default 30 s: a retry topic is found at the next poll
        c.setHeartbeatBrokerInterval(5000);
        c.setPersistConsumerOffsetInterval(1000);
    }

    /** A consumer from the first message on, in a client of its own; not started. */
    DefaultMQPushConsumer consumer(String group) throws Exception {
        DefaultMQPushConsumer c = new DefaultMQPushConsumer(group, hook(), new AllocateMessageQueueAveragely());
        configure(c);
        c.setInstanceName("i" + number.incrementAndGet());
        c.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        c.setConsumeThreadMin(2);
        c.setConsumeThreadMax(4);
        closing.add(c::shutdown);
        return c;
    }

    /** Starts a consumer that adds every message to a list. */
    DefaultMQPushConsumer collect(String group, String topic, String expression, List<MessageExt> into) throws Exception {
        return collect(group, topic, expression, m -> {
            into.add(m);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
    }

    DefaultMQPushConsumer collect(String group, String topic, String expression,
            Function<MessageExt, ConsumeConcurrentlyStatus> each) throws Exception {
        DefaultMQPushConsumer c = consumer(group);
        c.subscribe(topic, expression);
        c.registerMessageListener((MessageListenerConcurrently) (msgs, ctx) -> each.apply(msgs.get(0)));
        c.start();
        return c;
    }

    static List<MessageExt> list() {
        return Collections.synchronizedList(new java.util.ArrayList<>());
    }

    /** Creates a topic through the client: UPDATE_AND_CREATE_TOPIC at each broker of the default topic. */
    String create(String name, int queues) throws Exception {
        String topic = topic(name);
        for (Method m : producer.getClass().getMethods()) { // 5.x has a fourth parameter
            Class<?>[] p = m.getParameterTypes();
            if (m.getName().equals("createTopic") && p.length >= 3 && p[2] == int.class && (p.length == 3 || p[3] == java.util.Map.class)) {
                m.invoke(producer, p.length == 3 ? new Object[] {"TBW102", topic, queues}
                    : new Object[] {"TBW102", topic, queues, Collections.emptyMap()});
                await(10, "route of " + topic, () -> brokers(topic).equals(brokers("TBW102")));
                return topic;
            }
        }
        throw new IllegalStateException("no createTopic");
    }

    /** Names of the brokers that the name server knows for a topic; empty when it knows none. */
    Set<String> brokers(String topic) {
        Set<String> out = new HashSet<>();
        try {
            producer.fetchPublishMessageQueues(topic).forEach(q -> out.add(q.getBrokerName()));
        } catch (Exception e) {
            return out; // unknown topic
        }
        return out;
    }

    static Message message(String topic, String tag, String key, String body) {
        return new Message(topic, tag, key, body.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    static String text(MessageExt m) {
        return new String(m.getBody(), java.nio.charset.StandardCharsets.UTF_8);
    }

    static void await(int seconds, String what, BooleanSupplier done) throws InterruptedException {
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        while (!done.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not within " + seconds + " s: " + what);
            }
            Thread.sleep(20);
        }
    }

    static void check(boolean ok, String what) {
        if (!ok) {
            throw new AssertionError(what);
        }
    }

    static void same(Object want, Object got, String what) {
        check(java.util.Objects.equals(want, got), what + ": want <" + want + ">, got <" + got + ">");
    }

    void close() throws InterruptedException {
        List<Thread> all = new java.util.ArrayList<>();
        for (Runnable r : closing) {
            Thread t = new Thread(r);
            t.setDaemon(true);
            t.start();
            all.add(t);
        }
        for (Thread t : all) {
            t.join(3000);
        }
    }
}
