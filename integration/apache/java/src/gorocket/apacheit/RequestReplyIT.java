package gorocket.apacheit;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.RequestTimeoutException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.RequestCallback;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.test.base.BaseConf;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;

/** Request-reply, which none of the published tests uses: send reply (324, 325) and its push to the client that asked (326). */
public class RequestReplyIT extends BaseConf {
    private static final String UNANSWERED = "unanswered";

    private final List<DefaultMQProducer> producers = new ArrayList<>();
    private final DefaultMQPushConsumer server = new DefaultMQPushConsumer(initConsumerGroup());
    private String topic;
    private DefaultMQProducer asking;

    @Before
    public void start() throws Exception {
        topic = initTopic();
        asking = newProducer();
        DefaultMQProducer answering = newProducer();
        server.setNamesrvAddr(NAMESRV_ADDR);
        server.setInstanceName(UUID.randomUUID().toString());
        server.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        server.subscribe(topic, "*");
        server.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(m -> answer(answering, m));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        server.start();
    }

    @After
    public void stop() {
        server.shutdown();
        producers.forEach(DefaultMQProducer::shutdown);
        shutdown();
    }

    @Test
    public void reply() throws Exception {
        assertEquals("ping, pong", get(ask("*", "ping", 20_000)));
    }

    @Test
    public void manyAtOnce() throws Exception {
        List<CompletableFuture<String>> replies = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            replies.add(ask("*", "no " + i, 20_000));
        }
        for (int i = 0; i < 100; i++) {
            assertEquals("no " + i + ", pong", get(replies.get(i)));
        }
    }

    @Test
    public void nobodyReplies() throws Exception {
        CompletableFuture<String> reply = ask(UNANSWERED, "hello?", 2_000);
        ExecutionException why = assertThrows(ExecutionException.class, () -> get(reply));
        assertTrue(why.toString(), why.getCause() instanceof RequestTimeoutException);
    }

    private DefaultMQProducer newProducer() throws Exception {
        DefaultMQProducer p = new DefaultMQProducer("PG-" + UUID.randomUUID());
        p.setInstanceName(p.getProducerGroup());
        p.setNamesrvAddr(NAMESRV_ADDR);
        p.start();
        producers.add(p);
        return p;
    }

    private static void answer(DefaultMQProducer by, MessageExt question) {
        if (UNANSWERED.equals(question.getTags())) {
            return;
        }
        String text = new String(question.getBody(), StandardCharsets.UTF_8) + ", pong";
        try {
            by.send(MessageUtil.createReplyMessage(question, text.getBytes(StandardCharsets.UTF_8)), 5_000);
        } catch (Exception e) {
            throw new IllegalStateException("reply to " + question, e);
        }
    }

    /** The client calls onSuccess(null) when the request is stored, and again with the reply. */
    private CompletableFuture<String> ask(String tag, String text, long timeoutMillis) throws Exception {
        CompletableFuture<String> reply = new CompletableFuture<>();
        asking.request(new Message(topic, tag, text.getBytes(StandardCharsets.UTF_8)), new RequestCallback() {
            @Override
            public void onSuccess(Message m) {
                if (m != null) {
                    reply.complete(new String(m.getBody(), StandardCharsets.UTF_8));
                }
            }

            @Override
            public void onException(Throwable why) {
                reply.completeExceptionally(why);
            }
        }, timeoutMillis);
        return reply;
    }

    private static String get(CompletableFuture<String> reply) throws Exception {
        return reply.get(30, TimeUnit.SECONDS);
    }
}
