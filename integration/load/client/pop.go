package client

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Codes of answers to a pop that found nothing.
const (
	PopFull    = 209
	PopTimeout = 210
)

// Popping asks for messages of all queues of a topic, or of one.
type Popping struct {
	Group, Topic string
	Queue        int // -1: all
	Count        int
	Invisible    int64 // ms
	Poll         int64 // how long it may wait, ms
	Born         int64 // ms since 1970
	Order        bool
	Attempt      string
}

// Popped is a message that was handed out, with what acknowledges it.
type Popped struct {
	*Record
	Topic  string // where it lies: that of its retries, perhaps
	Handle string // extraInfo
	Pop    int64  // when it was popped, ms since 1970
	Until  int64  // when it becomes visible again
}

// Pop is POP_MESSAGE: what Java's client makes of the answer. Code is that of the answer: found, full or timed out.
func (c *Client) Pop(p *Popping) (list []*Popped, code int, err error) {
	ext := map[string]any{"consumerGroup": p.Group, "topic": p.Topic, "queueId": fmt.Sprint(p.Queue),
		"maxMsgNums": fmt.Sprint(p.Count), "invisibleTime": fmt.Sprint(p.Invisible), "pollTime": fmt.Sprint(p.Poll),
		"bornTime": fmt.Sprint(p.Born), "initMode": "0", "expType": "TAG", "exp": "*", "order": fmt.Sprint(p.Order)}
	if p.Attempt != "" {
		ext["attemptId"] = p.Attempt
	}
	r, err := c.Call(200050, ext, nil)
	switch {
	case err != nil || r.Code == PopFull || r.Code == PopTimeout:
		return nil, r.Code, err
	case r.Code != 0:
		return nil, r.Code, &CodeError{200050, r.Code, r.Remark}
	}
	at := poppedFields{ext: r.Ext}
	popTime, invisible, revive := at.number("popTime"), at.number("invisibleTime"), at.number("reviveQid")
	starts := at.entries("startOffsetInfo")
	err = EachRecord(r.Body, func(rec *Record) error {
		m := &Popped{Record: rec, Topic: rec.Topic, Handle: rec.Property("POP_CK"), Pop: popTime, Until: popTime + invisible}
		if m.Handle == "" {
			start, ok := starts[fmt.Sprintf("0 %d", rec.Queue)]
			if !ok {
				return fmt.Errorf("client: startOffsetInfo %q has no queue %d", r.Ext["startOffsetInfo"], rec.Queue)
			}
			m.Handle = fmt.Sprintf("%s %d %d %d 0 %s %d %d", start, popTime, invisible, revive, brokerName, rec.Queue,
				rec.QueueOffset)
		}
		switch strings.Split(m.Handle, " ")[4] {
		case "1":
			m.Topic = "%RETRY%" + p.Group + "_" + p.Topic
		case "2":
			m.Topic = "%RETRY%" + p.Group + "+" + p.Topic
		}
		list = append(list, m)
		return nil
	})
	if at.err != nil {
		err = at.err
	}
	return list, 0, err
}

// brokerName is the name that handles carry: clients know it from the route.
const brokerName = "broker-a"

// poppedFields reads the header of an answer; err is the first mistake.
type poppedFields struct {
	ext map[string]string
	err error
}

func (f *poppedFields) number(name string) int64 {
	n, err := strconv.ParseInt(f.ext[name], 10, 64)
	if err != nil && f.err == nil {
		f.err = fmt.Errorf("client: field %s of a pop is %q", name, f.ext[name])
	}
	return n
}

// entries reads "flag queue value;...".
func (f *poppedFields) entries(name string) map[string]string {
	all := map[string]string{}
	for e := range strings.SplitSeq(f.ext[name], ";") {
		if i := strings.LastIndexByte(e, ' '); i > 0 {
			all[e[:i]] = e[i+1:]
		}
	}
	return all
}

// Ack is ACK_MESSAGE.
func (c *Client) Ack(group string, m *Popped) error {
	_, err := c.OK(200051, map[string]any{"consumerGroup": group, "topic": m.Topic, "queueId": fmt.Sprint(m.Queue),
		"offset": fmt.Sprint(m.QueueOffset), "extraInfo": m.Handle}, nil)
	return err
}

// ChangeInvisible is CHANGE_MESSAGE_INVISIBLETIME: it returns when the message becomes visible now, ms since 1970, and
// with it the handle that counts from now on is that of m.
func (c *Client) ChangeInvisible(group string, m *Popped, invisible int64) (until int64, err error) {
	r, err := c.OK(200053, map[string]any{"consumerGroup": group, "topic": m.Topic, "queueId": fmt.Sprint(m.Queue),
		"offset": fmt.Sprint(m.QueueOffset), "extraInfo": m.Handle, "invisibleTime": fmt.Sprint(invisible)}, nil)
	if err != nil {
		return 0, err
	}
	at := poppedFields{ext: r.Ext}
	pop, inv, revive := at.number("popTime"), at.number("invisibleTime"), at.number("reviveQid")
	f := strings.Split(m.Handle, " ")
	m.Handle = fmt.Sprintf("%d %d %d %d %s %s %d %d", m.QueueOffset, pop, inv, revive, f[4], f[5], m.Queue, m.QueueOffset)
	m.Until = pop + inv
	return m.Until, at.err
}

// AckBatch is BATCH_ACK_MESSAGE.
func (c *Client) AckBatch(group, topic string, list []*Popped) error {
	type one struct {
		C  string `json:"c"`
		T  string `json:"t"`
		R  string `json:"r"`
		SO int64  `json:"so"`
		Q  int    `json:"q"`
		RQ int    `json:"rq"`
		PT int64  `json:"pt"`
		IT int64  `json:"it"`
		B  string `json:"b"`
	}
	bits, broker := map[one][]byte{}, ""
	var order []one
	for _, m := range list {
		f := strings.Split(m.Handle, " ")
		n := [4]int64{}
		for i := range n {
			v, err := strconv.ParseInt(f[i], 10, 64)
			if err != nil {
				return err
			}
			n[i] = v
		}
		k := one{C: group, T: topic, R: f[4], SO: n[0], Q: int(m.Queue), RQ: int(n[3]), PT: n[1], IT: n[2]}
		if !slices.Contains(order, k) {
			order = append(order, k)
		}
		at := int(m.QueueOffset - k.SO)
		for len(bits[k]) <= at/8 {
			bits[k] = append(bits[k], 0)
		}
		bits[k][at/8] |= 1 << (at % 8)
		broker = f[5]
	}
	for i := range order {
		b := bits[order[i]]
		order[i].B = base64.StdEncoding.EncodeToString(b)
	}
	body, err := json.Marshal(map[string]any{"brokerName": broker, "acks": order})
	if err == nil {
		_, err = c.OK(200151, map[string]any{}, body)
	}
	return err
}
