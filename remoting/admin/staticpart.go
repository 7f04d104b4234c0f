package admin

import (
	"gorocket/compat"
	"gorocket/remoting/protocol"
)

// StaticPart is a broker's part. Java: TopicConfigAndQueueMapping.
type StaticPart struct {
	protocol.TopicConfigAndQueueMapping
}

// UnmarshalJSON reads both halves of a part.
func (p *StaticPart) UnmarshalJSON(text []byte) error {
	if err := p.TopicConfig.UnmarshalJSON(text); err != nil {
		return err
	}
	var m struct {
		MappingDetail *protocol.TopicQueueMappingDetail `json:"mappingDetail"`
	}
	if err := compat.Unmarshal(text, &m); err != nil {
		return err
	}
	p.MappingDetail = m.MappingDetail
	return nil
}

func newPart(topic, broker string, queues int, epoch int64) *StaticPart {
	t := protocol.NewTopicConfig(topic)
	t.ReadQueueNums, t.WriteQueueNums = 0, 0
	return &StaticPart{protocol.TopicConfigAndQueueMapping{TopicConfig: t,
		MappingDetail: &protocol.TopicQueueMappingDetail{TopicQueueMappingInfo: protocol.TopicQueueMappingInfo{Bname: broker,
			CurrIDMap: map[int]int{}, Epoch: epoch, Scope: protocol.ScopeGlobal, Topic: topic, TotalQueues: queues},
			HostedQueues: map[int][]protocol.LogicQueueMappingItem{}}}}
}
