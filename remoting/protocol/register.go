package protocol

import (
	"fmt"

	"gorocket/compat"
)

// RegisterBrokerBody is the body of REGISTER_BROKER (protocol/body/RegisterBrokerBody.java).
type RegisterBrokerBody struct {
	FilterServerList            []string                              `json:"filterServerList"`
	TopicConfigSerializeWrapper TopicConfigAndMappingSerializeWrapper `json:"topicConfigSerializeWrapper"`
}

// NewRegisterBrokerBody is an empty body with all of its tables.
func NewRegisterBrokerBody() *RegisterBrokerBody {
	b := &RegisterBrokerBody{}
	b.fill()
	return b
}

// fill replaces missing tables by empty ones.
func (b *RegisterBrokerBody) fill() {
	w := &b.TopicConfigSerializeWrapper
	if b.FilterServerList == nil {
		b.FilterServerList = []string{}
	}
	if w.TopicConfigTable == nil {
		w.TopicConfigTable = map[string]*TopicConfig{}
	}
	if w.TopicQueueMappingDetailMap == nil {
		w.TopicQueueMappingDetailMap = map[string]*TopicQueueMappingDetail{}
	}
	if w.TopicQueueMappingInfoMap == nil {
		w.TopicQueueMappingInfoMap = map[string]*TopicQueueMappingInfo{}
	}
}

// Encode writes the plain form (JSON in fastjson's dialect).
func (b *RegisterBrokerBody) Encode() ([]byte, error) { return compat.Marshal(b) }

// DecodeRegisterBroker reads a registration as the sender's version (an MQVersion ordinal) wrote it: a bare topic
// table before V3_0_11, else a RegisterBrokerBody, deflated when compressed is set, with a mapping part from V5_0_0
// on. An empty body is a registration without topics and with version zeros, as in Java. Entries that are null or
// have no topic name are errors. Run it off the event loop.
func DecodeRegisterBroker(data []byte, compressed bool, version int) (*RegisterBrokerBody, error) {
	b := NewRegisterBrokerBody()
	var err error
	switch {
	case len(data) == 0:
		return b, nil
	case version < compat.VersionV3_0_11:
		err = decodeOld(data, b)
	case compressed:
		err = decodeDeflated(data, b, version >= compat.VersionV5_0_0)
	default:
		err = compat.Unmarshal(data, b)
	}
	if err == nil {
		err = b.check()
	}
	if err != nil {
		return nil, fmt.Errorf("body of REGISTER_BROKER: %w", err)
	}
	return b, nil
}

func decodeOld(data []byte, b *RegisterBrokerBody) error {
	var w TopicConfigSerializeWrapper
	err := compat.Unmarshal(data, &w)
	b.TopicConfigSerializeWrapper.DataVersion = w.DataVersion
	b.TopicConfigSerializeWrapper.TopicConfigTable = w.TopicConfigTable
	return err
}

// check refuses what would be null inside Java's maps, and makes the tables complete.
func (b *RegisterBrokerBody) check() error {
	b.fill()
	for name, t := range b.TopicConfigSerializeWrapper.TopicConfigTable {
		if t == nil {
			return fmt.Errorf("topic %.80q is null", name)
		}
		if t.TopicName == "" {
			t.TopicName = name
		}
	}
	for name, m := range b.TopicConfigSerializeWrapper.TopicQueueMappingInfoMap {
		if m == nil {
			return fmt.Errorf("queue mapping of topic %.80q is null", name)
		}
	}
	return nil
}
