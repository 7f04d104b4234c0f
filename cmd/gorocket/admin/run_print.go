package admin

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

// decodeText reads a body in a character set.
func decodeText(body []byte, charset string) (string, error) {
	switch strings.ToUpper(strings.ReplaceAll(charset, "_", "-")) {
	case "UTF-8", "UTF8":
		return strings.ToValidUTF8(string(body), "\ufffd"), nil
	case "US-ASCII", "ASCII":
		return strings.Map(func(r rune) rune {
			if r > 127 {
				return utf8.RuneError
			}
			return r
		}, string(body)), nil
	case "ISO-8859-1", "LATIN1":
		r := make([]rune, len(body))
		for i, b := range body {
			r[i] = rune(b)
		}
		return string(r), nil
	}
	return "", usagef("character set %q is not known here: UTF-8, US-ASCII, ISO-8859-1", charset)
}

// messageText is a message in a line. Java: MessageExt.toString.
func messageText(m *admin.Message) string {
	body := strings.ReplaceAll(fmt.Sprint(signed(m.Body)), " ", ", ")
	transaction := "null"
	if m.Properties[protocol.PropTranMsg] == "true" {
		transaction = "'" + orNull(m.Properties["UNIQ_KEY"]) + "'"
	} else {
		transaction = "'" + transaction + "'"
	}
	return fmt.Sprintf("MessageExt [brokerName=%s, queueId=%d, storeSize=%d, queueOffset=%d, sysFlag=%d, "+
		"bornTimestamp=%d, bornHost=/%s, storeTimestamp=%d, storeHost=/%s, msgId=%s, commitLogOffset=%d, bodyCRC=%d, "+
		"reconsumeTimes=%d, preparedTransactionOffset=%d, toString()=Message{topic='%s', flag=%d, properties=%s, body=%s, "+
		"transactionId=%s}]", orNull(m.BrokerName), m.QueueID, m.StoreSize, m.QueueOffset, m.SysFlag, m.BornTimestamp,
		m.BornHost, m.StoreTimestamp, m.StoreHost, m.OffsetID, m.CommitLogOffset, m.BodyCRC, m.ReconsumeTimes,
		m.PreparedTransactionOffset, m.Topic, m.Flag, orderedText(m.Properties, m.Names, propertiesCapacity), body,
		transaction)
}

// signed are bytes as Java's are.
func signed(b []byte) []int8 {
	out := make([]int8, len(b))
	for i, x := range b {
		out[i] = int8(x)
	}
	return out
}

// scan is a look at messages of queues, one after another.
type scan struct {
	c       *call
	cl      *admin.Client
	topic   string
	charset string
	tags    string
	body    bool
}

// bounds finds where a queue is read from and to: its ends, or what was stored between -b and -e.
func (s *scan) bounds(n admin.Node, queue int, begin, end string) (from, to int64, err error) {
	c := s.c
	if from, err = s.cl.MinOffset(c.ctx, n.Addr, s.topic, queue); err != nil {
		return 0, 0, err
	}
	if to, err = s.cl.MaxOffset(c.ctx, n.Addr, s.topic, queue); err != nil {
		return 0, 0, err
	}
	for key, offset := range map[string]*int64{begin: &from, end: &to} {
		if !c.has(key) {
			continue
		}
		at, err := c.timestamp(key)
		if err != nil {
			return 0, 0, err
		}
		if *offset, err = s.cl.SearchOffset(c.ctx, n.Addr, s.topic, queue, at); err != nil {
			return 0, 0, err
		}
	}
	return from, to, nil
}

// printedMessage is a message as JSON, with its body as a text.
type printedMessage struct {
	*admin.Message
	MsgID    string `json:"msgId"`
	BodyText string `json:"bodyText,omitempty"`
}

