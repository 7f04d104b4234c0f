// Package trans follows transactions. A half message lies in RMQ_SYS_TRANS_HALF_TOPIC, its real topic and queue in
// its properties, until its producer commits it (a copy goes to the real topic) or rolls it back; op messages note on
// disk which have ended. Producers that say nothing are asked. The progress in both queues is the consumer offset of
// CID_RMQ_SYS_TRANS, so a Java broker goes on where we stopped, and we where it did. Java:
// TransactionalMessageServiceImpl, TransactionalMessageBridge, TransactionalMessageCheckService.
//
// What we do better on the same bytes: a half message that ended is delivered once, even if its producer answers
// twice or for an older copy; one with CHECK_IMMUNITY_TIME_IN_SECONDS is not counted as asked while it is immune;
// progress is noted only behind a flush.
package trans
