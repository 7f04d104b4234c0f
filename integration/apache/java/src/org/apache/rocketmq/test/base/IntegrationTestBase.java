package org.apache.rocketmq.test.base;

import gorocket.apacheit.BrokerSide;
import gorocket.apacheit.NamesrvSide;
import gorocket.apacheit.Settings;
import java.io.File;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.apache.rocketmq.broker.BrokerController;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.common.BrokerConfig;
import org.apache.rocketmq.common.TopicAttributes;
import org.apache.rocketmq.common.attribute.CQType;
import org.apache.rocketmq.common.attribute.TopicMessageType;
import org.apache.rocketmq.namesrv.NamesrvController;
import org.apache.rocketmq.store.config.MessageStoreConfig;
import org.apache.rocketmq.test.util.MQAdminTestUtils;

/**
 * Takes the place of the published class of this name by standing before it in the class path. It has the members that the tests use and returns
 * stand-ins for servers that run as processes of their own.
 */
public class IntegrationTestBase {
    public static volatile int commitLogSize = 100 * 1024 * 1024;
    private static final int TOPIC_WAIT_SECONDS = 30;
    private static final int INDEX_ENTRIES = 1000;
    private static int brokers;

    public static String createBaseDir() {
        return new File(System.getProperty("java.io.tmpdir"), "base-" + UUID.randomUUID()).getPath();
    }

    public static NamesrvController createAndStartNamesrv() {
        return NamesrvSide.start(createBaseDir());
    }

    public static BrokerController createAndStartBroker(String namesrv) {
        BrokerConfig broker = new BrokerConfig();
        broker.setBrokerName("TestBrokerName_" + nextNumber());
        broker.setNamesrvAddr(namesrv);
        return BrokerSide.start(Settings.forTests(broker), Settings.forTests(createBaseDir(), commitLogSize, INDEX_ENTRIES));
    }

    public static BrokerController createAndStartBroker(MessageStoreConfig store, BrokerConfig broker) {
        return BrokerSide.start(broker, store);
    }

    private static synchronized int nextNumber() {
        return ++brokers;
    }

    public static boolean initTopic(String topic, String namesrv, String cluster, CQType queue) {
        return initTopic(topic, namesrv, cluster, BaseConf.QUEUE_NUMBERS, queue);
    }

    public static boolean initTopic(String topic, String namesrv, String cluster, TopicMessageType type) {
        return initTopic(topic, namesrv, cluster, BaseConf.QUEUE_NUMBERS, CQType.SimpleCQ, type);
    }

    public static boolean initTopic(String topic, String namesrv, String cluster, int queues, CQType queue) {
        return initTopic(topic, namesrv, cluster, queues, queue, TopicMessageType.NORMAL);
    }

    public static boolean initTopic(String topic, String namesrv, String cluster, int queues, CQType queue, TopicMessageType type) {
        return initTopic(topic, namesrv, cluster, queues, queue, type, null);
    }

    public static boolean initTopic(String topic, String namesrv, String cluster, int queues, CQType queue, TopicMessageType type, Long liteTtl) {
        Map<String, String> attributes = new HashMap<>();
        if (queue != CQType.SimpleCQ) {
            attributes.put("+" + TopicAttributes.QUEUE_TYPE_ATTRIBUTE.getName(), queue.name());
        }
        if (type != TopicMessageType.NORMAL) {
            attributes.put("+" + TopicAttributes.TOPIC_MESSAGE_TYPE_ATTRIBUTE.getName(), type.toString());
        }
        if (type == TopicMessageType.LITE && liteTtl != null) {
            attributes.put("+" + TopicAttributes.LITE_EXPIRATION_ATTRIBUTE.getName(), liteTtl.toString());
        }
        return MQAdminTestUtils.createTopic(namesrv, cluster, topic, queues, attributes, TOPIC_WAIT_SECONDS);
    }

    public static void initMQAdmin(String namesrv) {
        try {
            MQAdminTestUtils.startAdmin(namesrv);
        } catch (MQClientException e) {
            throw new IllegalStateException("the tests' admin client", e);
        }
    }
}
