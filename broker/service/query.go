package service

import (
	"fmt"

	"gorocket/store"
)

// Query finds single messages. Its calls read files. Java: QueryMessageProcessor.
type Query struct{ *base }

// ByKey is a question for messages of a topic by one of their keys.
type ByKey struct {
	Topic, Key string
	MaxCount   int   // messages; ignored for a unique key
	Unique     bool  // Key is a UNIQ_KEY
	Begin, End int64 // ms since 1970; store times
}

// ByKey returns the newest messages with a key as records. None is no error. Errors are *Refusal.
func (q *Query) ByKey(k *ByKey) (store.KeyQueryResult, error) {
	n := k.MaxCount
	if k.Unique {
		n = q.cfg().DefaultQueryMaxNum
	}
	if n < 0 {
		return store.KeyQueryResult{}, refuse(BadArgument, fmt.Sprintf(
			"java.lang.IllegalArgumentException: Illegal Capacity: %d", n))
	}
	found, err := q.store.QueryByKey(k.Topic, k.Key, n, k.Begin, k.End)
	if err != nil {
		return found, refuse(Failed, err.Error())
	}
	return found, nil
}

// ByOffset returns the record at an offset of the commit log, which is what a message id names.
func (q *Query) ByOffset(offset int64) ([]byte, error) {
	rec, err := q.store.ReadRecord(offset, nil)
	if err != nil {
		return nil, refuse(UnknownOffset, fmt.Sprintf("can not find message by the offset, %d", offset))
	}
	return rec, nil
}
