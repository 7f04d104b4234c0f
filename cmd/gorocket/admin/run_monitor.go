package admin

import (
	"fmt"
	"strings"
	"time"

	"gorocket/compat"
	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

// Rounds of startMonitoring. Java: MonitorService.
const (
	monitorFirst = 20 * time.Second
	monitorPause = time.Minute
)

// undone is what waits for a group in a topic. Java: UndoneMsgs.
type undone struct {
	Group  string `json:"consumerGroup"`
	Topic  string `json:"topic"`
	Total  int64  `json:"undoneMsgsTotal"`
	Single int64  `json:"undoneMsgsSingleMQ"`
	Delay  int64  `json:"undoneMsgsDelayTimeMills"`
}

// round is one look of startMonitoring.
type round struct {
	Undone  []undone `json:"undone"`
	Notices []string `json:"notices"`
}

// runStartMonitoring looks at all groups once a minute until it is ended. Java writes what it sees into a log file
// only; here it is printed.
func runStartMonitoring(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	for pause := monitorFirst; ; pause = monitorPause {
		select {
		case <-c.ctx.Done():
			return nil
		case <-time.After(pause):
		}
		r, err := c.monitor(cl)
		if err != nil {
			c.fail(err)
			continue
		}
		if err := c.emit(r, func(w *text) { r.print(w) }); err != nil {
			return err
		}
	}
}

func (r *round) print(w *text) {
	w.f("[MONITOR] =========================================beginRound\n")
	for _, u := range r.Undone {
		w.f("[MONITOR] reportUndoneMsgs: UndoneMsgs [consumerGroup=%s, topic=%s, undoneMsgsTotal=%d, "+
			"undoneMsgsSingleMQ=%d, undoneMsgsDelayTimeMills=%d]\n", u.Group, u.Topic, u.Total, u.Single, u.Delay)
	}
	for _, n := range r.Notices {
		w.f("[MONITOR]  [NOTIFY] reportConsumerRunningInfo: %s\n", n)
	}
	w.f("[MONITOR] =========================================endRound\n")
}

func (c *call) monitor(cl *admin.Client) (*round, error) {
	topics, err := cl.Topics(c.ctx)
	if err != nil {
		return nil, err
	}
	var groups []string
	for _, t := range topics {
		if strings.HasPrefix(t, compat.RetryTopicPrefix) {
			groups = append(groups, parseGroup(t))
		}
	}
	rounds := make([]round, len(groups))
	admin.Each(cl.Parallel(), groups, func(i int, g string) error { // a group that cannot be asked is left out
		rounds[i] = c.monitorGroup(cl, g)
		return nil
	})
	all := &round{Undone: []undone{}, Notices: []string{}}
	for _, r := range rounds {
		all.Undone, all.Notices = append(all.Undone, r.Undone...), append(all.Notices, r.Notices...)
	}
	return all, nil
}

func (c *call) monitorGroup(cl *admin.Client, group string) (r round) {
	cc, err := cl.Consumers(c.ctx, group)
	if err != nil {
		return r
	}
	if stats, err := cl.ConsumeStats(c.ctx, "", group, ""); err == nil {
		r.Undone = c.undoneOf(cl, group, stats)
	}
	s := groupStatus{}
	for _, m := range cc.ConnectionSet {
		if info, err := cl.RunningInfo(c.ctx, group, m.ClientID, false); err == nil {
			s.Members = append(s.Members, memberRow{ClientID: m.ClientID, Info: info})
		}
	}
	if len(s.Members) == 0 {
		return r
	}
	s.analyze()
	if !s.SameSubscription {
		r.Notices = append(r.Notices, fmt.Sprintf("ConsumerGroup: %s, Subscription different", group))
	}
	for _, line := range s.Warnings {
		r.Notices = append(r.Notices, fmt.Sprintf("ConsumerGroup: %s, %s", group, line))
	}
	return r
}

// undoneOf adds up, by topic, what waits for a group and how old it is at most. Java: computeUndoneMsgs.
func (c *call) undoneOf(cl *admin.Client, group string, stats *admin.ConsumeStats) (all []undone) {
	byTopic := map[string]*undone{}
	for _, q := range admin.SortedQueues(stats.OffsetTable) {
		u := byTopic[q.Topic]
		if u == nil {
			u = &undone{Group: group, Topic: q.Topic}
			byTopic[q.Topic] = u
		}
		w := stats.OffsetTable[q]
		u.Single, u.Total = max(u.Single, w.Diff()), u.Total+max(0, w.Diff())
		if w.LastTimestamp > 0 && w.BrokerOffset > 0 {
			u.Delay = max(u.Delay, c.newest(cl, q, w.BrokerOffset)-w.LastTimestamp)
		}
	}
	for _, t := range keysOf(byTopic) {
		all = append(all, *byTopic[t])
	}
	return all
}

// newest is the store time of the last message of a queue, 0 when it cannot be found.
func (c *call) newest(cl *admin.Client, q protocol.MessageQueue, end int64) int64 {
	n, err := c.nodeOf(cl, q.Topic, q.BrokerName)
	if err != nil {
		return 0
	}
	r, err := cl.Pull(c.ctx, n, q.Topic, q.QueueID, end-1, 1, "*")
	if err != nil || len(r.Messages) == 0 {
		return 0
	}
	return r.Messages[0].StoreTimestamp
}
