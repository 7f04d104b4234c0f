import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;

import org.apache.rocketmq.broker.filter.ConsumerFilterManager;
import org.apache.rocketmq.broker.filter.MessageEvaluationContext;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.filter.FilterFactory;
import org.apache.rocketmq.filter.expression.Expression;
import org.apache.rocketmq.filter.util.BitsArray;
import org.apache.rocketmq.filter.util.BloomFilter;

/**
 * Apache's own SQL92 filter behind a pipe. One request a line, one answer a line; words are separated by one blank, texts are base64 of UTF-8.
 *
 *   filter EXPR PROPS...     "ok " + one letter for each property text: T, F, N (null) or X (an exception)
 *                            or "error " + the text of the exception, which is the broker's remark
 *   bloom F N TEXT           "ok k m pos,pos,..."
 *   bits F N TEXT...         "ok " + the bit map with all texts hashed into it
 *   json GROUP TOPIC EXPR    "ok " + consumerFilter.json of a manager with this one entry
 *   load JSON                "ok " + consumerFilter.json after decode
 */
public class Oracle {

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII), 1 << 16);
        PrintStream answers = System.out;
        System.setOut(System.err); // log frameworks print to it
        BufferedWriter out = new BufferedWriter(new OutputStreamWriter(answers, StandardCharsets.US_ASCII), 1 << 16);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.write(answer(line.split(" ", -1)));
            out.write('\n');
            if (!in.ready()) {
                out.flush();
            }
        }
        out.flush();
    }

    private static String answer(String[] w) {
        try {
            switch (w[0]) {
                case "filter":
                    return filter(w);
                case "bloom":
                    return bloom(w);
                case "bits":
                    return bits(w);
                case "json":
                    ConsumerFilterManager manager = new ConsumerFilterManager();
                    manager.register(text(w[2]), text(w[1]), text(w[3]), "SQL92", 7L);
                    return "ok " + base64(manager.encode(true));
                case "load":
                    ConsumerFilterManager loaded = new ConsumerFilterManager();
                    loaded.decode(text(w[1]));
                    return "ok " + base64(loaded.encode(true));
                default:
                    return "error " + base64("unknown request");
            }
        } catch (Throwable t) {
            return "error " + base64(String.valueOf(t.getMessage()));
        }
    }

    private static String filter(String[] w) throws Exception {
        Expression e = FilterFactory.INSTANCE.get("SQL92").compile(text(w[1]));
        StringBuilder answer = new StringBuilder("ok ");
        for (int i = 2; i < w.length; i++) {
            answer.append(letter(e, MessageDecoder.string2messageProperties(text(w[i]))));
        }
        return answer.toString();
    }

    private static char letter(Expression e, Map<String, String> properties) {
        try {
            Object result = e.evaluate(new MessageEvaluationContext(properties));
            return result == null ? 'N' : !(result instanceof Boolean) ? '?' : (Boolean) result ? 'T' : 'F';
        } catch (Throwable t) {
            return 'X';
        }
    }

    private static String bloom(String[] w) {
        BloomFilter filter = BloomFilter.createByFn(Integer.parseInt(w[1]), Integer.parseInt(w[2]));
        String positions = Arrays.toString(filter.generate(text(w[3])).getBitPos()).replaceAll("[\\[\\] ]", "");
        return "ok " + filter.getK() + " " + filter.getM() + " " + positions;
    }

    private static String bits(String[] w) {
        BloomFilter filter = BloomFilter.createByFn(Integer.parseInt(w[1]), Integer.parseInt(w[2]));
        BitsArray bits = BitsArray.create(filter.getM());
        for (int i = 3; i < w.length; i++) {
            filter.hashTo(text(w[i]), bits);
        }
        return "ok " + Base64.getEncoder().encodeToString(bits.bytes());
    }

    private static String text(String base64) {
        return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
