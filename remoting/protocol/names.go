package protocol

// Names of message properties with meaning to brokers and clients (Java: MessageConst, TransactionalMessageUtil). Those
// that the store reads or writes are in store/record and store/timer; names of topics, with their rules, in compat.
const (
	// What a broker adds to a message or its answer.
	PropCluster       = "CLUSTER"
	PropRegion        = "MSG_REGION"
	PropTraceOn       = "TRACE_ON"
	PropPopCheckPoint = "POP_CK"

	// Retries.
	PropRetryTopic = "RETRY_TOPIC"
	PropOriginID   = "ORIGIN_MESSAGE_ID"

	PropShardingKey   = "__SHARDINGKEY" // FIFO topics of 5.x clients
	PropBornTimestamp = "BORN_TIMESTAMP"
	PropPriority      = "_SYS_MSG_PRIORITY_" // a number from 0; the queue of a topic with priorities

	// Timer messages: when they are due, in one of three forms.
	PropTimerDelaySec  = "TIMER_DELAY_SEC"
	PropTimerDelayMs   = "TIMER_DELAY_MS"
	PropTimerDeliverMs = "TIMER_DELIVER_MS"

	// Transactions.
	PropTranMsg       = "TRAN_MSG" // true: a half message
	PropProducerGroup = "PGROUP"
	PropTransactionID = "__transactionId__"
	PropImmunity      = "CHECK_IMMUNITY_TIME_IN_SECONDS"
	PropPreparedQueue = "TRAN_PREPARED_QUEUE_OFFSET" // queue offset of the first copy of a half message
	PropCheckTimes    = "TRANSACTION_CHECK_TIMES"

	// Request-reply.
	PropReplyClient = "REPLY_TO_CLIENT"
	PropPushTime    = "PUSH_REPLY_TIME" // ms since 1970
)

// Groups that exist on each broker. Java: MixAll, SubscriptionGroupManager.init.
const (
	GroupTools         = "TOOLS_CONSUMER"
	GroupFilterServer  = "FILTERSRV_CONSUMER"
	GroupSelfTest      = "SELF_TEST_C_GROUP"
	GroupHTTPProxy     = "CID_ONS-HTTP-PROXY"
	GroupAPIPull       = "CID_ONSAPI_PULL"
	GroupAPIPermission = "CID_ONSAPI_PERMISSION"
	GroupAPIOwner      = "CID_ONSAPI_OWNER"

	SystemGroupPrefix = "CID_RMQ_SYS_"
	GroupTransactions = SystemGroupPrefix + "TRANS" // its offsets are the progress of transactions
)
