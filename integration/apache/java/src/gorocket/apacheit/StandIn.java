package gorocket.apacheit;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.function.BiConsumer;
import org.mockito.Mockito;
import org.mockito.stubbing.Answer;

/** Objects of Apache's server classes that no constructor made: what they cannot answer from outside fails loudly. */
final class StandIn {
    private StandIn() {
    }

    /** Passes each call to the method of the same name and parameters of the answering object; a call without one throws. */
    static <T> T answeredBy(Class<T> type, Object answering) {
        Answer<Object> pass = call -> {
            Method m = call.getMethod();
            Method own;
            try {
                own = answering.getClass().getMethod(m.getName(), m.getParameterTypes());
            } catch (NoSuchMethodException e) {
                throw new UnsupportedOperationException(m + " cannot be asked of a process");
            }
            own.setAccessible(true);
            try {
                return own.invoke(answering, call.getArguments());
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        };
        return Mockito.mock(type, Mockito.withSettings().stubOnly().defaultAnswer(pass));
    }

    /** A copy of a bean whose setters also report the property: setAbc(x) reports "abc", x. */
    static <T> T reporting(T bean, BiConsumer<String, Object> changed) {
        Answer<Object> report = call -> {
            Object result = call.callRealMethod();
            String name = call.getMethod().getName();
            if (name.startsWith("set") && call.getArguments().length == 1) {
                changed.accept(Character.toLowerCase(name.charAt(3)) + name.substring(4), call.getArgument(0));
            }
            return result;
        };
        @SuppressWarnings("unchecked")
        Class<T> type = (Class<T>) bean.getClass();
        return Mockito.mock(type, Mockito.withSettings().stubOnly().spiedInstance(bean).defaultAnswer(report));
    }
}
