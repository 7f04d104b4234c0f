package admin

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"gorocket/compat"
	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

// dlqRow is a group with dead letters.
type dlqRow struct {
	Group    string `json:"group"`
	Messages int64  `json:"messages"`
	Last     int64  `json:"lastTimestamp"` // ms
}

func runDLQ(c *call) error {
	if len(c.vals.args) != 1 {
		return errUsage
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	action := c.vals.args[0]
	if action == "list" {
		return c.listDLQ(cl)
	}
	if c.value("g") == "" {
		return usagef("dlq %s needs option -g", action)
	}
	switch action {
	case "show":
		return c.showDLQ(cl)
	case "resend":
		return c.resendDLQ(cl)
	}
	return usagef("dlq %s: it is list, show or resend", action)
}

func (c *call) listDLQ(cl *admin.Client) error {
	topics, err := cl.Topics(c.ctx)
	if err != nil {
		return err
	}
	rows := []dlqRow{}
	for _, t := range topics {
		if group, is := strings.CutPrefix(t, compat.DLQTopicPrefix); is && (c.value("g") == "" || c.value("g") == group) {
			rows = append(rows, dlqRow{Group: group})
		}
	}
	for _, err := range admin.Each(cl.Parallel(), rows, func(i int, r dlqRow) error {
		topic := compat.DLQTopicPrefix + r.Group
		route, err := cl.Route(c.ctx, topic)
		if err != nil {
			return err
		}
		stats, err := cl.TopicStats(c.ctx, topic, route)
		if err != nil {
			return err
		}
		for _, o := range stats.OffsetTable {
			rows[i].Messages += o.MaxOffset - o.MinOffset
			rows[i].Last = max(rows[i].Last, o.LastUpdateTimestamp)
		}
		return nil
	}) {
		if err != nil {
			c.fail(err)
		}
	}
	return c.emit(rows, func(w *text) {
		w.f("%-64s  %-12s  %s\n", "#Group", "#Messages", "#Last Time")
		for _, r := range rows {
			w.f("%-64s  %-12d  %s\n", cut(r.Group, 64), r.Messages, orDash(r.Last))
		}
	})
}

// eachDead calls f for the dead letters of -g that the options choose, up to one for which it returns errEnough.
func (c *call) eachDead(cl *admin.Client, f func(m *admin.Message) error) error {
	s := &scan{c: c, cl: cl, topic: compat.DLQTopicPrefix + c.value("g"), tags: "*"}
	route, err := cl.Route(c.ctx, s.topic)
	if err != nil {
		return err
	}
	for _, n := range admin.Selected(route) { // dead letter topics may be read by nobody: not by the route's permission
		for _, q := range route.QueueDatas {
			for id := 0; q.BrokerName == n.Broker && id < max(q.ReadQueueNums, q.WriteQueueNums); id++ {
				if err := s.eachOf(n, id, f); err != nil {
					return ignoring(err, errEnough)
				}
			}
		}
	}
	return nil
}

var errEnough = errors.New("enough")

func ignoring(err, known error) error {
	if errors.Is(err, known) {
		return nil
	}
	return err
}

// eachOf is eachDead for one queue.
func (s *scan) eachOf(n admin.Node, queue int, f func(m *admin.Message) error) error {
	from, to, err := s.bounds(n, queue, "b", "e")
	if err != nil {
		return err
	}
	for offset := from; offset < to; {
		r, err := s.cl.Pull(s.c.ctx, n, s.topic, queue, offset, pullBatch, s.tags)
		if err != nil {
			return err
		}
		for i := range r.Messages {
			m := &r.Messages[i]
			if m.QueueOffset < to && s.c.chosen(m) {
				if err := f(m); err != nil {
					return err
				}
			}
		}
		if r.Next <= offset {
			break
		}
		offset = r.Next
	}
	return nil
}

// chosen tells whether a message is one of -i and -k, if these were given.
func (c *call) chosen(m *admin.Message) bool {
	if id := c.value("i"); id != "" && id != m.ID() && id != m.OffsetID && id != m.Properties[protocol.PropOriginID] {
		return false
	}
	return c.value("k") == "" || m.HasKey(c.value("k"))
}

// deadRow is a dead letter.
type deadRow struct {
	ID       string `json:"msgId"`
	Topic    string `json:"topic"` // it came from
	Keys     string `json:"keys"`
	Tags     string `json:"tags"`
	Times    int32  `json:"reconsumeTimes"`
	Stored   int64  `json:"storeTimestamp"`
	BodyText string `json:"bodyText,omitempty"`
}

func originOf(m *admin.Message) string {
	if t := m.Properties["DLQ_ORIGIN_TOPIC"]; t != "" {
		return t
	}
	return m.Properties[protocol.PropRetryTopic]
}

func (c *call) showDLQ(cl *admin.Client) error {
	most, err := c.number("m", 64)
	if err != nil {
		return err
	}
	rows := []deadRow{}
	if err := c.eachDead(cl, func(m *admin.Message) error {
		if int64(len(rows)) >= most {
			return errEnough
		}
		r := deadRow{ID: m.ID(), Topic: originOf(m), Keys: m.Keys(), Tags: m.Tags(), Times: m.ReconsumeTimes,
			Stored: m.StoreTimestamp}
		if c.is("d", false) {
			r.BodyText = strings.ToValidUTF8(string(m.Body), "\ufffd")
		}
		rows = append(rows, r)
		return nil
	}); err != nil {
		return err
	}
	return c.emit(rows, func(w *text) {
		w.f("%-50s  %-32s  %-24s  %-16s  %-6s  %s\n", "#Message ID", "#Topic", "#Keys", "#Tags", "#Times", "#Store Time")
		for _, r := range rows {
			w.f("%-50s  %-32s  %-24s  %-16s  %-6d  %s\n", r.ID, cut(r.Topic, 32), cut(r.Keys, 24), cut(r.Tags, 16), r.Times,
				stampMillis(r.Stored))
			if r.BodyText != "" {
				w.f("%s\n", r.BodyText)
			}
		}
	})
}

// resent is the result of dlq resend.
type resent struct {
	Group  string   `json:"group"`
	DryRun bool     `json:"dryRun,omitempty"`
	Sent   int      `json:"sent"`
	Failed []string `json:"failed"` // ids
}

// progressEvery is how often a long run tells where it is.
const progressEvery = 2 * time.Second

// resendDLQ sends dead letters again: to the retry topic of their group, whose members take them for what they were, or
// to the topic that they came from. They stay among the dead letters until these expire.
func (c *call) resendDLQ(cl *admin.Client) error {
	if !c.has("a") && !c.has("i") && !c.has("k") && !c.has("b") && !c.has("e") {
		return usagef("dlq resend: which? -i id, -k key, -b and -e times, or -a for all")
	}
	rate, err := c.number("r", 100)
	if err != nil || rate < 1 || rate > 1e6 {
		return orUsage(err, "option -r: %d per second", rate)
	}
	pace, told := time.NewTicker(time.Second/time.Duration(rate)), time.Now()
	defer pace.Stop()
	d := resent{Group: c.value("g"), DryRun: c.own.dryRun, Failed: []string{}}
	err = c.eachDead(cl, func(m *admin.Message) error {
		to := compat.RetryTopicPrefix + d.Group
		if c.is("o", false) || originOf(m) == "" {
			to = originOf(m)
		}
		if to == "" {
			c.fail(fmt.Errorf("message %s does not say which topic it came from", m.ID()))
			d.Failed = append(d.Failed, m.ID())
			return nil
		}
		if !c.own.dryRun {
			select {
			case <-pace.C:
			case <-c.ctx.Done():
				return c.ctx.Err()
			}
			if _, err := c.sendAny(cl, d.Sent, copyOf(m, to)); err != nil {
				c.fail(err)
				d.Failed = append(d.Failed, m.ID())
				return nil
			}
		}
		if d.Sent++; time.Since(told) > progressEvery && !c.own.json {
			told = time.Now()
			fmt.Fprintf(c.errs, "%d sent\n", d.Sent)
		}
		return nil
	})
	return errors.Join(err, c.emit(d, func(w *text) {
		if d.DryRun {
			w.f("would resend %d messages of group [%s]\n", d.Sent, d.Group)
		} else {
			w.f("resend %d messages of group [%s], %d failed\n", d.Sent, d.Group, len(d.Failed))
		}
	}))
}
