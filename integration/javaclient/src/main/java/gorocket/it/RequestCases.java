package gorocket.it;

import static gorocket.it.Env.check;
import static gorocket.it.Env.message;
import static gorocket.it.Env.same;

import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.RequestTimeoutException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.RequestCallback;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** A producer that waits for a reply, and a consumer that sends it. */
final class RequestCases {
    private RequestCases() {
    }

    static void add(Map<String, Case> all) {
        all.put("requestReply", RequestCases::reply);
        all.put("requestTimeout", RequestCases::timeout);
    }

    static String reply(Env env) throws Exception {
        String topic = env.create("request", 2);
        DefaultMQProducer replier = env.newProducer("PG_replier" + topic);
        DefaultMQPushConsumer c = env.consumer(env.group("request"));
        c.subscribe(topic, "*");
        c.registerMessageListener((MessageListenerConcurrently) (msgs, ctx) -> {
            for (MessageExt m : msgs) {
                try {
                    Message answer = MessageUtil.createReplyMessage(m, ("reply to " + Env.text(m)).getBytes());
                    replier.send(answer, 5000);
                } catch (Exception e) {
                    e.printStackTrace();
                    return ConsumeConcurrentlyStatus.RECONSUME_LATER;
                }
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        c.start();
        DefaultMQProducer asker = env.newProducer("PG_asker" + topic);
        int n = 20;
        for (int i = 0; i < n; i++) {
            Message got = asker.request(message(topic, "t", "k", "question " + i), 20_000);
            same("reply to question " + i, new String(got.getBody()), "reply");
        }
        CountDownLatch left = new CountDownLatch(n);
        AtomicReference<Throwable> wrong = new AtomicReference<>();
        for (int i = 0; i < n; i++) {
            String want = "reply to async " + i;
            asker.request(message(topic, "t", "k", "async " + i), new RequestCallback() {
                @Override
                public void onSuccess(Message m) {
                    if (!new String(m.getBody()).equals(want)) {
                        wrong.set(new AssertionError("want " + want + ", got " + new String(m.getBody())));
                    }
                    left.countDown();
                }

                @Override
                public void onException(Throwable e) {
                    wrong.set(e);
                    left.countDown();
                }
            }, 20_000);
        }
        check(left.await(25, TimeUnit.SECONDS), "callbacks missing: " + left.getCount());
        same(null, wrong.get(), "exception");
        return 2 * n + " replies";
    }

    static String timeout(Env env) throws Exception {
        String topic = env.create("requestNobody", 1);
        try {
            env.newProducer("PG_lonely" + topic).request(message(topic, "t", "k", "anybody?"), 1500);
        } catch (RequestTimeoutException e) {
            return "timed out as it should";
        }
        throw new AssertionError("a reply from nobody");
    }
}
