package org.apache.rocketmq.test.client.rmq;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PopResult;
import org.apache.rocketmq.client.consumer.PopStatus;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.test.listener.AbstractListener;

/**
 * Stands in for Apache's class of this name in the group recall only: its tests are about recalled messages and use POP just to read what was delivered.
 * This one pulls, each message once. It goes when the broker can POP.
 */
public class RMQPopConsumer extends RMQNormalConsumer {
    private static final int MOST = 16;

    private final DefaultMQPullConsumer pull;
    private final Map<MessageQueue, Long> next = new HashMap<>();

    public RMQPopConsumer(String nsAddr, String topic, String subExpression, String consumerGroup, AbstractListener listener) {
        super(nsAddr, topic, subExpression, consumerGroup, listener);
        pull = new DefaultMQPullConsumer(consumerGroup);
        pull.setNamesrvAddr(nsAddr);
        pull.setInstanceName(UUID.randomUUID().toString());
    }

    @Override
    public void start() {
        try {
            pull.start();
        } catch (MQClientException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void shutdown() {
        pull.shutdown();
    }

    public PopResult pop(String brokerAddr, MessageQueue queue, long invisibleMillis, long waitMillis) throws Exception {
        PullResult found = pull.pull(queue, "*", next.getOrDefault(queue, 0L), MOST);
        next.put(queue, found.getNextBeginOffset());
        if (found.getPullStatus() != PullStatus.FOUND) {
            return new PopResult(PopStatus.POLLING_NOT_FOUND, Collections.emptyList());
        }
        return new PopResult(PopStatus.FOUND, found.getMsgFoundList());
    }
}
