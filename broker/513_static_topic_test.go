package broker

import (
	"fmt"
	"strings"
	"testing"

	"gorocket/remoting/wire"
)

// staticBody is a mapping of one logic queue on one broker.
func staticBody(topic, broker string, epoch int64) string {
	return fmt.Sprintf(`{"topic":%q,"scope":"__global__","totalQueues":1,"bname":%q,"epoch":%d,"hostedQueues":{"0":[{"gen":0,"queueId":0,"bname":%q,"logicOffset":0,"startOffset":0,"endOffset":-1,"timeOfStart":-1,"timeOfEnd":-1}]}}`,
		topic, broker, epoch, broker)
}

// TestUpdateStaticTopic: a mapping for somebody else, an older one and a malformed one change neither mapping nor
// topic.
func TestUpdateStaticTopic(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	update := func(topic, text, more string) answer {
		return r.ask(wire.ReqUpdateAndCreateStaticTopic, createFields(topic, 1)+more, text)
	}
	update("S", staticBody("Other", "broker-a", 1), "").is(t, 1,
		`the mapping is for topic "Other" on broker "broker-a", not for S on broker-a`)
	update("S", staticBody("S", "broker-b", 1), "").is(t, 1,
		`the mapping is for topic "S" on broker "broker-b", not for S on broker-a`)
	update("S", "{", "").is(t, 1, "")
	update("a/b", staticBody("a/b", "broker-a", 1), "").is(t, 29, "The specified topic: a/b, contains illegal characters")
	update("S", strings.Replace(staticBody("S", "broker-a", 1), `"totalQueues":1`, `"totalQueues":65537`, 1), "").is(t, 1,
		"The specified topic: S, totalQueues=65537 is not within 0..65536")
	if r.b.topics.Get("S") != nil || r.b.mappings.Current()["S"] != nil {
		t.Fatal("a refused mapping acts")
	}
	update("S", staticBody("S", "broker-a", 5), "").is(t, 0, createdRemark)
	if d := r.b.mappings.Current()["S"]; d == nil || d.Epoch != 5 || r.b.topics.Get("S") == nil {
		t.Errorf("%+v", d)
	}
	update("S", staticBody("S", "broker-a", 4), "").is(t, 1, "")
	if d := r.b.mappings.Current()["S"]; d.Epoch != 5 {
		t.Errorf("an older epoch acts: %d", d.Epoch)
	}
	update("Plain", "", "").is(t, 0, createdRemark)
	if r.b.topics.Get("Plain") == nil || r.b.mappings.Current()["Plain"] != nil {
		t.Error("without a body it is an ordinary topic")
	}
}
