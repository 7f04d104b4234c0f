package namesrv

import (
	"testing"

	"gorocket/remoting/wire"
)

func TestRegisterTopic(t *testing.T) {
	p := start(t)
	p.register(newBroker("a", "h:1", 0, "Old"))
	put := func(topic, text string) *wire.Command {
		return call(p, wire.ReqRegisterTopicInNamesrv, wire.TopicRequest, &wire.TopicHeader{Topic: topic}, text)
	}
	queue := func(broker string) string {
		return `{"brokerName":"` + broker + `","perm":4,"readQueueNums":3,"writeQueueNums":2}`
	}
	p.want(put("New", `{"queueDatas":[`+queue("a")+`]}`), wire.Success, "", "")
	if p.perm("New", "a") != 4 {
		t.Errorf("perm %d", p.perm("New", "a"))
	}
	p.want(put("Old", `{"queueDatas":[`+queue("a")+`]}`), wire.Success, "", "")
	if p.perm("Old", "a") != 4 {
		t.Errorf("perm %d", p.perm("Old", "a"))
	}
	p.want(put("Bad", `{"queueDatas":[`+queue("a")+`,`+queue("nobody")+`]}`), wire.Success, "", "")
	if p.route("Bad") != nil {
		t.Error("queues of an unknown broker were taken")
	}
	p.want(put("Empty", ""), wire.Success, "", "")
	p.want(put("", "{}"), wire.SystemError, "the custom field <topic> is null", "")
	p.want(put("Bad", "{"), wire.SystemError, "compat: bad JSON", "")
}
