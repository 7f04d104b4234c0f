package admin

import (
	"strings"

	"gorocket/compat"
	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

// Names of brokers' counters. Java: Stats.
const (
	statTopicPut = "TOPIC_PUT_NUMS"
	statGroupGet = "GROUP_GET_NUMS"
)

// statsRow is a topic and a group of statsAll; Group is "" for a topic that nobody consumes.
type statsRow struct {
	Topic        string  `json:"topic"`
	Group        string  `json:"group"`
	Accumulation int64   `json:"accumulation"`
	InTPS        float64 `json:"inTps"`
	OutTPS       float64 `json:"outTps"`
	InDay        int64   `json:"inMsg24Hour"`
	OutDay       int64   `json:"outMsg24Hour"`
}

func runStatsAll(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	topics, err := cl.Topics(c.ctx)
	if err != nil {
		return err
	}
	var chosen []string
	for _, t := range topics {
		if !strings.HasPrefix(t, compat.RetryTopicPrefix) && !strings.HasPrefix(t, compat.DLQTopicPrefix) &&
			(c.value("t") == "" || t == c.value("t")) {
			chosen = append(chosen, t)
		}
	}
	parts := make([][]statsRow, len(chosen))
	admin.Each(cl.Parallel(), chosen, func(i int, topic string) error { // a topic that cannot be asked is left out
		parts[i] = c.topicStats(cl, topic)
		return nil
	})
	rows := []statsRow{}
	for _, p := range parts {
		for _, r := range p {
			if !c.has("a") || r.InDay > 0 || r.OutDay > 0 {
				rows = append(rows, r)
			}
		}
	}
	return c.emit(rows, func(w *text) {
		w.f("%-64s  %-64s %12s %11s %11s %14s %14s\n", "#Topic", "#Consumer Group", "#Accumulation", "#InTPS", "#OutTPS",
			"#InMsg24Hour", "#OutMsg24Hour")
		for _, r := range rows {
			if r.Group == "" {
				w.f("%-64s  %-64s %12d %11.2f %11s %14d %14s\n", cut(r.Topic, 64), "", 0, r.InTPS, "", r.InDay, "NO_CONSUMER")
				continue
			}
			w.f("%-64s  %-64s %12d %11.2f %11.2f %14d %14d\n", cut(r.Topic, 64), cut(r.Group, 64), r.Accumulation, r.InTPS,
				r.OutTPS, r.InDay, r.OutDay)
		}
	})
}

// topicStats are the rows of a topic. Java: printTopicDetail.
func (c *call) topicStats(cl *admin.Client, topic string) []statsRow {
	route, err := cl.Route(c.ctx, topic)
	if err != nil {
		return nil
	}
	var groups []string
	if nodes := admin.Selected(route); len(nodes) > 0 {
		if groups, err = cl.ConsumersOf(c.ctx, nodes[0].Addr, topic); err != nil {
			return nil
		}
	}
	row := statsRow{Topic: topic}
	row.InTPS, row.InDay = c.sumStats(cl, route, statTopicPut, topic)
	if len(groups) == 0 {
		return []statsRow{row}
	}
	var rows []statsRow
	for _, g := range groups {
		r := row
		r.Group = g
		r.OutTPS, r.OutDay = c.sumStats(cl, route, statGroupGet, topic+"@"+g)
		if stats, err := cl.ConsumeStats(c.ctx, "", g, topic); err == nil {
			r.Accumulation = max(0, stats.TotalDiff())
		}
		rows = append(rows, r)
	}
	return rows
}

// sumStats adds up a counter of the masters of a route: its rate and its sum of a day. Brokers that do not have it
// count nothing.
func (c *call) sumStats(cl *admin.Client, route *protocol.TopicRouteData, name, key string) (tps float64, day int64) {
	for i := range route.BrokerDatas {
		if addr := route.BrokerDatas[i].BrokerAddrs[protocol.MasterID]; addr != "" {
			if d, err := cl.Stats(c.ctx, addr, name, key); err == nil {
				tps, day = tps+d.StatsMinute.TPS, day+d.DaySum()
			}
		}
	}
	return tps, day
}
