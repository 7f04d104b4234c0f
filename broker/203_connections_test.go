package broker

import (
	"testing"

	"gorocket/remoting/wire"
)

// TestConnectionLists: who is connected as a group, with language and version, and what the group subscribes to.
func TestConnectionLists(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.ask(wire.ReqGetConsumerConnectionList, "consumerGroup=g", "").is(t, wire.ConsumerNotOnline,
		"the consumer group[g] not online")
	r.ask(wire.ReqGetProducerConnectionList, "producerGroup=pg", "").is(t, 1, "the producer group[pg] not exist")
	r.ask(wire.ReqHeartBeat, "", beatBody("c1", "g", "T", 0, false)).is(t, 0, "")
	addr := r.conn.LocalAddr().String()
	r.ask(wire.ReqGetConsumerConnectionList, "consumerGroup=g", "").is(t, 0, "").has(t, `"clientAddr":"`+addr+`"`,
		`"clientId":"c1"`,
		`"language":"JAVA"`, `"consumeType":"CONSUME_PASSIVELY"`, `"messageModel":"CLUSTERING"`, `"subscriptionTable":{"T":{`)
	r.ask(wire.ReqGetProducerConnectionList, "producerGroup=pg", "").is(t, 0, "").has(t, `"clientId":"c1"`,
		`"clientAddr":"`+addr+`"`)
}
