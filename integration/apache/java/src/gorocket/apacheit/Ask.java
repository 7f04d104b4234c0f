package gorocket.apacheit;

import java.util.concurrent.Callable;
import org.apache.rocketmq.client.exception.OffsetNotFoundException;
import org.apache.rocketmq.client.impl.MQClientAPIImpl;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.header.QueryConsumerOffsetRequestHeader;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** Questions to the server processes. One admin client serves the whole JVM. */
final class Ask {
    static final long MILLIS = 10_000;
    private static DefaultMQAdminExt admin;
    private static String namesrv;

    private Ask() {
    }

    static synchronized void at(String address) {
        namesrv = address;
    }

    static synchronized String namesrv() {
        return namesrv;
    }

    static synchronized DefaultMQAdminExt admin() {
        if (admin == null) {
            DefaultMQAdminExt a = new DefaultMQAdminExt(MILLIS);
            a.setInstanceName("gorocket-apache-it");
            a.setNamesrvAddr(namesrv);
            now(() -> {
                a.start();
                return null;
            });
            admin = a;
        }
        return admin;
    }

    static MQClientAPIImpl api() {
        return admin().getDefaultMQAdminExtImpl().getMqClientInstance().getMQClientAPIImpl();
    }

    /** The method signatures of the server classes have no checked exceptions. */
    static <T> T now(Callable<T> question) {
        try {
            return question.call();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    static long maxOffset(String broker, String topic, int queue) {
        return now(() -> api().getMaxOffset(broker, new MessageQueue(topic, "", queue), MILLIS));
    }

    static long minOffset(String broker, String topic, int queue) {
        return now(() -> api().getMinOffset(broker, new MessageQueue(topic, "", queue), MILLIS));
    }

    /** -1 when the group has none. */
    static long committed(String broker, String group, String topic, int queue) {
        QueryConsumerOffsetRequestHeader h = new QueryConsumerOffsetRequestHeader();
        h.setConsumerGroup(group);
        h.setTopic(topic);
        h.setQueueId(queue);
        h.setSetZeroIfNotFound(false);
        return now(() -> {
            try {
                return api().queryConsumerOffset(broker, h, MILLIS);
            } catch (OffsetNotFoundException e) {
                return -1L;
            }
        });
    }
}
