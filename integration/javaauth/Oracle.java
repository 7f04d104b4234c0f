import com.alibaba.fastjson2.JSON;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.apache.rocketmq.acl.common.AclSigner;
import org.apache.rocketmq.auth.authentication.builder.DefaultAuthenticationContextBuilder;
import org.apache.rocketmq.auth.authentication.model.User;
import org.apache.rocketmq.auth.authorization.builder.DefaultAuthorizationContextBuilder;
import org.apache.rocketmq.auth.authorization.chain.AclAuthorizationHandler;
import org.apache.rocketmq.auth.authorization.context.DefaultAuthorizationContext;
import org.apache.rocketmq.auth.authorization.model.Acl;
import org.apache.rocketmq.auth.authorization.model.Resource;
import org.apache.rocketmq.auth.authorization.provider.AuthorizationMetadataProvider;
import org.apache.rocketmq.auth.config.AuthConfig;
import org.apache.rocketmq.common.action.Action;
import org.apache.rocketmq.common.resource.ResourcePattern;
import org.apache.rocketmq.common.resource.ResourceType;
import org.apache.rocketmq.remoting.protocol.RemotingCommand;
import org.apache.rocketmq.remoting.protocol.RequestHeaderRegistry;

/**
 * Apache's own users and permissions behind a pipe. One request a line, one answer a line; words are separated by one blank, texts are base64 of
 * UTF-8, "-" is null.
 *
 *   decide ACL (TYPE NAME ACTIONS IP)...   "ok " + one letter for each question: A allowed, U no matched policies, D denied, X an exception
 *   needs CODE BODY (KEY VALUE)...         "ok " + base64 of the resources and actions, by semicolons; or "error " + the text of the exception
 *   sign CODE VERSION SECRET BODY (KEY VALUE)...   "ok " + the signature
 */
public class Oracle {
    private static final ChannelHandlerContext CONTEXT = context();
    private static final DefaultAuthorizationContextBuilder NEEDS = needs();
    private static Acl acl;

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII), 1 << 16);
        PrintStream answers = System.out;
        System.setOut(System.err); // log frameworks print to it
        BufferedWriter out = new BufferedWriter(new OutputStreamWriter(answers, StandardCharsets.US_ASCII), 1 << 16);
        AclAuthorizationHandler handler = handler();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.write(answer(handler, line.split(" ", -1)));
            out.write('\n');
            if (!in.ready()) {
                out.flush();
            }
        }
        out.flush();
    }

    private static String answer(AclAuthorizationHandler handler, String[] w) {
        try {
            switch (w[0]) {
                case "decide":
                    return decide(handler, w);
                case "needs":
                    return "ok " + base64(NEEDS.build(CONTEXT, command(w[1], "513", w[2], w, 3)).stream().map(Oracle::show)
                        .collect(Collectors.joining(";")));
                case "sign":
                    byte[] content = new DefaultAuthenticationContextBuilder().build(CONTEXT, command(w[1], w[2], w[4], w, 5)).getContent();
                    return "ok " + AclSigner.calSignature(content == null ? new byte[0] : content, text(w[3]));
                default:
                    return "error " + base64("no such command");
            }
        } catch (Throwable e) {
            return "error " + base64(String.valueOf(e.getMessage()));
        }
    }

    private static String decide(AclAuthorizationHandler handler, String[] w) {
        acl = JSON.parseObject(text(w[1]).getBytes(StandardCharsets.UTF_8), Acl.class);
        StringBuilder out = new StringBuilder("ok ");
        for (int i = 2; i < w.length; i += 4) {
            List<Action> actions = new ArrayList<>();
            for (String name : text(w[i + 2]).split(",")) {
                actions.add(Action.getByName(name));
            }
            Resource resource = Resource.of(ResourceType.getByName(text(w[i])), text(w[i + 1]), ResourcePattern.LITERAL);
            out.append(verdict(handler, DefaultAuthorizationContext.of(User.of("u"), resource, actions, text(w[i + 3]))));
        }
        return out.toString();
    }

    private static char verdict(AclAuthorizationHandler handler, DefaultAuthorizationContext ask) {
        try {
            handler.handle(ask, null).join();
            return 'A';
        } catch (Throwable e) {
            String message = String.valueOf(e.getMessage());
            return message.endsWith("no matched policies.") ? 'U' : message.endsWith("the decision is deny.") ? 'D' : 'X';
        }
    }

    private static String show(DefaultAuthorizationContext c) {
        return c.getResource().getResourceKey() + " "
            + c.getActions().stream().sorted().map(Action::getName).collect(Collectors.joining(","));
    }

    private static RemotingCommand command(String code, String version, String body, String[] w, int at) {
        RemotingCommand c = RemotingCommand.createRequestCommand(Integer.parseInt(code), null);
        c.setVersion(Integer.parseInt(version));
        HashMap<String, String> fields = new HashMap<>();
        for (; at < w.length; at += 2) {
            fields.put(text(w[at]), text(w[at + 1]));
        }
        c.setExtFields(fields);
        String text = text(body);
        c.setBody(text == null ? null : text.getBytes(StandardCharsets.UTF_8));
        return c;
    }

    private static ChannelHandlerContext context() {
        EmbeddedChannel channel = new EmbeddedChannel();
        return (ChannelHandlerContext) Proxy.newProxyInstance(Oracle.class.getClassLoader(), new Class<?>[] {ChannelHandlerContext.class},
            (proxy, method, args) -> channel);
    }

    private static DefaultAuthorizationContextBuilder needs() {
        RequestHeaderRegistry.getInstance().initialize();
        AuthConfig config = new AuthConfig();
        config.setClusterName("own");
        return new DefaultAuthorizationContextBuilder(config);
    }

    private static AclAuthorizationHandler handler() throws Exception {
        AclAuthorizationHandler handler = new AclAuthorizationHandler(new AuthConfig());
        Field provider = AclAuthorizationHandler.class.getDeclaredField("authorizationMetadataProvider");
        provider.setAccessible(true);
        provider.set(handler, Proxy.newProxyInstance(Oracle.class.getClassLoader(), new Class<?>[] {AuthorizationMetadataProvider.class},
            (proxy, method, args) -> CompletableFuture.completedFuture(acl)));
        return handler;
    }

    private static String text(String word) {
        return word.equals("-") ? null : new String(Base64.getDecoder().decode(word), StandardCharsets.UTF_8);
    }

    private static String base64(String s) {
        return Base64.getEncoder().encodeToString(s.getBytes(StandardCharsets.UTF_8));
    }
}
