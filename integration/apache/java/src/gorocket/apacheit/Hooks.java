package gorocket.apacheit;

import java.lang.reflect.Field;
import java.util.HashMap;
import org.apache.rocketmq.client.impl.MQClientManager;
import org.apache.rocketmq.client.impl.factory.MQClientInstance;
import org.apache.rocketmq.remoting.RPCHook;
import org.apache.rocketmq.remoting.protocol.RemotingCommand;
import org.mockito.Mockito;
import org.mockito.stubbing.Answer;

/** Moves a hook that a test wants in the broker into every client that this JVM makes from then on: what it does to a request happens before the send. */
final class Hooks {
    private static volatile RPCHook current;

    private Hooks() {
    }

    static synchronized void inClients(RPCHook hook) {
        boolean first = current == null;
        current = hook;
        if (first) {
            Ask.now(() -> {
                replaceManager();
                return null;
            });
        }
    }

    private static void replaceManager() throws ReflectiveOperationException {
        RPCHook relay = new Relay();
        Answer<Object> add = call -> {
            Object made = call.callRealMethod();
            if (made instanceof MQClientInstance) {
                // a client keeps each hook once, however often it is given
                ((MQClientInstance) made).getMQClientAPIImpl().getRemotingClient().registerRPCHook(relay);
            }
            return made;
        };
        Field f = MQClientManager.class.getDeclaredField("instance");
        f.setAccessible(true);
        f.set(null, Mockito.mock(MQClientManager.class,
            Mockito.withSettings().stubOnly().spiedInstance(MQClientManager.getInstance()).defaultAnswer(add)));
    }

    private static final class Relay implements RPCHook {
        @Override
        public void doBeforeRequest(String address, RemotingCommand request) {
            if (request.getExtFields() == null) {
                request.setExtFields(new HashMap<>());
            }
            current.doBeforeRequest(address, request);
        }

        @Override
        public void doAfterResponse(String address, RemotingCommand request, RemotingCommand response) {
            current.doAfterResponse(address, request, response);
        }
    }
}
