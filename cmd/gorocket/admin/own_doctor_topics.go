package admin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gorocket/compat"
	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

// topics compares what brokers have with what clients are told, and looks for queues that get much more than others.
func (d *doctor) topics() {
	n, count := len(d.findings), 0
	for _, r := range d.rows {
		if !r.Master() || r.Error != "" {
			continue
		}
		have, err := d.cl.AllTopics(d.c.ctx, r.Addr)
		if err != nil {
			d.say(levelWarn, "topics", r.Broker, "cannot be asked: %v", err)
			continue
		}
		var names []string
		for _, t := range keysOf(have.TopicConfigTable) {
			if !admin.IsInternalTopic(t) && !strings.HasPrefix(t, compat.DLQTopicPrefix) {
				names = append(names, t)
			}
		}
		count += len(names)
		found := make([]finding, len(names))
		admin.Each(d.cl.Parallel(), names, func(i int, t string) error {
			found[i] = d.topic(r.Node, have.TopicConfigTable[t])
			return nil
		})
		for _, f := range found {
			if f.Level != "" {
				d.findings = append(d.findings, f)
			}
		}
	}
	d.good("topics", n, "%d, routes are as the brokers have them, queues evenly filled", count)
}

// topic looks at one topic of one broker; a finding without a level is none.
func (d *doctor) topic(n admin.Node, t *protocol.TopicConfig) (f finding) {
	f = finding{Check: "topics", Subject: t.TopicName}
	route, err := d.cl.Route(d.c.ctx, t.TopicName)
	if err != nil {
		f.Level, f.Text = levelFail, fmt.Sprintf("%s has it, the NameServer does not: %v", n.Broker, err)
		return f
	}
	at := slices.IndexFunc(route.QueueDatas, func(q protocol.QueueData) bool { return q.BrokerName == n.Broker })
	if at < 0 {
		f.Level, f.Text = levelFail, n.Broker+" has it, its route does not lead there"
		return f
	}
	if q := route.QueueDatas[at]; q.ReadQueueNums != t.ReadQueueNums || q.WriteQueueNums != t.WriteQueueNums {
		f.Level, f.Text = levelWarn, fmt.Sprintf("%s has %d/%d queues to read and write, its route says %d/%d", n.Broker,
			t.ReadQueueNums, t.WriteQueueNums, q.ReadQueueNums, q.WriteQueueNums)
		return f
	}
	stats, err := d.cl.TopicStatsAt(d.c.ctx, n.Addr, t.TopicName)
	if err != nil {
		return f
	}
	sum, most, fullest := int64(0), int64(0), 0
	for q, o := range stats.OffsetTable {
		held := o.MaxOffset - o.MinOffset
		if sum += held; held > most {
			most, fullest = held, q.QueueID
		}
	}
	if k := int64(len(stats.OffsetTable)); k > 1 && sum > unevenMin && most*k > unevenTimes*sum {
		f.Level, f.Text = levelWarn, fmt.Sprintf("queue %d of %s holds %d of %d messages", fullest, n.Broker, most, sum)
	}
	return f
}

// groups looks at backlogs, twice if it may wait: those that grow, and those that nobody consumes; and at dead letters.
func (d *doctor) groups(wait time.Duration) {
	n, seen := len(d.findings), map[string]int64{}
	rows := slices.DeleteFunc(slices.Clone(d.rows), func(r admin.BrokerStatus) bool { return r.Error != "" })
	lags := d.c.lags(d.cl, rows, seen, 0)
	if wait > 0 {
		select {
		case <-time.After(wait):
		case <-d.c.ctx.Done():
			return
		}
		lags = d.c.lags(d.cl, rows, seen, wait)
	}
	online := map[string]bool{}
	for _, l := range lags {
		if l.Diff < backlogMin || strings.HasPrefix(l.Group, protocol.SystemGroupPrefix) {
			continue
		}
		if _, asked := online[l.Group]; !asked {
			_, err := d.cl.Consumers(d.c.ctx, l.Group)
			online[l.Group] = err == nil
		}
		switch {
		case !online[l.Group]:
			d.say(levelWarn, "groups", l.Group, "%d messages of %s at %s wait, and nobody consumes them", l.Diff, l.Topic,
				l.Broker)
		case l.Growth > 0:
			d.say(levelWarn, "groups", l.Group, "%d messages of %s at %s wait, %.0f more each second", l.Diff, l.Topic, l.Broker,
				l.Growth)
		}
	}
	d.good("groups", n, "%d pairs of group and topic, no backlog of %d that grows or that nobody consumes", len(lags),
		backlogMin)
}