// printMessages prints what a pull brought.
func (s *scan) printMessages(all []admin.Message) error {
	for i := range all {
		m := &all[i]
		body := "NOT PRINT BODY"
		if s.body {
			var err error
			if body, err = decodeText(m.Body, s.charset); err != nil {
				return err
			}
		}
		p := printedMessage{Message: m, MsgID: m.ID()}
		if s.body {
			p.BodyText = body
		}
		if err := s.c.emit(p, func(w *text) {
			w.f("MSGID: %s %s BODY: %s\n", m.ID(), messageText(m), body)
		}); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) newScan() (*scan, error) {
	cl, err := c.client()
	return &scan{c: c, cl: cl, topic: c.value("t"), charset: c.or("c", "UTF-8"), tags: c.or("s", "*")}, err
}

// queuesOf are the queues of a topic that can be read, in order, and by broker name whom to ask for them.
func queuesOf(topic string, route *protocol.TopicRouteData) ([]protocol.MessageQueue, map[string]admin.Node) {
	queues := admin.ReadQueues(topic, route)
	slices.SortFunc(queues, admin.CompareQueues)
	nodes := map[string]admin.Node{}
	for _, n := range admin.Selected(route) {
		nodes[n.Broker] = n
	}
	return queues, nodes
}

func runPrintMsg(c *call) error {
	s, err := c.newScan()
	if err != nil {
		return err
	}
	s.body = c.is("d", true)
	route, err := s.cl.Route(c.ctx, c.or("l", s.topic))
	if err != nil {
		return err
	}
	queues, nodes := queuesOf(s.topic, route)
	for _, q := range queues {
		if n, has := nodes[q.BrokerName]; has {
			if err := s.queue(n, q); err != nil {
				return err
			}
		}
	}
	return nil
}

// queue prints a queue for printMsg.
func (s *scan) queue(n admin.Node, q protocol.MessageQueue) error {
	from, to, err := s.bounds(n, q.QueueID, "b", "e")
	if err != nil {
		return err
	}
	s.c.say("minOffset=%d, maxOffset=%d, %s\n", from, to, queueText(q))
	for offset := from; offset < to; {
		r, err := s.cl.Pull(s.c.ctx, n, s.topic, q.QueueID, offset, pullBatch, s.tags)
		if err != nil {
			s.c.fail(err)
			break
		}
		offset = r.Next
		switch r.Status {
		case admin.PullFound:
			if err := s.printMessages(r.Messages); err != nil {
				return err
			}
		case admin.PullNoMatch:
			s.c.say("%s no matched msg. status=%s, offset=%d\n", queueText(q), r.Status, offset)
		default:
			s.c.say("%s print msg finished. status=%s, offset=%d\n", queueText(q), r.Status, offset)
			offset = to
		}
	}
	s.c.say("--------------------------------------------------------\n")
	return nil
}

// pullBatch is how many messages are pulled at once. Java: 32.
const pullBatch = 32

// tagCount is a tag of printMsgByQueue -f.
type tagCount struct {
	Tag   string `json:"tag"`
	Count int    `json:"count"`
}

func runPrintMsgByQueue(c *call) error {
	queue, err := c.number("i", 0)
	if err != nil {
		return err
	}
	s, err := c.newScan()
	if err != nil {
		return err
	}
	s.body = c.is("d", false)
	n, err := c.nodeOf(s.cl, s.topic, c.value("a"))
	if err != nil {
		return err
	}
	from, to, err := s.bounds(n, int(queue), "b", "e")
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for offset := from; offset < to; {
		r, err := s.cl.Pull(c.ctx, n, s.topic, int(queue), offset, pullBatch, s.tags)
		if err != nil {
			c.fail(err)
			break
		}
		if offset = r.Next; r.Status != admin.PullFound {
			break
		}
		for i := range r.Messages {
			if tag := r.Messages[i].Tags(); strings.TrimSpace(tag) != "" {
				counts[tag]++
			}
		}
		if c.is("p", false) {
			if err := s.printMessages(r.Messages); err != nil {
				return err
			}
		}
	}
	if !c.is("f", false) {
		return nil
	}
	var tags []tagCount
	for _, t := range hashOrder(keysOf(counts), 0) {
		tags = append(tags, tagCount{t, counts[t]})
	}
	slices.SortStableFunc(tags, func(a, b tagCount) int { return b.Count - a.Count })
	return c.emit(tags, func(w *text) {
		for _, t := range tags {
			w.f("Tag: %-30s Count: %d\n", t.Tag, t.Count)
		}
	})
}
