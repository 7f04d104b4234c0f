package gorocket.apacheit;

import java.util.List;
import java.util.Properties;
import org.apache.rocketmq.common.namesrv.NamesrvConfig;
import org.apache.rocketmq.namesrv.NamesrvController;
import org.apache.rocketmq.remoting.netty.NettyServerConfig;

/** What tests may ask of NamesrvController. */
public final class NamesrvSide {
    private final Child child;
    private final NettyServerConfig net = new NettyServerConfig();
    private final NamesrvConfig config = StandIn.reporting(new NamesrvConfig(), NamesrvSide::change);

    private NamesrvSide(Child child) {
        this.child = child;
        net.setListenPort(child.port);
    }

    public static NamesrvController start(String dir) {
        int port = Child.freePort();
        Properties conf = new Properties();
        conf.setProperty("listenPort", "" + port);
        conf.setProperty("kvConfigPath", dir + "/kvConfig.json");
        conf.setProperty("configStorePath", dir + "/namesrv.properties");
        Child c = Ask.now(() -> Child.start("namesrv", "namesrv", dir, port, conf));
        Ask.at("127.0.0.1:" + port);
        return StandIn.answeredBy(NamesrvController.class, new NamesrvSide(c));
    }

    private static void change(String key, Object value) {
        Properties p = new Properties();
        p.setProperty(key, value.toString());
        Ask.now(() -> {
            Ask.admin().updateNameServerConfig(p, List.of(Ask.namesrv()));
            return null;
        });
    }

    public NettyServerConfig getNettyServerConfig() {
        return net;
    }

    public NamesrvConfig getNamesrvConfig() {
        return config;
    }

    public void shutdown() {
        child.stop();
    }
}
