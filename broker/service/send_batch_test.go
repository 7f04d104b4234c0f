package service

import (
	"strings"
	"testing"

	"gorocket/store"
	"gorocket/store/record"
)

// batchOf is a client's batch of n messages.
func batchOf(n int, body string) (b []byte) {
	for range n {
		b = record.AppendBatchItem(b, record.BatchItem{Body: []byte(body)})
	}
	return b
}

func TestLongBatch(t *testing.T) {
	cut := batchOf(2*store.LongBatch, "")
	for what, c := range map[string]struct {
		batch []byte
		want  bool
	}{
		"none": {nil, false}, "few": {batchOf(3, strings.Repeat("x", 100_000)), false},
		"as many as may be": {batchOf(store.LongBatch, "x"), false},
		"one more":          {batchOf(store.LongBatch+1, "x"), true}, "empty ones": {batchOf(190_000, ""), true},
		"malformed": {cut[:len(cut)-25*store.LongBatch], false},
	} {
		if got := longBatch(c.batch); got != c.want {
			t.Errorf("%s: %v", what, got)
		}
	}
	lying := batchOf(2*store.LongBatch, "")
	for i := range 4 {
		lying[i] = 0xff // the first length word, which nobody believes
	}
	if !longBatch(lying) {
		t.Error("a batch with a false length word is not long")
	}
}
