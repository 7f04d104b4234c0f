package admin

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gorocket/remoting/admin"
)

func runQueryMsgById(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	topic, cluster := c.value("t"), c.value("c")
	ids := strings.FieldsFunc(c.value("i"), func(r rune) bool { return r == ',' || r == ' ' })
	switch {
	case c.has("g") && c.has("d"):
		return c.pushByIDs(cl, cluster, topic, ids)
	case c.has("s"):
		if c.is("s", false) {
			return c.resend(cl, cluster, topic, ids)
		}
		return nil
	}
	shown := []*shownMessage{}
	for _, id := range ids {
		m, findErr := cl.FindMessage(c.ctx, cluster, topic, id)
		if findErr == nil {
			var s *shownMessage
			if s, findErr = c.show(cl, m, 0); findErr == nil {
				shown = append(shown, s)
			}
		}
		if findErr != nil {
			err = fmt.Errorf("%s: %w", id, findErr)
			break
		}
	}
	return errors.Join(err, c.emitMessages(shown, true))
}

// pushed is what a member said to a message that was handed to it.
type pushed struct {
	ID     string              `json:"msgId"`
	Result *admin.DirectResult `json:"result"`
}

// pushByIDs hands messages to a member of a group.
func (c *call) pushByIDs(cl *admin.Client, cluster, topic string, ids []string) error {
	group, client := c.value("g"), c.value("d")
	info, err := cl.RunningInfo(c.ctx, group, client, false)
	if err != nil {
		return err
	}
	if !info.Push() {
		c.say("this %s client is not push consumer ,not support direct push \n", client)
		return fmt.Errorf("%s does not take messages by listeners", client)
	}
	var all []pushed
	for _, id := range ids {
		m, err := cl.FindMessage(c.ctx, cluster, topic, id)
		if err == nil {
			var r *admin.DirectResult
			if r, err = cl.ConsumeDirectly(c.ctx, group, client, m); err == nil {
				all = append(all, pushed{id, r})
			}
		}
		if err != nil {
			c.fail(err)
		}
	}
	return c.emit(all, func(w *text) {
		for _, p := range all {
			w.f("%s", directText(p.Result))
		}
	})
}

// directText is a member's word in a line. Java: ConsumeMessageDirectlyResult.toString.
func directText(r *admin.DirectResult) string {
	remark := "null"
	if r.Remark != nil {
		remark = *r.Remark
	}
	return fmt.Sprintf("ConsumeMessageDirectlyResult [order=%t, autoCommit=%t, consumeResult=%s, remark=%s, "+
		"spentTimeMills=%d]", r.Order, r.AutoCommit, orNull(r.ConsumeResult), remark, r.SpentTimeMills)
}

// resend sends copies of messages to their topics.
func (c *call) resend(cl *admin.Client, cluster, topic string, ids []string) error {
	results := []*admin.SendResult{}
	var printed []string
	for _, id := range ids {
		m, err := cl.FindMessage(c.ctx, cluster, topic, id)
		if err == nil {
			var r *admin.SendResult
			if r, err = c.sendAny(cl, 0, admin.CopyOf(m, m.Topic)); err == nil {
				results = append(results, r)
				printed = append(printed, fmt.Sprintf("prepare resend msg. originalMsgId=%s%s", id, sendText(r)))
			}
		}
		if err != nil {
			if errors.Is(err, admin.ErrNoMessage) {
				printed = append(printed, "no message. msgId="+id)
			}
			c.fail(err)
		}
	}
	return c.emit(results, func(w *text) { w.f("%s", strings.Join(printed, "")) })
}

// keyRow is a message of queryMsgByKey.
type keyRow struct {
	ID       string `json:"msgId"`
	QueueID  int32  `json:"queueId"`
	Offset   int64  `json:"queueOffset"`
	IndexKey string `json:"indexKey"`
}

