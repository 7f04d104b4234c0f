// Command apache runs the integration tests that Apache publishes with RocketMQ 5.5.0 (Maven artifact rocketmq-test,
// classifier tests) against our binaries: their clients, their assertions, our NameServer and three of our brokers as
// processes. Only their class IntegrationTestBase, which would start Java servers inside the test JVM, is replaced by
// the one in java/src, which starts processes and answers what tests ask of a BrokerController by admin requests. None
// of the published tests uses request-reply: RequestReplyIT (group rpc) is our own. Those of the group recall read with
// POP; java/recall lets them pull until POP is there.
//
//	GOROCKET_BIN=../bin go run ./apache                               # all groups of what works
//	go run ./apache -groups "smoke send"
//	go run ./apache -classes "SqlFilterIT OrderMsgIT#testOrderMsg"
//	go run ./apache -server java -groups smoke                        # Apache's servers: is the test right?
//
// To record baseline.tsv anew: go run ./apache -server java -groups all -out results.tsv on a quiet machine (half an
// hour), columns 1 to 4 of it; the rows "left-out" stay as they are: those methods look into the broker's memory and
// are not run.
//
// It needs a JDK and Maven and, the first time, Maven Central (jars stay in .work). baseline.tsv says what passes on
// Apache's own servers; the exit status is 1 when one of those fails here. What failed runs once more alone, with new
// servers, before it counts (-retry).
package main
