package broker

import (
	"strings"
	"testing"

	"gorocket/broker/meta"
	"gorocket/remoting/wire"
	"gorocket/store/vfs"
)

// TestChangesAreOnDiskWhenAnswered: what an administrator made is in its file before the answer leaves, whatever the
// rounds of the persister do: a process that ends then has not lost it.
func TestChangesAreOnDiskWhenAnswered(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.b.persist.Close() // no more rounds: what is written now is written by who answers
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	r.b.persist = meta.NewPersister(mem, "/", nil) // never started: the end of the broker writes nothing
	for _, c := range []struct {
		code         int32
		fields, body string
		file, name   string
	}{
		{wire.ReqUpdateAndCreateTopic, createFields("OfAdmin", 1), "", "topics.json", "OfAdmin"},
		{wire.ReqUpdateAndCreateStaticTopic, createFields("Static", 1), staticBody("Static", "broker-a", 5), "topicQueueMapping.json", "Static"},
		{wire.ReqUpdateAndCreateStaticTopic, createFields("Static2", 1), staticBody("Static2", "broker-a", 5), "topics.json", "Static2"},
		{wire.ReqUpdateAndCreateSubscriptiongroup, "", `{"groupName":"GroupOfAdmin"}`, "subscriptionGroup.json", "GroupOfAdmin"},
	} {
		if got := r.ask(c.code, c.fields, c.body); got.code != wire.Success {
			t.Fatalf("%s: %+v", c.name, got)
		}
		b, err := vfs.ReadFile(vfs.OS{}, r.dir+"/config/"+c.file)
		if err != nil || !strings.Contains(string(b), `"`+c.name+`"`) {
			t.Errorf("%s is not in %s, %v", c.name, c.file, err)
		}
	}
}