func runQueryMsgByKey(c *call) error {
	q := admin.Query{Cluster: c.value("c"), Topic: c.value("t"), Key: c.value("k"), Type: c.or("p", admin.IndexKey),
		LastKey: c.value("l"), End: math.MaxInt64}
	if q.Type != admin.IndexKey && q.Type != admin.IndexTag {
		c.say("index type error, just support K for keys or T for tags")
		return usagef("option -p: %q is neither K nor T", q.Type)
	}
	all, err := c.search(q, "m")
	if err != nil {
		return err
	}
	rows := []keyRow{}
	for i := range all {
		m := &all[i]
		hour := m.StoreTimestamp - m.StoreTimestamp%time.Hour.Milliseconds()
		rows = append(rows, keyRow{m.ID(), m.QueueID, m.QueueOffset, fmt.Sprintf("%d@%s@%s@%s@%s@%d", hour, q.Topic, q.Type,
			q.Key, m.ID(), m.CommitLogOffset)})
	}
	return c.emit(rows, func(w *text) {
		w.f("%-50s %4s %40s %-200s\n", "#Message ID", "#QID", "#Offset", "#IndexKey")
		for _, r := range rows {
			w.f("%-50s %4d %40d %-200s\n", r.ID, r.QueueID, r.Offset, r.IndexKey)
		}
	})
}

// search asks for the messages of q between the times of -b and -e, as many as option most says.
func (c *call) search(q admin.Query, most string) ([]admin.Message, error) {
	var err error
	if q.Begin, err = c.number("b", 0); err != nil {
		return nil, err
	}
	if q.End, err = c.number("e", math.MaxInt64); err != nil {
		return nil, err
	}
	n, err := c.number(most, 64)
	if err != nil {
		return nil, err
	}
	if n < 1 || n > math.MaxInt32 {
		return nil, usagef("option -%s: %d", most, n)
	}
	q.Max = int(n)
	cl, err := c.client()
	if err != nil {
		return nil, err
	}
	return cl.QueryMessages(c.ctx, q)
}

func runQueryMsgByUniqueKey(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	topic, id := c.value("t"), c.value("i")
	if c.has("g") && c.has("d") {
		return c.pushByIDs(cl, "", topic, []string{id})
	}
	const halfSpan = 36 * time.Hour
	q := admin.Query{Cluster: c.value("c"), Topic: topic, Key: id, Type: admin.IndexUnique, Max: 32,
		Begin: time.Now().Add(-halfSpan).UnixMilli(), End: time.Now().Add(halfSpan).UnixMilli()}
	if c.value("s") != "" && c.value("e") != "" {
		if q.Begin, err = c.number("s", 0); err != nil {
			return err
		}
		if q.End, err = c.number("e", 0); err != nil {
			return err
		}
	}
	all, err := cl.QueryMessages(c.ctx, q)
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b admin.Message) int { return int(a.StoreTimestamp - b.StoreTimestamp) })
	if !c.has("a") {
		all = all[:1]
	}
	shown := []*shownMessage{}
	for i := range all {
		s, err := c.show(cl, &all[i], i)
		if err != nil {
			return err
		}
		shown = append(shown, s)
	}
	return c.emitMessages(shown, false)
}

func runQueryMsgByOffset(c *call) error {
	queue, err := c.number("i", 0)
	if err != nil {
		return err
	}
	offset, err := c.number("o", 0)
	if err != nil {
		return err
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	n, err := c.nodeOf(cl, c.or("r", c.value("t")), c.value("b"))
	if err != nil {
		return err
	}
	r, err := cl.Pull(c.ctx, n, c.value("t"), int(queue), offset, 1, "*")
	if err != nil {
		return err
	}
	if len(r.Messages) == 0 {
		if c.own.json {
			return c.emit([]any{}, nil)
		}
		return nil
	}
	s, err := c.show(cl, &r.Messages[0], 0)
	if err != nil {
		return err
	}
	return c.emitMessages([]*shownMessage{s}, true)
}

// nodeOf finds a broker by its name in the route of a topic.
func (c *call) nodeOf(cl *admin.Client, topic, broker string) (admin.Node, error) {
	route, err := cl.Route(c.ctx, topic)
	if err != nil {
		return admin.Node{}, err
	}
	for _, n := range admin.Selected(route) {
		if n.Broker == broker {
			return n, nil
		}
	}
	return admin.Node{}, fmt.Errorf("The broker[%s] not exist", broker)
}
