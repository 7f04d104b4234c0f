package javastore

import (
	"os"
	"testing"

	"gorocket/integration/harness"
)

// TestRocksDBWayOut takes the way out of docs/migrating.md: Java writes its RocksDB tables as JSON while it runs, the
// RocksDB queues are moved aside, and ours builds file queues from the commit log.
func TestRocksDBWayOut(t *testing.T) {
	harness.NeedJava(t)
	h, l := javaWrote(t, map[string]string{"storeType": "defaultRocksDB"})
	l.delayed("js_a", 0, 3)
	before := l.take()
	_, err := h.c.OK(355, map[string]any{"configType": "topics;subscriptionGroups;consumerOffsets"}, nil)
	l.must(err)
	h.stop(true)
	if err := os.Rename(h.store("consumequeue"), h.store("consumequeue.rocksdb")); err != nil {
		t.Fatal(err)
	}
	h.conf["storeType"] = "default"
	h.start(ours)
	same(t, before, l.take())
	writePlain(l)
	l.finish(true)
	h.c.Close()
}
