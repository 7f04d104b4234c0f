package admin

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"gorocket/remoting/admin"
)

// sendAny sends a message to the i-th of the queues of its topic, counted around. The route is asked for once.
func (c *call) sendAny(cl *admin.Client, i int, m *admin.Outgoing) (*admin.SendResult, error) {
	if c.sender == nil {
		c.sender = cl.NewSender()
	}
	return c.sender.Send(c.ctx, i, m)
}

func runSendMessage(c *call) error {
	queue, err := c.number("i", -1)
	if err != nil {
		return err
	}
	if c.has("i") && !c.has("b") {
		c.say("Broker name must be set if the queue is chosen!")
		return usagef("option -i needs option -b")
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	m := &admin.Outgoing{Topic: c.value("t"), Tags: c.value("c"), Keys: c.value("k"), Body: []byte(c.value("p"))}
	var r *admin.SendResult
	if c.has("b") && queue >= 0 {
		route, err := cl.SendRoute(c.ctx, m.Topic)
		if err != nil {
			return err
		}
		n := admin.NodeOf(route, c.value("b"))
		if n.Addr == "" {
			return fmt.Errorf("topic %s has no master named %s", m.Topic, n.Broker)
		}
		if r, err = cl.Send(c.ctx, n, admin.ProducerName(), int(queue), m); err != nil {
			return err
		}
	} else if r, err = c.sendAny(cl, int(time.Now().UnixNano()%1024), m); err != nil {
		return err
	}
	return c.emit(r, func(w *text) {
		const format = "%-32s  %-4v  %-20s    %s\n"
		w.f(format, "#Broker Name", "#QID", "#Send Result", "#MsgId")
		w.f(format, r.Queue.BrokerName, r.Queue.QueueID, r.Status, r.ID)
	})
}

// sendTime is a message of checkMsgSendRT.
type sendTime struct {
	Broker  string `json:"brokerName"`
	QueueID int    `json:"queueId"`
	Good    bool   `json:"success"`
	RT      int64  `json:"rt"` // ms
	Error   string `json:"error,omitempty"`
}

func runCheckMsgSendRT(c *call) error {
	amount, err := c.number("a", 100)
	if err != nil {
		return err
	}
	size, err := c.number("s", 128)
	if err != nil || size < 0 || size > maxTestBody {
		return orUsage(err, "option -s: a body of %d bytes", size)
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	m := &admin.Outgoing{Topic: c.value("t"), Body: []byte(strings.Repeat("a", int(size)))}
	var times []sendTime
	var spent int64
	var failed error
	for i := range int(amount) {
		start := time.Now()
		r, err := c.sendAny(cl, i, m)
		t := sendTime{Good: err == nil, RT: time.Since(start).Milliseconds()}
		if err == nil {
			t.Broker, t.QueueID = r.Queue.BrokerName, r.Queue.QueueID
		} else {
			t.Error, failed = err.Error(), err
		}
		if i > 0 {
			spent += t.RT
		}
		if times = append(times, t); c.ctx.Err() != nil {
			break
		}
	}
	value := struct {
		Sent []sendTime `json:"sent"`
		Avg  float64    `json:"avgRT"`
	}{times, 0}
	if amount > 1 {
		value.Avg = float64(spent) / float64(amount-1)
	}
	if failed != nil {
		c.fail(failed)
	}
	return c.emit(value, func(w *text) {
		const format = "%-32s  %-4v  %-20v    %v\n"
		w.f(format, "#Broker Name", "#QID", "#Send Result", "#RT")
		for _, t := range times {
			w.f(format, t.Broker, t.QueueID, t.Good, t.RT)
		}
		w.f("Avg RT: %.2f\n", value.Avg)
	})
}

// sentRow is a message of sendMsgStatus.
type sentRow struct {
	RT     int64             `json:"rt"` // ms
	Result *admin.SendResult `json:"result"`
}

func runSendMsgStatus(c *call) error {
	size, err := c.number("s", 128)
	if err != nil || size < 0 || size > maxTestBody {
		return orUsage(err, "option -s: a body of %d bytes", size)
	}
	count, err := c.number("c", 50)
	if err != nil {
		return err
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	body := func(n int64) []byte { return []byte(strings.Repeat("hello jodie", int(n+10)/11)) }
	topic := c.value("b")
	if _, err := c.sendAny(cl, 0, &admin.Outgoing{Topic: topic, Body: body(16)}); err != nil {
		return err
	}
	var rows []sentRow
	for i := range int(count) {
		start := time.Now()
		r, sendErr := c.sendAny(cl, i+1, &admin.Outgoing{Topic: topic, Body: body(size)})
		if err = errors.Join(sendErr, c.ctx.Err()); err != nil {
			break
		}
		rows = append(rows, sentRow{time.Since(start).Milliseconds(), r})
	}
	return errors.Join(err, c.emit(rows, func(w *text) {
		for _, r := range rows {
			w.f("rt=%dms, SendResult=%s\n", r.RT, sendText(r.Result))
		}
	}))
}

// sendText is what became of a message, in a line. Java: SendResult.toString.
func sendText(r *admin.SendResult) string {
	return fmt.Sprintf("SendResult [sendStatus=%s, msgId=%s, offsetMsgId=%s, messageQueue=%s, queueOffset=%d, "+
		"recallHandle=%s]", r.Status, r.ID, r.OffsetID, queueText(r.Queue), r.QueueOffset, orNull(r.RecallHandle))
}
