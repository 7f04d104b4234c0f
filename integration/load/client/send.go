package client

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// Message is one message to send.
type Message struct {
	Topic    string
	Queue    int
	Flag     int
	SysFlag  int
	Born     int64 // ms since 1970
	Reborn   int   // reconsume times
	Props    string
	Body     []byte
	AutoMake bool // let the broker make the topic from TBW102
}

// Props joins name, value, name, value ... in the text form of properties.
func Props(pairs ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(&b, "%s\x01%s\x02", pairs[i], pairs[i+1])
	}
	return b.String()
}

// Sent is the answer to a send.
type Sent struct {
	Code        int // 0, or 10..12: stored, but the promise of the mode was not kept
	Remark      string
	IDs         []string // offset message ids, one for each message of a batch
	Queue       int
	QueueOffset int64 // of the first one
}

func (m *Message) header(batch bool) map[string]any {
	topic := "none"
	if m.AutoMake {
		topic = "TBW102"
	}
	return map[string]any{"a": "crash_producer", "b": m.Topic, "c": topic, "d": "8", "e": fmt.Sprint(m.Queue),
		"f": fmt.Sprint(m.SysFlag), "g": fmt.Sprint(m.Born),
		"h": fmt.Sprint(m.Flag), "i": m.Props, "j": fmt.Sprint(m.Reborn), "k": "false", "m": fmt.Sprint(batch)}
}

// Send is SEND_MESSAGE_V2. An error is wire's: the message may or may not be stored. Another code than 0 is in Sent.
func (c *Client) Send(m *Message) (Sent, error) { return c.send(310, m.header(false), m.Body) }

// SendBatch is SEND_BATCH_MESSAGE; topic, queue and the batch's own properties come from head, bodies and properties
// from items.
func (c *Client) SendBatch(head *Message, items []Message) (Sent, error) {
	return c.send(320, head.header(true), BatchBody(items))
}

// BatchBody joins messages in the client's batch form: total size (4 bytes), 0 (4), 0 (4), flag (4), body length (4)
// and body, properties length (2) and properties.
func BatchBody(items []Message) (out []byte) {
	for _, m := range items {
		out = binary.BigEndian.AppendUint32(out, uint32(22+len(m.Body)+len(m.Props)))
		out = append(out, 0, 0, 0, 0, 0, 0, 0, 0)
		out = binary.BigEndian.AppendUint32(out, uint32(m.Flag))
		out = binary.BigEndian.AppendUint32(out, uint32(len(m.Body)))
		out = append(out, m.Body...)
		out = binary.BigEndian.AppendUint16(out, uint16(len(m.Props)))
		out = append(out, m.Props...)
	}
	return out
}

func (c *Client) send(code int, ext map[string]any, body []byte) (Sent, error) {
	r, err := c.Call(code, ext, body)
	if err != nil {
		return Sent{}, err
	}
	s := Sent{Code: r.Code, Remark: r.Remark}
	if id := r.Ext["msgId"]; id != "" {
		s.IDs = strings.Split(id, ",")
	}
	if r.Code == 0 || len(s.IDs) > 0 {
		if s.QueueOffset, err = number(r, "queueOffset"); err != nil {
			return s, err
		}
		s.Queue, err = strconv.Atoi(r.Ext["queueId"])
	}
	return s, err
}
