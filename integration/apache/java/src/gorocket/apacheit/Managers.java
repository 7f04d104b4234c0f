package gorocket.apacheit;

import java.util.concurrent.ConcurrentMap;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.remoting.protocol.admin.ConsumeStats;
import org.apache.rocketmq.remoting.protocol.admin.OffsetWrapper;
import org.apache.rocketmq.remoting.protocol.subscription.SubscriptionGroupConfig;
import org.apache.rocketmq.store.config.MessageStoreConfig;

/** What tests may ask of a broker's managers, answered by admin requests. */
final class Managers {
    private Managers() {
    }

    static final class Topics {
        private final String broker;

        Topics(String broker) {
            this.broker = broker;
        }

        public ConcurrentMap<String, TopicConfig> getTopicConfigTable() {
            return Ask.now(() -> Ask.admin().getAllTopicConfig(broker, Ask.MILLIS).getTopicConfigTable());
        }

        public TopicConfig selectTopicConfig(String topic) {
            return getTopicConfigTable().get(topic);
        }

        public void updateTopicConfig(TopicConfig topic) {
            Ask.now(() -> {
                Ask.admin().createAndUpdateTopicConfig(broker, topic);
                return null;
            });
        }
    }

    static final class Groups {
        private final String broker;

        Groups(String broker) {
            this.broker = broker;
        }

        public SubscriptionGroupConfig findSubscriptionGroupConfig(String group) {
            return Ask.now(() -> Ask.admin().examineSubscriptionGroupConfig(broker, group));
        }

        public void updateSubscriptionGroupConfig(SubscriptionGroupConfig group) {
            Ask.now(() -> {
                Ask.admin().createAndUpdateSubscriptionGroupConfig(broker, group);
                return null;
            });
        }
    }

    static final class Offsets {
        private final String broker;

        Offsets(String broker) {
            this.broker = broker;
        }

        public long queryOffset(String group, String topic, int queue) {
            return Ask.committed(broker, group, topic, queue);
        }

        /** Consume stats are the only answer that has it. */
        public long queryPullOffset(String group, String topic, int queue) {
            ConsumeStats stats = Ask.now(() -> Ask.api().getConsumeStats(broker, group, topic, Ask.MILLIS));
            return stats.getOffsetTable().entrySet().stream()
                .filter(e -> e.getKey().getQueueId() == queue && e.getKey().getTopic().equals(topic))
                .mapToLong(e -> e.getValue().getPullOffset()).findFirst().orElse(-1);
        }
    }

    static final class Order {
        private final String broker;

        Order(String broker) {
            this.broker = broker;
        }

        /** The tests that ask have popped all: the queue is blocked as long as the group's offset stands before its end. */
        public boolean checkBlock(String attempt, String topic, String group, int queue, long invisibleTime) {
            return Ask.committed(broker, group, topic, queue) < Ask.maxOffset(broker, topic, queue);
        }
    }

    static final class Store {
        private final String broker;
        private final MessageStoreConfig config;

        Store(String broker, MessageStoreConfig config) {
            this.broker = broker;
            this.config = config;
        }

        public MessageStoreConfig getMessageStoreConfig() {
            return config;
        }

        public long getMaxOffsetInQueue(String topic, int queue) {
            return Ask.maxOffset(broker, topic, queue);
        }

        public long getMinOffsetInQueue(String topic, int queue) {
            return Ask.minOffset(broker, topic, queue);
        }

        /** Callers want 0 and some give it half a second, which a request may need alone: so the waiting is here. */
        public long dispatchBehindBytes() throws Exception {
            for (int tries = 0; ; tries++) {
                String behind = Ask.admin().fetchBrokerRuntimeStats(broker).getTable().getOrDefault("dispatchBehindBytes", "0");
                if (behind.equals("0") || tries == 100) {
                    return Long.parseLong(behind);
                }
                Thread.sleep(100);
            }
        }
    }

    static final class Outer {
        private final long knowsPeers = System.currentTimeMillis() + Long.getLong("apache.peersMillis", 0);

        /** A broker asks for its peers' addresses by itself, 10 s after its start and then every 5 s: wait for that. */
        public void refreshMetadata() throws InterruptedException {
            Thread.sleep(Math.max(0, knowsPeers - System.currentTimeMillis()));
        }
    }
}
