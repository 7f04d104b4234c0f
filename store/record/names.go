package record

// Names of the properties that the store reads or writes (Java MessageConst). Others have no meaning to it.
const (
	PropTags    = "TAGS"
	PropKeys    = "KEYS"     // words separated by single spaces, see NextKey
	PropUniqKey = "UNIQ_KEY" // the client's message id
	PropDelay   = "DELAY"    // delay level, a decimal number
	PropWait    = "WAIT"
	PropCRC     = "__CRC32#" // see PutPropCRC

	// Where a message goes that lies elsewhere until its time, or the end of its transaction, has come.
	PropRealTopic = "REAL_TOPIC"
	PropRealQueue = "REAL_QID" // a decimal number

	// What the broker alone may set decides about queue offsets; any sender may set INNER_MULTI_DISPATCH.
	PropInnerNum         = "INNER_NUM"                // messages of an inner batch
	PropInnerBase        = "INNER_BASE"               // queue offset of the first of them
	PropMultiDispatch    = "INNER_MULTI_DISPATCH"     // light queues, separated by ','
	PropMultiQueueOffset = "INNER_MULTI_QUEUE_OFFSET" // the offset in each of them
)
