// Package against compares a store directory that no broker runs on with a running broker's store, Java's or
// gorocket's: record by record in the order of the log, then where the queues end. It asks only for what Java's brokers
// answer since 4.x: GET_BROKER_RUNTIME_INFO, VIEW_MESSAGE_BY_ID, GET_MIN_OFFSET and GET_MAX_OFFSET; it changes nothing
// on either side and holds a few records in memory at a time.
package against
