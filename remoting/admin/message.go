package admin

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"

	"gorocket/store/record"
)

// Message is a message as a broker has it. Java: MessageExt.
type Message struct {
	BrokerName                string            `json:"brokerName,omitempty"` // where it was pulled
	Topic                     string            `json:"topic"`
	QueueID                   int32             `json:"queueId"`
	QueueOffset               int64             `json:"queueOffset"`
	CommitLogOffset           int64             `json:"commitLogOffset"`
	StoreSize                 int32             `json:"storeSize"`
	Flag                      int32             `json:"flag"`
	SysFlag                   int32             `json:"sysFlag"` // without the bits of a compression that was undone
	BornTimestamp             int64             `json:"bornTimestamp"`
	BornHost                  string            `json:"bornHost"`
	StoreTimestamp            int64             `json:"storeTimestamp"`
	StoreHost                 string            `json:"storeHost"`
	ReconsumeTimes            int32             `json:"reconsumeTimes"`
	PreparedTransactionOffset int64             `json:"preparedTransactionOffset"`
	BodyCRC                   uint32            `json:"bodyCRC"`
	OffsetID                  string            `json:"offsetMsgId"`
	Properties                map[string]string `json:"properties"`
	Names                     []string          `json:"-"` // of the properties, as they came
	Body                      []byte            `json:"body,omitempty"`
}

// ID is the id that clients know it by: the producer's, else that of its place. Java: MessageClientExt.getMsgId.
func (m *Message) ID() string {
	if id := m.Properties[record.PropUniqKey]; id != "" {
		return id
	}
	return m.OffsetID
}

// Tags are its tags, "" without any.
func (m *Message) Tags() string { return m.Properties[record.PropTags] }

// Keys are its keys, "" without any.
func (m *Message) Keys() string { return m.Properties[record.PropKeys] }

// HasKey tells whether key is one of its keys.
func (m *Message) HasKey(key string) bool {
	for _, k := range strings.Split(m.Keys(), " ") {
		if k == key {
			return true
		}
	}
	return false
}

// setProperty adds a property, or changes it where it stands.
func (m *Message) setProperty(name, value string) {
	if _, has := m.Properties[name]; !has {
		m.Names = append(m.Names, name)
	}
	m.Properties[name] = value
}

// maxUnpacked bounds a body that was compressed, in bytes: as much as a broker takes at most.
const maxUnpacked = 128 << 20

// DecodeMessages reads records that follow one another, and undoes the compression of their bodies. What cannot be
// undone (LZ4) keeps its bits in SysFlag.
func DecodeMessages(b []byte) (all []Message, err error) {
	for len(b) > 0 {
		v, err := record.Decode(b)
		if err != nil {
			return all, err
		}
		all = append(all, messageOf(&v))
		b = b[v.Size:]
	}
	return all, nil
}

func messageOf(v *record.View) Message {
	m := Message{Topic: string(v.Topic), QueueID: v.QueueID, QueueOffset: v.QueueOffset,
		CommitLogOffset: v.PhysicalOffset, StoreSize: v.Size, Flag: v.Flag, SysFlag: v.SysFlag,
		BornTimestamp: v.BornTimestamp, BornHost: v.BornHost.String(), StoreTimestamp: v.StoreTimestamp,
		StoreHost: v.StoreHost.String(), ReconsumeTimes: v.ReconsumeTimes,
		PreparedTransactionOffset: v.PreparedTransactionOffset, BodyCRC: v.BodyCRC,
		OffsetID: string(v.AppendMessageID(nil))}
	m.Properties, m.Names = PropertiesOf(v.Properties)
	body, err := unpack(v)
	if err != nil {
		body = v.Body
	} else if v.SysFlag&record.SysFlagCompressed != 0 {
		m.SysFlag &^= record.SysFlagCompressed
	}
	m.Body = bytes.Clone(body)
	return m
}

// PropertiesOf reads the text form of properties, and their names in order.
func PropertiesOf(text []byte) (all map[string]string, names []string) {
	all = map[string]string{}
	for {
		name, value, rest, ok := record.NextProperty(text)
		if !ok {
			return all, names
		}
		if _, again := all[string(name)]; !again {
			names = append(names, string(name))
		}
		all[string(name)] = string(value)
		text = rest
	}
}

// Bits of SysFlag that say how a body was compressed; 0 is zlib, from before there was a choice. Java: MessageSysFlag.
const (
	packedMask = 7 << 8
	packedLZ4  = 1 << 8
	packedZstd = 2 << 8
)

// unpack undoes the compression of a body.
func unpack(v *record.View) ([]byte, error) {
	if v.SysFlag&record.SysFlagCompressed == 0 {
		return v.Body, nil
	}
	var from io.Reader
	switch v.SysFlag & packedMask {
	case packedLZ4:
		return nil, fmt.Errorf("%s: a body that LZ4 compressed", v)
	case packedZstd:
		z, err := zstd.NewReader(bytes.NewReader(v.Body), zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderMaxMemory(maxUnpacked))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		from = z
	default:
		z, err := zlib.NewReader(bytes.NewReader(v.Body))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		from = z
	}
	return io.ReadAll(io.LimitReader(from, maxUnpacked))
}
