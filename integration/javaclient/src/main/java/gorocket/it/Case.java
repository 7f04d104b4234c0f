package gorocket.it;

/** One client case: returns a short note, throws when something is wrong. */
interface Case {
    String run(Env env) throws Exception;
}
