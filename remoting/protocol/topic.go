package protocol

import (
	"fmt"
	"strconv"
	"strings"

	"gorocket/compat"
)

// Permission bits of a topic or broker (common/.../constant/PermName.java).
const (
	PermPriority = 8
	PermRead     = 4
	PermWrite    = 2
	PermInherit  = 1
)

// Bits of TopicConfig.TopicSysFlag (common/.../sysflag/TopicSysFlag.java).
const (
	TopicFlagUnit    = 1
	TopicFlagUnitSub = 2
)

// SingleTag and MultiTag are the values of TopicConfig.TopicFilterType.
const (
	SingleTag = "SINGLE_TAG"
	MultiTag  = "MULTI_TAG"
)

// TopicConfig is one topic (common/.../TopicConfig.java), in topics.json, REGISTER_BROKER and GET_ALL_TOPIC_CONFIG.
type TopicConfig struct {
	Attributes      map[string]string `json:"attributes"`
	Order           bool              `json:"order"`
	Perm            int               `json:"perm"`
	ReadQueueNums   int               `json:"readQueueNums"`
	TopicFilterType string            `json:"topicFilterType" enum:"SINGLE_TAG,MULTI_TAG"`
	TopicName       string            `json:"topicName"`
	TopicSysFlag    int               `json:"topicSysFlag"`
	WriteQueueNums  int               `json:"writeQueueNums"`
}

// NewTopicConfig gives Java's defaults: 16 queues, read and write, SINGLE_TAG, no attributes.
func NewTopicConfig(name string) TopicConfig {
	return TopicConfig{Attributes: map[string]string{}, Perm: PermRead | PermWrite, ReadQueueNums: 16,
		TopicFilterType: SingleTag, TopicName: name, WriteQueueNums: 16}
}

// UnmarshalJSON reads a topic; members that are missing keep Java's defaults. Numbers beyond Java's int are an error.
func (t *TopicConfig) UnmarshalJSON(text []byte) error {
	type plain TopicConfig
	p := plain(NewTopicConfig(""))
	if err := compat.Unmarshal(text, &p); err != nil {
		return err
	}
	if p.Attributes == nil {
		p.Attributes = map[string]string{}
	}
	*t = TopicConfig(p)
	return checkInts("topic", t.TopicName, number{"readQueueNums", t.ReadQueueNums},
		number{"writeQueueNums", t.WriteQueueNums}, number{"perm", t.Perm}, number{"topicSysFlag", t.TopicSysFlag})
}

// Clone copies t with its attributes.
func (t TopicConfig) Clone() TopicConfig {
	attrs := make(map[string]string, len(t.Attributes))
	for k, v := range t.Attributes {
		attrs[k] = v
	}
	t.Attributes = attrs
	return t
}

// EncodeText is TopicConfig.encode: "name read write perm SINGLE_TAG {attributes}", the form inside a compressed
// registration.
func (t TopicConfig) EncodeText() (string, error) {
	attrs, err := compat.Marshal(t.Attributes)
	if err != nil {
		return "", err
	}
	if t.Attributes == nil {
		attrs = nil
	}
	return fmt.Sprintf("%s %d %d %d %s %s", t.TopicName, t.ReadQueueNums, t.WriteQueueNums, t.Perm, t.TopicFilterType,
		attrs), nil
}

// DecodeTopicText is TopicConfig.decode. The attributes are optional, and dropped when they do not parse (one with a
// blank inside is cut apart by Java too). Errors: fewer than five parts, a number that is none, an unknown filter
// type.
func DecodeTopicText(text string) (TopicConfig, error) {
	parts := strings.Split(text, " ")
	if len(parts) < 5 {
		return TopicConfig{}, fmt.Errorf("topic text %.80q has %d parts, want at least 5", text, len(parts))
	}
	t := NewTopicConfig(parts[0])
	for i, dst := range []*int{&t.ReadQueueNums, &t.WriteQueueNums, &t.Perm} {
		n, err := strconv.ParseInt(parts[i+1], 10, 32)
		if err != nil {
			return TopicConfig{}, fmt.Errorf("topic text %.80q: part %d is no number", text, i+2)
		}
		*dst = int(n)
	}
	if t.TopicFilterType = parts[4]; t.TopicFilterType != SingleTag && t.TopicFilterType != MultiTag {
		return TopicConfig{}, fmt.Errorf("topic text %.80q: unknown filter type", text)
	}
	if len(parts) > 5 {
		var attrs map[string]string
		if compat.Unmarshal([]byte(parts[5]), &attrs) == nil && attrs != nil {
			t.Attributes = attrs
		}
	}
	return t, nil
}

// TopicConfigSerializeWrapper is topics.json, and the whole registration of brokers before V3_0_11.
type TopicConfigSerializeWrapper struct {
	DataVersion      compat.DataVersion      `json:"dataVersion"`
	TopicConfigTable map[string]*TopicConfig `json:"topicConfigTable"`
}

// TopicConfigAndMappingSerializeWrapper adds static topics: the answer of GET_ALL_TOPIC_CONFIG and the main part of a
// registration.
type TopicConfigAndMappingSerializeWrapper struct {
	DataVersion                compat.DataVersion                  `json:"dataVersion"`
	MappingDataVersion         compat.DataVersion                  `json:"mappingDataVersion"`
	TopicConfigTable           map[string]*TopicConfig             `json:"topicConfigTable"`
	TopicQueueMappingDetailMap map[string]*TopicQueueMappingDetail `json:"topicQueueMappingDetailMap"`
	TopicQueueMappingInfoMap   map[string]*TopicQueueMappingInfo   `json:"topicQueueMappingInfoMap"`
}

// TopicConfigAndQueueMapping answers GET_TOPIC_CONFIG (statictopic/TopicConfigAndQueueMapping.java). It is only
// written; it reads as a TopicConfig.
type TopicConfigAndQueueMapping struct {
	TopicConfig
	MappingDetail *TopicQueueMappingDetail `json:"mappingDetail"` // nil: not asked for, or no static topic
}

// TopicQueueMappingSerializeWrapper is topicQueueMapping.json (protocol/body/TopicQueueMappingSerializeWrapper.java).
type TopicQueueMappingSerializeWrapper struct {
	DataVersion              compat.DataVersion                  `json:"dataVersion"`
	TopicQueueMappingInfoMap map[string]*TopicQueueMappingDetail `json:"topicQueueMappingInfoMap"`
}

// TopicList is the body of every "which topics" answer.
type TopicList struct {
	BrokerAddr *string  `json:"brokerAddr"` // set by GET_SYSTEM_TOPIC_LIST_FROM_NS only
	TopicList  []string `json:"topicList"`
}
