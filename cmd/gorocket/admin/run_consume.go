package admin

import (
	"time"

	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

// consumeRequest is what consumeMessage was asked for; times are 0 when they were not given.
type consumeRequest struct {
	most, offset, begin, end int64
	queue                    int64 // -1: all
}

// consumeRequest reads the options in Java's order, with its words for what is wrong.
func (c *call) consumeRequest() (r consumeRequest, err error) {
	if r.most, err = c.number("c", 128); err != nil {
		return r, err
	}
	if r.queue, err = c.number("i", -1); err != nil {
		return r, err
	}
	if r.offset, err = c.number("o", 0); err != nil {
		return r, err
	}
	for key, at := range map[string]*int64{"s": &r.begin, "e": &r.end} {
		if c.has(key) {
			if *at, err = c.timestamp(key); err != nil {
				return r, err
			}
		}
	}
	now, wrong := time.Now().UnixMilli(), ""
	switch {
	case r.most <= 0:
		wrong = "Please input a positive messageNumber!"
	case c.has("i") && !c.has("b"):
		wrong = "Please set the brokerName before queueId!"
	case c.has("o") && !c.has("i"):
		wrong = "Please set queueId before offset!"
	case r.begin > now:
		wrong = "Please set the beginTimestamp before now!"
	case r.end > now:
		wrong = "Please set the endTimestamp before now!"
	case c.has("e") && r.begin > r.end:
		wrong = "Please make sure that the beginTimestamp is less than or equal to the endTimestamp"
	}
	if wrong == "" {
		return r, nil
	}
	c.say("%s", wrong)
	return r, usagef("%s", wrong)
}

func runConsumeMessage(c *call) error {
	r, err := c.consumeRequest()
	if err != nil {
		return err
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	s := &scan{c: c, cl: cl, topic: c.value("t"), charset: "UTF-8", tags: "*", body: true}
	if r.queue >= 0 {
		n, err := c.nodeOf(cl, s.topic, c.value("b"))
		if err != nil {
			return err
		}
		return s.consumeQueue(n, &r)
	}
	route, err := cl.Route(c.ctx, s.topic)
	if err != nil {
		return err
	}
	queues, nodes := queuesOf(s.topic, route)
	left := r.most
	for _, q := range queues {
		n, has := nodes[q.BrokerName]
		if left <= 0 || !has {
			continue
		}
		from, to, err := s.ends(n, q.QueueID, &r)
		if err != nil {
			return err
		}
		if to-from > left {
			c.say("The older %d message of the %d queue will be provided\n", left, q.QueueID)
			to, left = from+left-1, 0
		} else {
			left -= to - from
		}
		if err := s.consume(n, q, from, to); err != nil {
			return err
		}
	}
	return nil
}

// ends are the offsets between which a queue is read.
func (s *scan) ends(n admin.Node, queue int, r *consumeRequest) (from, to int64, err error) {
	return s.bounds(n, queue, "s", "e")
}

// consumeQueue reads one queue from an offset on.
func (s *scan) consumeQueue(n admin.Node, r *consumeRequest) error {
	q := protocol.MessageQueue{Topic: s.topic, BrokerName: n.Broker, QueueID: int(r.queue)}
	from, to, err := s.ends(n, q.QueueID, r)
	if err != nil {
		return err
	}
	if r.offset > to {
		s.c.say("%s no matched msg, offset=%d\n", queueText(q), r.offset)
		return nil
	}
	from = max(from, r.offset)
	if to-from > r.most {
		s.c.say("The oldler %d message will be provided\n", r.most)
		to = from + r.most - 1
	}
	return s.consume(n, q, from, to)
}

// consume prints the messages from an offset to another, which is included: with the end of the queue that is one more
// than there is, and what the broker answers to that is printed, as in Java.
func (s *scan) consume(n admin.Node, q protocol.MessageQueue, from, last int64) error {
	for offset := from; offset <= last; {
		r, err := s.cl.Pull(s.c.ctx, n, s.topic, q.QueueID, offset, int(min(last-offset+1, pullMost)), s.tags)
		if err != nil {
			s.c.fail(err)
			return nil
		}
		offset = r.Next
		switch r.Status {
		case admin.PullFound:
			s.c.say("Consume ok\n")
			if err := s.printMessages(r.Messages); err != nil {
				return err
			}
		case admin.PullNoMatch:
			s.c.say("%s no matched msg. status=%s, offset=%d\n", queueText(q), r.Status, offset)
		default:
			s.c.say("%s print msg finished. status=%s, offset=%d\n", queueText(q), r.Status, offset)
			return nil
		}
	}
	return nil
}

// pullMost bounds one pull of many messages.
const pullMost = 1024
