package gorocket.apacheit;

import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.broker.BrokerController;
import org.apache.rocketmq.broker.offset.ConsumerOffsetManager;
import org.apache.rocketmq.broker.out.BrokerOuterAPI;
import org.apache.rocketmq.broker.pop.orderly.ConsumerOrderInfoManager;
import org.apache.rocketmq.broker.subscription.SubscriptionGroupManager;
import org.apache.rocketmq.broker.topic.TopicConfigManager;
import org.apache.rocketmq.common.BrokerConfig;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.remoting.RPCHook;
import org.apache.rocketmq.remoting.protocol.body.ClusterInfo;
import org.apache.rocketmq.store.DefaultMessageStore;
import org.apache.rocketmq.store.MessageStore;
import org.apache.rocketmq.store.config.MessageStoreConfig;

/** What tests may ask of BrokerController; the managers behind it are in Managers. */
public final class BrokerSide {
    private final Child child;
    private final String address;
    private final BrokerConfig config;
    private final MessageStoreConfig storeConfig;
    private final TopicConfigManager topics;
    private final SubscriptionGroupManager groups;
    private final ConsumerOffsetManager offsets;
    private final ConsumerOrderInfoManager order;
    private final MessageStore store;
    private final BrokerOuterAPI outer;

    private BrokerSide(Child child, String address, BrokerConfig config, MessageStoreConfig storeConfig) {
        this.child = child;
        this.address = address;
        this.config = StandIn.reporting(config, this::change);
        this.storeConfig = StandIn.reporting(storeConfig, this::change);
        topics = StandIn.answeredBy(TopicConfigManager.class, new Managers.Topics(address));
        groups = StandIn.answeredBy(SubscriptionGroupManager.class, new Managers.Groups(address));
        offsets = StandIn.answeredBy(ConsumerOffsetManager.class, new Managers.Offsets(address));
        order = StandIn.answeredBy(ConsumerOrderInfoManager.class, new Managers.Order(address));
        // tests check this class
        store = StandIn.answeredBy(DefaultMessageStore.class, new Managers.Store(address, this.storeConfig));
        outer = StandIn.answeredBy(BrokerOuterAPI.class, new Managers.Outer());
    }

    /** Returns when the name server lists the broker. */
    public static BrokerController start(BrokerConfig wanted, MessageStoreConfig store) {
        BrokerConfig broker = Settings.plain(wanted);
        int port = Child.freePort();
        broker.setListenPort(port);
        store.setHaListenPort(port + 1);
        Properties conf = new Properties();
        Settings.addChanges(conf, broker, new BrokerConfig());
        Settings.addChanges(conf, store, new MessageStoreConfig());
        // these count even where they are the default
        conf.setProperty("brokerName", broker.getBrokerName());
        conf.setProperty("brokerClusterName", broker.getBrokerClusterName());
        conf.setProperty("brokerId", "" + broker.getBrokerId());
        conf.setProperty("listenPort", "" + port);
        addExtra(conf);
        String address = broker.getBrokerIP1() + ":" + port;
        Child c = Ask.now(() -> Child.start("broker", broker.getBrokerName(), store.getStorePathRootDir(), port, conf));
        Ask.now(() -> {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (!listed(broker.getBrokerName(), address)) {
                c.check(end, "is not listed by its name server");
            }
            return null;
        });
        return StandIn.answeredBy(BrokerController.class, new BrokerSide(c, address, broker, store));
    }

    /** Settings for every broker of the run: "key=value key=value". */
    private static void addExtra(Properties conf) {
        for (String pair : System.getProperty("apache.brokerConf", "").split(" ")) {
            int at = pair.indexOf('=');
            if (at > 0) {
                conf.setProperty(pair.substring(0, at), pair.substring(at + 1));
            }
        }
    }

    private static boolean listed(String name, String address) {
        try {
            ClusterInfo all = Ask.admin().examineBrokerClusterInfo();
            return all.getBrokerAddrTable().get(name).getBrokerAddrs().containsValue(address);
        } catch (Exception e) {
            return false;
        }
    }

    /** Tests also change settings of a broker that they have shut down, for the next one. */
    private void change(String key, Object value) {
        if (!child.runs()) {
            return;
        }
        Properties p = new Properties();
        p.setProperty(key, value.toString());
        Ask.now(() -> {
            Ask.admin().updateBrokerConfig(address, p);
            return null;
        });
    }

    public String getBrokerAddr() {
        return address;
    }

    public BrokerConfig getBrokerConfig() {
        return config;
    }

    public MessageStoreConfig getMessageStoreConfig() {
        return storeConfig;
    }

    public TopicConfigManager getTopicConfigManager() {
        return topics;
    }

    public SubscriptionGroupManager getSubscriptionGroupManager() {
        return groups;
    }

    public ConsumerOffsetManager getConsumerOffsetManager() {
        return offsets;
    }

    public ConsumerOrderInfoManager getConsumerOrderInfoManager() {
        return order;
    }

    public MessageStore getMessageStore() {
        return store;
    }

    public BrokerOuterAPI getBrokerOuterAPI() {
        return outer;
    }

    /** There is no request for it; any change of a topic makes a broker register. */
    public void registerBrokerAll(boolean checkOrder, boolean oneway, boolean force) throws InterruptedException {
        topics.updateTopicConfig(new TopicConfig("apache-it-touch", 1, 1));
        Thread.sleep(300);
    }

    public void registerServerRPCHook(RPCHook hook) {
        Hooks.inClients(hook);
    }

    public void shutdown() {
        child.stop();
    }
}
