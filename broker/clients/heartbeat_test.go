package clients

import (
	"testing"

	"gorocket/compat"
)

// A heartbeat as the C++ client and the bindings on it write it: numbers and booleans as text, enums as ordinals.
func TestHeartbeatOfCppClient(t *testing.T) {
	const text = `{"clientID":"10.0.0.1@7","consumerDataSet":[{"consumeFromWhere":0,"consumeType":1,"groupName":"g","messageModel":1,
		"subscriptionDataSet":[{"codeSet":["2598919"],"subString":"TagA","subVersion":"1544000000000","tagsSet":["TagA"],"topic":"t",
		"classFilterMode":"false"}],"unitMode":"false"}],"producerDataSet":[{"groupName":"p"}]}`
	var h Heartbeat
	if err := compat.Unmarshal([]byte(text), &h); err != nil {
		t.Fatal(err)
	}
	d := h.ConsumerDataSet[0]
	if d.ConsumeFromWhere != "CONSUME_FROM_LAST_OFFSET" || d.ConsumeType != ConsumePassively ||
		d.MessageModel != ModelClustering || d.UnitMode {
		t.Errorf("group %+v", d)
	}
	if s := d.SubscriptionDataSet[0]; s.SubVersion != 1544000000000 || s.ClassFilterMode || len(s.CodeSet) != 1 ||
		s.CodeSet[0] != 2598919 {
		t.Errorf("subscription %+v", s)
	}
}
