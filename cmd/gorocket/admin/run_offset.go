package admin

import (
	"time"

	"gorocket/remoting/admin"
)

// resetRequest is what resetOffsetByTime and skipAccumulatedMessage were asked for.
type resetRequest struct {
	group, topic, cluster string
	timestamp             int64
	given                 string // as it was given
	force                 bool
}

func (c *call) resetRequest() (r resetRequest, err error) {
	r = resetRequest{group: c.value("g"), topic: c.value("t"), cluster: c.value("c"), given: c.value("s"), timestamp: -1,
		force: c.is("f", true)}
	switch {
	case r.given == "now":
		r.timestamp = time.Now().UnixMilli()
	case c.has("s"):
		r.timestamp, err = c.timestamp("s")
	}
	return r, err
}

// resetResult is what became of offsets: those that brokers set, or those that were committed for a group without
// members.
type resetResult struct {
	Group     string              `json:"group"`
	Topic     string              `json:"topic"`
	Timestamp int64               `json:"timestamp"`
	Offsets   []admin.QueueOffset `json:"offsets,omitempty"`
	Rollbacks []admin.Rollback    `json:"rollbacks,omitempty"`
}

func runResetOffsetByTime(c *call) error {
	r, err := c.resetRequest()
	if err != nil {
		return err
	}
	queue, err := c.number("q", -1)
	if err != nil {
		return err
	}
	if c.has("b") && queue >= 0 {
		return c.resetQueue(&r, int(queue))
	}
	res, err := c.reset(&r)
	if err != nil {
		return err
	}
	return c.emit(res, func(w *text) {
		if res.Rollbacks != nil {
			w.f("reset consumer offset by specified consumerGroup[%s], topic[%s], force[%t], timestamp(string)[%s], "+
				"timestamp(long)[%d]\n", r.group, r.topic, r.force, r.given, r.timestamp)
			printRollbacks(w, res.Rollbacks, "#resetOffset")
			return
		}
		w.f("start reset consumer offset by specified, group[%s], topic[%s], force[%t], timestamp(string)[%s], "+
			"timestamp(long)[%d]\n", r.group, r.topic, r.force, r.given, r.timestamp)
		printOffsets(w, res.Offsets)
	})
}

// reset resets by the brokers, else, for a group without members at old brokers, by commits.
func (c *call) reset(r *resetRequest) (*resetResult, error) {
	cl, err := c.client()
	if err != nil {
		return nil, err
	}
	res := &resetResult{Group: r.group, Topic: r.topic, Timestamp: r.timestamp}
	res.Offsets, res.Rollbacks, err = cl.ResetAny(c.ctx, r.cluster, r.topic, r.group, r.timestamp, r.force)
	return res, err
}

// resetQueue resets the offset of one queue of the broker of -b.
func (c *call) resetQueue(r *resetRequest, queue int) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	addr := c.value("b")
	offset, err := c.number("o", -1)
	if err == nil && !c.has("o") {
		offset, err = cl.SearchOffset(c.ctx, addr, r.topic, queue, r.timestamp)
	}
	if err != nil {
		return err
	}
	if offset > 0 { // as in Java, where 0 is not set
		if err := cl.ResetQueue(c.ctx, addr, r.group, r.topic, queue, offset); err != nil {
			return err
		}
	}
	value := struct {
		Group   string `json:"group"`
		Topic   string `json:"topic"`
		Broker  string `json:"broker"`
		QueueID int    `json:"queueId"`
		Offset  int64  `json:"offset"`
	}{r.group, r.topic, addr, queue, offset}
	return c.emit(value, func(w *text) {
		w.f("start reset consumer offset by specified, group[%s], topic[%s], queueId[%d], broker[%s], "+
			"timestamp(string)[%s], timestamp(long)[%d]\n", r.group, r.topic, queue, addr, r.given, r.timestamp)
		w.f("reset consumer offset to %d\n", offset)
	})
}

func printOffsets(w *text, offsets []admin.QueueOffset) {
	const format = "%-40v  %-40v  %-40v\n"
	w.f(format, "#brokerName", "#queueId", "#offset")
	for _, o := range offsets {
		w.f(format, cut(o.BrokerName, 32), o.QueueID, o.Offset)
	}
}

func printRollbacks(w *text, rows []admin.Rollback, last string) {
	const format = "%-20v  %-20v  %-20v  %-20v  %-20v  %-20v\n"
	w.f(format, "#brokerName", "#queueId", "#brokerOffset", "#consumerOffset", "#timestampOffset", last)
	for _, r := range rows {
		w.f(format, cut(r.BrokerName, 32), r.QueueID, r.BrokerOffset, r.ConsumerOffset, r.TimestampOffset, r.RollbackOffset)
	}
}

func runSkipAccumulatedMessage(c *call) error {
	r, err := c.resetRequest()
	if err != nil {
		return err
	}
	res, err := c.reset(&r)
	if err != nil {
		return err
	}
	return c.emit(res, func(w *text) {
		if res.Rollbacks != nil {
			printRollbacks(w, res.Rollbacks, "#rollbackOffset")
		} else {
			printOffsets(w, res.Offsets)
		}
	})
}

func runCloneGroupOffset(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	src, dest, topic := c.value("s"), c.value("d"), c.value("t")
	cloned, err := cl.CloneOffsets(c.ctx, src, dest, topic)
	if err != nil {
		return err
	}
	value := struct {
		From    string              `json:"srcGroup"`
		To      string              `json:"destGroup"`
		Topic   string              `json:"topic"`
		Offsets []admin.QueueOffset `json:"offsets"`
	}{src, dest, topic, cloned}
	return c.emit(value, func(w *text) {
		w.f("clone group offset success. srcGroup[%s], destGroup=[%s], topic[%s]", src, dest, topic)
	})
}
