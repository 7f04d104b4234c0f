package bench

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gorocket/compat"
	"gorocket/remoting/wire"
)

// messageFlags say what messages look like.
type messageFlags struct {
	size       int
	batch      int
	codec      string
	properties []string
	uniqueKey  bool
}

func (m *messageFlags) flags(c *cobra.Command) {
	c.Flags().IntVar(&m.size, "size", 1024, "bytes of a message's body")
	c.Flags().IntVar(&m.batch, "batch", 1, "messages in one request (code 320); 1: single messages (code 310)")
	codecFlag(c, &m.codec)
	c.Flags().StringSliceVar(&m.properties, "properties", nil, "properties of each message, name=value,name=value; "+
		"TAGS=x is a tag")
	c.Flags().BoolVar(&m.uniqueKey, "unique-key", true, "give each message a UNIQ_KEY of its own, as Apache's clients do")
}

func codecFlag(c *cobra.Command, codec *string) {
	c.Flags().StringVar(codec, "codec", "json", "form of the request headers: json or rocketmq")
}

func form(codec string) (wire.SerializeType, error) {
	switch strings.ToLower(codec) {
	case "json":
		return wire.SerializeJSON, nil
	case "rocketmq":
		return wire.SerializeBinary, nil
	}
	return 0, usage("--codec is json or rocketmq, not %q", codec)
}

// maxRequest bounds the bodies of one request: a frame holds 16 MiB with its header.
const maxRequest = 15 << 20

func (m *messageFlags) check() error {
	switch {
	case m.size < 0 || m.batch < 1 || m.size*m.batch > maxRequest || m.batch > 100_000:
		return usage("--size %d x --batch %d: a request holds at most %d bytes", m.size, m.batch, maxRequest)
	}
	for _, p := range m.properties {
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" || strings.ContainsAny(name+value, "\x01\x02") {
			return usage("--properties %q is not name=value", p)
		}
	}
	_, err := form(m.codec)
	return err
}

// keyPrefixBytes is the constant part of a UNIQ_KEY; with the counter it has 32 hex digits, as Java's has.
const keyPrefixBytes = 12

// newKeyPrefix is random: two connections, or two runs, never make the same keys.
func newKeyPrefix() string {
	b := make([]byte, keyPrefixBytes)
	_, _ = rand.Read(b) // never fails
	return strings.ToUpper(hex.EncodeToString(b))
}

// text is the property string of one message.
func (m *messageFlags) text(keyPrefix string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "UNIQ_KEY\x01%s%s\x02WAIT\x01true\x02", keyPrefix, strings.Repeat("0", keyDigits))
	for _, p := range m.properties {
		name, value, _ := strings.Cut(p, "=")
		fmt.Fprintf(&b, "%s\x01%s\x02", name, value)
	}
	return b.String()
}

// producerGroup and consumerGroup are the names that a load goes by.
const (
	producerGroup = "gorocket_bench_producer"
	consumerGroup = "gorocket_bench_consumer"
)

func (m *messageFlags) header(topic string, queue int32, keyPrefix string) wire.SendMessageRequestHeader {
	return wire.SendMessageRequestHeader{ProducerGroup: producerGroup, Topic: topic,
		DefaultTopic: compat.TopicAutoCreate, DefaultTopicQueueNums: 4, QueueID: queue,
		BornTimestamp: time.Now().UnixMilli(), Properties: []byte(m.text(keyPrefix)), MaxReconsumeTimes: -1,
		Batch: m.batch > 1}
}

// body is what goes behind the header: one message's body, or the messages of a batch.
func (m *messageFlags) body(keyPrefix string) []byte {
	one := bytes.Repeat([]byte("0123456789abcdef"), m.size/16+1)[:m.size]
	if m.batch == 1 {
		return one
	}
	var all []byte
	for range m.batch {
		all = appendBatchItem(all, one, m.text(keyPrefix))
	}
	return all
}

// appendBatchItem appends one message in the form of a batch: total size (4 bytes), magic (4, 0), CRC (4, 0), flag (4),
// body length (4) and body, properties length (2) and properties. Java: MessageDecoder.encodeMessage.
func appendBatchItem(dst, body []byte, props string) []byte {
	be := binary.BigEndian
	dst = be.AppendUint32(dst, uint32(4+4+4+4+4+len(body)+2+len(props)))
	dst = append(dst, make([]byte, 12)...)
	dst = be.AppendUint32(dst, uint32(len(body)))
	dst = append(dst, body...)
	dst = be.AppendUint16(dst, uint16(len(props)))
	return append(dst, props...)
}

func (m *messageFlags) code() int32 {
	if m.batch > 1 {
		return wire.ReqSendBatchMessage
	}
	return wire.ReqSendMessageV2
}

// The requests of one connection take ringFrames frames, or one for each queue, and ringBytes of memory at most, unless
// a single one is larger.
const (
	ringFrames = 256
	ringBytes  = 4 << 20
)

// ringFor encodes the requests of connection number i to a target, going round the queues.
func (m *messageFlags) ringFor(i int, t *target, topic string, inFlight int, spec ringSpec) (*ring, error) {
	f, err := form(m.codec)
	if err != nil {
		return nil, err
	}
	prefix := newKeyPrefix()
	if m.uniqueKey {
		spec.keyPrefix = prefix
	}
	payload, queues := m.body(prefix), len(t.queues)
	n := max(1, min((min(inFlight, ringFrames)+queues-1)/queues*queues, ringBytes/(len(payload)+1024)))
	var frames [][]byte
	for j := range n {
		h := m.header(topic, t.queues[(i*n+j)%queues].id, prefix)
		frames = append(frames, appendRequest(spec.sign, f, m.code(), wire.SendMessageRequestV2, &h, payload))
	}
	return newRing(frames, spec)
}
