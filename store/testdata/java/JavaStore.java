import java.io.File;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.concurrent.*;
import org.apache.rocketmq.common.BrokerConfig;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.message.*;
import org.apache.rocketmq.store.*;
import org.apache.rocketmq.store.config.*;
import org.apache.rocketmq.store.stats.BrokerStatsManager;

/** Opens a store with Apache's DefaultMessageStore 5.x. Usage: JavaStore DIR SECONDS-FREE-PORT write FIRST COUNT clean|kill, or: dump clean|kill. */
public class JavaStore {
    static DefaultMessageStore open(String dir, int port) throws Exception {
        MessageStoreConfig c = new MessageStoreConfig();
        c.setStorePathRootDir(dir);
        c.setStorePathCommitLog(dir + File.separator + "commitlog");
        c.setMappedFileSizeCommitLog(64 * 1024);
        c.setMappedFileSizeConsumeQueue(100 * 20);
        c.setMaxHashSlotNum(100);
        c.setMaxIndexNum(400);
        c.setHaListenPort(port);
        c.setFlushDiskType(FlushDiskType.ASYNC_FLUSH);
        c.setDiskMaxUsedSpaceRatio(99);
        c.setTimerWheelEnable(false);
        BrokerConfig b = new BrokerConfig();
        ConcurrentMap<String, TopicConfig> topics = new ConcurrentHashMap<>();
        DefaultMessageStore s = new DefaultMessageStore(c, new BrokerStatsManager(b), null, b, topics);
        if (!s.load()) throw new IllegalStateException("load failed");
        s.start();
        return s;
    }

    static MessageExtBrokerInner message(int i) {
        MessageExtBrokerInner m = new MessageExtBrokerInner();
        m.setTopic("JT" + i % 2);
        m.setQueueId(i % 3);
        m.setBody(("java-" + i).getBytes(StandardCharsets.UTF_8));
        m.setTags("Tag" + i % 4);
        m.setKeys("jk" + i + " even" + i % 2);
        m.setFlag(i);
        m.setBornTimestamp(1700000000000L + i);
        m.setBornHost(i % 5 == 0 ? new InetSocketAddress("2001:db8::5", 999) : new InetSocketAddress("10.0.0.1", 999));
        if (i % 5 == 0) m.setBornHostV6Flag();
        m.setStoreHost(new InetSocketAddress("127.0.0.1", 10911));
        m.setTagsCode(MessageExtBrokerInner.tagsString2tagsCode(null, m.getTags()));
        m.setPropertiesString(MessageDecoder.messageProperties2String(m.getProperties()));
        return m;
    }

    static void write(DefaultMessageStore s, int first, int count) {
        for (int i = first; i < first + count; i++) {
            PutMessageResult r = s.putMessage(message(i));
            if (!r.isOk()) throw new IllegalStateException("put " + i + " " + r.getPutMessageStatus());
        }
    }

    static void dump(DefaultMessageStore s) throws Exception {
        for (Map.Entry<String, ?> t : new TreeMap<>(s.getConsumeQueueTable()).entrySet()) {
            for (Object q : new TreeSet<>(((Map<?, ?>) t.getValue()).keySet())) dumpQueue(s, t.getKey(), (Integer) q);
        }
        for (String key : new String[] {"jk3", "gk3", "none"}) {
            for (String topic : new String[] {"JT0", "JT1", "GT0", "GT1"}) {
                QueryMessageResult r = s.queryMessage(topic, key, 64, 0, Long.MAX_VALUE);
                System.out.println("INDEX " + topic + " " + key + " " + r.getMessageBufferList().size());
                r.release();
            }
        }
    }

    static void dumpQueue(DefaultMessageStore s, String topic, int queue) throws Exception {
        long min = s.getMinOffsetInQueue(topic, queue), max = s.getMaxOffsetInQueue(topic, queue);
        System.out.println("QUEUE " + topic + " " + queue + " " + min + " " + max);
        for (long at = min; at < max; ) {
            GetMessageResult r = s.getMessage("g", topic, queue, at, 32, null);
            if (r == null || r.getStatus() != GetMessageStatus.FOUND) {
                System.out.println("STOP " + at + " " + (r == null ? null : r.getStatus()));
                return;
            }
            for (java.nio.ByteBuffer b : r.getMessageBufferList()) {
                MessageExt m = MessageDecoder.decode(b.duplicate());
                System.out.println("MSG " + topic + " " + queue + " " + m.getQueueOffset() + " " + m.getCommitLogOffset() + " " + m.getFlag() + " "
                    + new String(m.getBody(), StandardCharsets.UTF_8) + " " + m.getTags() + " " + m.getKeys());
            }
            at = r.getNextBeginOffset();
            r.release();
        }
    }

    public static void main(String[] a) throws Exception {
        DefaultMessageStore s = open(a[0], Integer.parseInt(a[1]));
        if (a[2].equals("write")) write(s, Integer.parseInt(a[3]), Integer.parseInt(a[4]));
        long end = System.currentTimeMillis() + 20000;
        while (s.dispatchBehindBytes() > 0 && System.currentTimeMillis() < end) Thread.sleep(10);
        dump(s);
        System.out.flush();
        if (a[a.length - 1].equals("clean")) s.shutdown();
        Runtime.getRuntime().halt(0);
    }
}
