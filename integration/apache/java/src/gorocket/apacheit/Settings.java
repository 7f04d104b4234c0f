package gorocket.apacheit;

import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.rocketmq.common.BrokerConfig;
import org.apache.rocketmq.common.MixAll;
import org.apache.rocketmq.store.config.MessageStoreConfig;

/** The settings that Apache's class gives the brokers of its tests, and their way into a properties file. */
public final class Settings {
    private Settings() {
    }

    public static BrokerConfig forTests(BrokerConfig broker) {
        broker.setBrokerIP1("127.0.0.1");
        broker.setEnablePropertyFilter(true);
        broker.setEnableCalcFilterBitMap(true);
        broker.setAppendAckAsync(true);
        broker.setAppendCkAsync(true);
        broker.setRecallMessageEnable(true);
        broker.setPopConsumerKVServiceInit(true);
        broker.setLoadBalancePollNameServerInterval(500);
        return broker;
    }

    public static MessageStoreConfig forTests(String dir, int commitLogSize, int indexEntries) {
        MessageStoreConfig store = new MessageStoreConfig();
        store.setStorePathRootDir(dir);
        store.setStorePathCommitLog(dir + "/commitlog");
        store.setMappedFileSizeCommitLog(commitLogSize);
        store.setMaxIndexNum(indexEntries);
        store.setMaxHashSlotNum(4 * indexEntries);
        store.setEnableConsumeQueueExt(true);
        store.setMaxTransferCountOnMessageInMemory(1024);
        store.setMaxTransferCountOnMessageInDisk(1024);
        store.setDeleteWhen(IntStream.range(0, 24).mapToObj(h -> String.format("%02d", h)).collect(Collectors.joining(";")));
        return store;
    }

    /** The same settings in an object of the plain class: what tests hand over may be a stand-in. */
    static BrokerConfig plain(BrokerConfig from) {
        BrokerConfig to = new BrokerConfig();
        MixAll.properties2Object(MixAll.object2Properties(from), to);
        return to;
    }

    /** Adds what differs from the defaults. */
    static void addChanges(Properties to, Object bean, Object defaults) {
        Properties initial = MixAll.object2Properties(defaults);
        MixAll.object2Properties(bean).forEach((key, value) -> {
            if (!value.equals(initial.get(key))) {
                to.put(key, value);
            }
        });
    }
}
