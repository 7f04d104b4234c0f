package admin

import (
	"slices"
	"strings"

	"gorocket/compat"
	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

// progressRow is a queue of consumerProgress.
type progressRow struct {
	protocol.MessageQueue
	admin.OffsetWrapper
	ClientIP string `json:"clientIP,omitempty"`
	Diff     int64  `json:"diff"`
	Inflight int64  `json:"inflight"`
}

// progress is what consumerProgress -g shows.
type progress struct {
	Queues   []progressRow `json:"queues"`
	TPS      float64       `json:"consumeTps"`
	Diff     int64         `json:"diffTotal"`
	Inflight int64         `json:"inflightTotal"`
}

func runConsumerProgress(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	if c.value("g") == "" {
		return c.allProgress(cl)
	}
	group, cluster := c.value("g"), ""
	if c.has("t") {
		cluster = c.value("c")
	}
	stats, err := cl.ConsumeStats(c.ctx, cluster, group, c.value("t"))
	if err != nil {
		return err
	}
	showIP := c.is("s", false)
	var holders map[protocol.MessageQueue]string
	if showIP {
		holders = c.holders(cl, group)
	}
	p := progress{Queues: []progressRow{}, TPS: stats.ConsumeTPS}
	for _, q := range admin.SortedQueues(stats.OffsetTable) {
		o := stats.OffsetTable[q]
		r := progressRow{MessageQueue: q, OffsetWrapper: o, ClientIP: holders[q], Diff: o.Diff(),
			Inflight: o.PullOffset - o.ConsumerOffset}
		p.Diff, p.Inflight = p.Diff+r.Diff, p.Inflight+r.Inflight
		p.Queues = append(p.Queues, r)
	}
	return c.emit(p, func(w *text) { printProgress(w, &p, showIP) })
}

func printProgress(w *text, p *progress, showIP bool) {
	ip := func(s string) string {
		if !showIP {
			return ""
		}
		return pad(s, 20) + " "
	}
	w.f("%-64s  %-32s  %-4s  %-20s  %-20s  %s%-20s %-20s%s\n", "#Topic", "#Broker Name", "#QID", "#Broker Offset",
		"#Consumer Offset", ip("#Client IP"), "#Diff", "#Inflight", "#LastTime")
	for _, r := range p.Queues {
		last, client := "N/A", r.ClientIP
		if r.LastTimestamp != 0 {
			last = stamp(r.LastTimestamp)
		}
		if client == "" {
			client = "N/A"
		}
		w.f("%-64s  %-32s  %-4d  %-20d  %-20d  %s%-20d %-20d %s\n", cut(r.Topic, 64), cut(r.BrokerName, 32), r.QueueID,
			r.BrokerOffset, r.ConsumerOffset, ip(client), r.Diff, r.Inflight, last)
	}
	w.f("\nConsume TPS: %.2f\n", p.TPS)
	w.f("Consume Diff Total: %d\n", p.Diff)
	w.f("Consume Inflight Total: %d\n", p.Inflight)
}

func pad(s string, width int) string {
	if n := len([]rune(s)); n < width {
		s += strings.Repeat(" ", width-n)
	}
	return s
}

// holders asks the members of a group which queues they hold; members that do not answer are left out. Java:
// getMessageQueueAllocationResult.
func (c *call) holders(cl *admin.Client, group string) map[protocol.MessageQueue]string {
	held := map[protocol.MessageQueue]string{}
	cc, err := cl.Consumers(c.ctx, group)
	if err != nil {
		return held
	}
	infos := make([]*admin.ConsumerRunningInfo, len(cc.ConnectionSet))
	admin.Each(cl.Parallel(), cc.ConnectionSet, func(i int, m admin.Connection) (err error) {
		infos[i], err = cl.RunningInfo(c.ctx, group, m.ClientID, false)
		if err != nil {
			infos[i] = nil
		}
		return err
	})
	for i, info := range infos {
		if info != nil {
			for q := range info.MQTable {
				held[q], _, _ = strings.Cut(cc.ConnectionSet[i].ClientID, "@")
			}
		}
	}
	return held
}

// groupRow is a group of consumerProgress.
type groupRow struct {
	Group   string `json:"group"`
	Count   int    `json:"count"`
	Version string `json:"version"`
	Type    string `json:"type"`
	Model   string `json:"model"`
	TPS     int    `json:"tps"`
	Diff    int64  `json:"diffTotal"`
}

// allProgress shows each group whose retry topic the NameServer knows.
func (c *call) allProgress(cl *admin.Client) error {
	topics, err := cl.Topics(c.ctx)
	if err != nil {
		return err
	}
	var groups []string
	for _, t := range topics {
		if strings.HasPrefix(t, compat.RetryTopicPrefix) {
			groups = append(groups, parseGroup(t))
		}
	}
	rows := make([]groupRow, len(groups))
	admin.Each(cl.Parallel(), groups, func(i int, g string) error {
		rows[i] = c.groupProgress(cl, g)
		return nil
	})
	return c.emit(rows, func(w *text) {
		w.f("%-64s  %-6s  %-24s %-5s  %-14s  %-7s  %s\n", "#Group", "#Count", "#Version", "#Type", "#Model", "#TPS",
			"#Diff Total")
		for _, r := range rows {
			w.f("%-64s  %-6d  %-24s %-5s  %-14s  %-7d  %d\n", cut(r.Group, 64), r.Count, r.Version, r.Type, r.Model, r.TPS,
				r.Diff)
		}
	})
}

// groupProgress is one row; what cannot be asked stays empty, as in Java.
func (c *call) groupProgress(cl *admin.Client, group string) groupRow {
	r := groupRow{Group: group, Version: "OFFLINE"}
	if stats, err := cl.ConsumeStats(c.ctx, "", group, ""); err == nil {
		r.TPS, r.Diff = int(stats.ConsumeTPS), stats.TotalDiff()
	}
	cc, err := cl.Consumers(c.ctx, group)
	if err != nil {
		return r
	}
	r.Count, r.Version, r.Type = len(cc.ConnectionSet), compat.VersionName(cc.MinVersion()), "PUSH"
	switch cc.ConsumeType {
	case "CONSUME_ACTIVELY":
		r.Type = "PULL"
	case "CONSUME_PASSIVELY":
		r.Model = cc.MessageModel
	}
	return r
}

// parseGroup is the group of a retry topic, also of those of pop. Java: KeyBuilder.parseGroup.
func parseGroup(topic string) string {
	group := strings.TrimPrefix(topic, compat.RetryTopicPrefix)
	if before, _, has := strings.Cut(group, "+"); has && strings.HasPrefix(topic, compat.RetryTopicPrefix) {
		return before
	}
	return group
}

// connections is what consumerConnection shows.
type connections struct {
	*admin.ConsumerConnection
}

func (c *call) members(cl *admin.Client) (*admin.ConsumerConnection, error) {
	if c.has("b") {
		return cl.ConsumersAt(c.ctx, c.value("b"), c.value("g"))
	}
	return cl.Consumers(c.ctx, c.value("g"))
}

func runConsumerConnection(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	cc, err := c.members(cl)
	if err != nil {
		return err
	}
	sortConnections(cc.ConnectionSet)
	return c.emit(connections{cc}, func(w *text) {
		w.f("%-36s %-22s %-10s %s\n", "#ClientId", "#ClientAddr", "#Language", "#Version")
		for _, m := range cc.ConnectionSet {
			w.f("%-36s %-22s %-10s %s\n", m.ClientID, m.ClientAddr, m.Language, m.VersionName())
		}
		w.f("\nBelow is subscription:\n%-20s %s\n", "#Topic", "#SubExpression")
		for _, topic := range hashOrder(keysOf(cc.SubscriptionTable), 0) {
			s := cc.SubscriptionTable[topic]
			w.f("%-20s %s\n", s.Topic, s.SubString)
		}
		w.f("\nConsumeType: %s\nMessageModel: %s\nConsumeFromWhere: %s\n", orNull(cc.ConsumeType), orNull(cc.MessageModel),
			orNull(cc.ConsumeFromWhere))
	})
}

func sortConnections(set []admin.Connection) {
	slices.SortFunc(set, func(a, b admin.Connection) int { return strings.Compare(a.ClientID, b.ClientID) })
}

func keysOf[V any](m map[string]V) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func runProducerConnection(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	pc, err := cl.ProducersOf(c.ctx, c.value("g"), c.value("t"))
	if err != nil {
		return err
	}
	sortConnections(pc.ConnectionSet)
	return c.emit(pc.ConnectionSet, func(w *text) {
		for i, m := range pc.ConnectionSet {
			w.f("%04d  %-32s %-22s %-8s %s\n", i+1, m.ClientID, m.ClientAddr, m.Language, m.VersionName())
		}
	})
}

func runProducer(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	groups, err := cl.Producers(c.ctx, c.value("b"))
	if err != nil {
		return err
	}
	return c.emit(groups, func(w *text) {
		for _, g := range hashOrder(keysOf(groups), 0) {
			if len(groups[g]) == 0 {
				w.f("producer group (%s) instances are empty\n", g)
			}
			for _, p := range groups[g] {
				w.f("producer group (%s) instance : %s\n", g, producerText(&p))
			}
		}
	})
}
