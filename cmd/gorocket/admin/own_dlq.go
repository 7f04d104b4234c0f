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
	rows := []admin.DeadGroup{}
	for _, t := range topics {
		if group, is := strings.CutPrefix(t, compat.DLQTopicPrefix); is && (c.value("g") == "" || c.value("g") == group) {
			rows = append(rows, admin.DeadGroup{Group: group})
		}
	}
	for _, err := range cl.CountDead(c.ctx, rows) {
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

// eachDead calls f for the dead letters of -g that the options choose, up to one for which it returns ErrEnough.
func (c *call) eachDead(cl *admin.Client, f func(m *admin.Message) error) error {
	span := admin.Everything
	for key, at := range map[string]*int64{"b": &span.Begin, "e": &span.End} {
		if c.has(key) {
			var err error
			if *at, err = c.timestamp(key); err != nil {
				return err
			}
		}
	}
	return cl.EachDead(c.ctx, c.value("g"), span, func(m *admin.Message) error {
		if c.chosen(m) {
			return f(m)
		}
		return nil
	})
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

func (c *call) showDLQ(cl *admin.Client) error {
	most, err := c.number("m", 64)
	if err != nil {
		return err
	}
	rows := []deadRow{}
	if err := c.eachDead(cl, func(m *admin.Message) error {
		if int64(len(rows)) >= most {
			return admin.ErrEnough
		}
		r := deadRow{ID: m.ID(), Topic: admin.OriginTopic(m), Keys: m.Keys(), Tags: m.Tags(), Times: m.ReconsumeTimes,
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
		if c.is("o", false) || admin.OriginTopic(m) == "" {
			to = admin.OriginTopic(m)
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
			if _, err := c.sendAny(cl, d.Sent, admin.CopyOf(m, to)); err != nil {
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
