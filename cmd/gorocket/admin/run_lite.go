package admin

import (
	"fmt"
	"slices"
	"time"

	"gorocket/compat"
	"gorocket/remoting/admin"
)

// part is the answer of one broker about lite topics, or why there is none.
type part[T any] struct {
	Broker string `json:"broker"`
	Info   *T     `json:"info,omitempty"`
	Error  string `json:"error,omitempty"`
}

// liteParts asks all brokers of the topic of -p; one that fails is told of, and the others are shown.
func liteParts[T any](c *call, get func(cl *admin.Client, n admin.Node) (*T, error)) ([]part[T], error) {
	cl, err := c.client()
	if err != nil {
		return nil, err
	}
	route, err := cl.Route(c.ctx, c.value("p"))
	if err != nil {
		return nil, err
	}
	nodes := admin.Selected(route)
	parts := make([]part[T], len(nodes))
	for i, err := range admin.Each(cl.Parallel(), nodes, func(i int, n admin.Node) (err error) {
		parts[i].Broker = n.Broker
		parts[i].Info, err = get(cl, n)
		return err
	}) {
		if err != nil {
			parts[i].Info, parts[i].Error = nil, err.Error()
			c.fail(err)
		}
	}
	return parts, nil
}

// each prints the parts, "[name] error." for those that failed.
func each[T any](w *text, parts []part[T], print func(broker string, info *T)) {
	for _, p := range parts {
		if p.Info == nil {
			w.f("[%s] error.\n", p.Broker)
		} else {
			print(p.Broker, p.Info)
		}
	}
}

func runGetBrokerLiteInfo(c *call) error {
	cl, addrs, err := c.clientAndTargets()
	if err != nil {
		return err
	}
	parts := make([]part[admin.BrokerLite], len(addrs))
	for i, addr := range addrs {
		parts[i].Broker = addr
		if parts[i].Info, err = cl.BrokerLite(c.ctx, addr); err == nil {
			continue
		} else if c.has("b") {
			return err
		}
		parts[i].Info, parts[i].Error = nil, err.Error()
		c.fail(err)
	}
	return c.emit(parts, func(w *text) {
		const format = "%-30v %-17v %-10v %-14v %-20v %-17v %-15v %-18v %-15v\n"
		w.f(format, "#Broker", "#Store Type", "#Max LMQ", "#Current LMQ", "#SubscriptionCount", "#OrderInfoCount",
			"#CQTableSize", "#OffsetTableSize", "#eventMapSize")
		each(w, parts, func(addr string, b *admin.BrokerLite) {
			w.f(format, addr, orNull(b.StoreType), b.MaxLmqNum, b.CurrentLmqNum, b.LiteSubscriptionCount, b.OrderInfoCount,
				b.CqTableSize, b.OffsetTableSize, b.EventMapSize)
			if c.has("d") {
				w.f("Topic Meta: %s\nGroup Meta: %s\n\n", jsonText(b.TopicMeta), jsonText(b.GroupMeta))
			}
		})
	})
}

// jsonText is a value as Java prints it in a line of JSON.
func jsonText(v any) string {
	text, err := compat.MarshalStandard(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func runGetParentTopicInfo(c *call) error {
	parts, err := liteParts(c, func(cl *admin.Client, n admin.Node) (*admin.ParentTopic, error) {
		return cl.ParentTopic(c.ctx, n.Addr, c.value("p"))
	})
	if err != nil {
		return err
	}
	return c.emit(parts, func(w *text) {
		const format = "%-50v %-8v %-14v %-14v %-100v \n"
		w.f("Parent Topic Info: [%s]\n", c.value("p"))
		w.f(format, "#Broker Name", "#TTL", "#Lite Count", "#LMQ NUM", "#GROUPS")
		each(w, parts, func(broker string, p *admin.ParentTopic) {
			w.f(format, cut(broker, 40), p.TTL, p.LiteTopicCount, p.LmqNum, listText(p.Groups))
		})
	})
}

// orDash and orNone are a time, or what stands for none.
func orDash(ms int64) string {
	if ms <= 0 {
		return "-"
	}
	return stampMillis(ms)
}

func orNone(ms int64) string {
	if ms <= 0 {
		return "N/A"
	}
	return stampMillis(ms)
}

func runGetLiteTopicInfo(c *call) error {
	parent, lite := c.value("p"), c.value("l")
	parts, err := liteParts(c, func(cl *admin.Client, n admin.Node) (*admin.LiteTopic, error) {
		return cl.LiteTopic(c.ctx, n.Addr, parent, lite)
	})
	if err != nil {
		return err
	}
	return c.emit(parts, func(w *text) {
		const format = "%-50v %-14v %-14v %-30v %-12v %-18v \n"
		w.f("Lite Topic Info: [%s] [%s] [%%LMQ%%$%s$%s]\n", parent, lite, parent, lite)
		w.f(format, "#Broker Name", "#MinOffset", "#MaxOffset", "#LastUpdate", "#Sharding", "#SubClientCount")
		each(w, parts, func(broker string, t *admin.LiteTopic) {
			w.f(format, cut(broker, 40), t.TopicOffset.MinOffset, t.TopicOffset.MaxOffset,
				orDash(t.TopicOffset.LastUpdateTimestamp), t.ShardingToBroker, len(t.Subscriber))
			if c.has("s") {
				var names []string
				for _, s := range t.Subscriber {
					names = append(names, s.ClientID+"@"+s.Group)
				}
				w.f("%s\n", listText(names))
			}
		})
	})
}

func runGetLiteClientInfo(c *call) error {
	parent, group, client := c.value("p"), c.value("g"), c.value("c")
	parts, err := liteParts(c, func(cl *admin.Client, n admin.Node) (*admin.LiteClient, error) {
		return cl.LiteClient(c.ctx, n.Addr, parent, group, client)
	})
	if err != nil {
		return err
	}
	return c.emit(parts, func(w *text) {
		const format = "%-30v %-20v %-30v %-30v \n"
		w.f("Lite Client Info: [%s] [%s] [%s]\n", parent, group, client)
		w.f(format, "#Broker", "#LiteTopicCount", "#LastAccessTime", "#LastConsumeTime")
		each(w, parts, func(broker string, l *admin.LiteClient) {
			count := "N/A"
			if l.LiteTopicCount > 0 {
				count = fmt.Sprint(l.LiteTopicCount)
			}
			w.f(format, broker, count, orNone(l.LastAccessTime), orNone(l.LastConsumeTime))
			if c.has("s") && l.LiteTopicSet != nil {
				w.f("Lite Topics: %s\n\n", listText(l.LiteTopicSet))
			}
		})
	})
}

// liteGroup is the result of getLiteGroupInfo.
type liteGroup struct {
	Brokers     []part[admin.LiteGroup] `json:"brokers"`
	TotalLag    int64                   `json:"totalLagCount"`
	Earliest    int64                   `json:"earliestUnconsumedTimestamp"` // ms
	ByCount     []admin.LiteLag         `json:"lagCountTopK,omitempty"`
	ByTimestamp []admin.LiteLag         `json:"lagTimestampTopK,omitempty"`
}

func runGetLiteGroupInfo(c *call) error {
	most, err := c.number("k", 20)
	if err != nil {
		return err
	}
	lite := c.value("l")
	parts, err := liteParts(c, func(cl *admin.Client, n admin.Node) (*admin.LiteGroup, error) {
		return cl.LiteGroup(c.ctx, n.Addr, c.value("g"), lite, int(most))
	})
	if err != nil {
		return err
	}
	g := liteGroup{Brokers: parts, Earliest: time.Now().UnixMilli()}
	for _, p := range parts {
		if p.Info == nil {
			continue
		}
		g.TotalLag += max(0, p.Info.TotalLagCount)
		if t := p.Info.EarliestUnconsumedTimestamp; t > 0 {
			g.Earliest = min(g.Earliest, t)
		}
		g.ByCount = append(g.ByCount, p.Info.LagCountTopK...)
		g.ByTimestamp = append(g.ByTimestamp, p.Info.LagTimestampTopK...)
	}
	slices.SortStableFunc(g.ByCount, func(a, b admin.LiteLag) int { return int(b.LagCount - a.LagCount) })
	slices.SortStableFunc(g.ByTimestamp, func(a, b admin.LiteLag) int {
		return int(a.EarliestUnconsumedTimestamp - b.EarliestUnconsumedTimestamp)
	})
	return c.emit(g, func(w *text) { c.printLiteGroup(w, &g) })
}

func (c *call) printLiteGroup(w *text, g *liteGroup) {
	const format = "%-50v %-16v %-16v %-16v %-30v\n"
	w.f("Lite Group Info: [%s] [%s]\n", c.value("g"), c.value("p"))
	one := c.value("l") != ""
	if one {
		w.f(format, "#Broker Name", "#BrokerOffset", "#ConsumeOffset", "#LagCount", "#LastUpdate")
	}
	each(w, g.Brokers, func(broker string, p *admin.LiteGroup) {
		o := p.LiteTopicOffsetWrapper
		switch {
		case !one:
		case o == nil:
			w.f(format, broker, "-", "-", "-", "-")
		default:
			w.f(format, broker, o.BrokerOffset, o.ConsumerOffset, o.Diff(), orDash(o.LastTimestamp))
		}
	})
	w.f("Total Lag Count: %d\n", g.TotalLag)
	w.f("Min Unconsumed Timestamp: %d (%d s ago)\n\n", g.Earliest, (time.Now().UnixMilli()-g.Earliest)/1000)
	if !one {
		w.f("------TopK by lag count-----\n")
		printLags(w, g.ByCount)
		w.f("\n------TopK by lag time------\n")
		printLags(w, g.ByTimestamp)
	}
}

func printLags(w *text, lags []admin.LiteLag) {
	const format = "%-6v %-40v %-12v %-30v\n"
	w.f(format, "NO", "Lite Topic", "Lag Count", "UnconsumedTimestamp")
	for i, l := range lags {
		w.f(format, i+1, l.LiteTopic, l.LagCount, orDash(l.EarliestUnconsumedTimestamp))
	}
}

func runTriggerLiteDispatch(c *call) error {
	type told struct {
		Done bool `json:"dispatched"`
	}
	parts, err := liteParts(c, func(cl *admin.Client, n admin.Node) (*told, error) {
		if c.has("b") && n.Broker != c.value("b") {
			return &told{}, nil
		}
		return &told{true}, cl.DispatchLite(c.ctx, n.Addr, c.value("g"), c.value("c"))
	})
	if err != nil {
		return err
	}
	return c.emit(parts, func(w *text) {
		w.f("Group And Topic Info: [%s] [%s]\n\n", c.value("g"), c.value("p"))
		for _, p := range parts {
			switch {
			case p.Info == nil:
				w.f("%-30s %-12s\n", p.Broker, "error")
			case p.Info.Done:
				w.f("%-30s %-12s\n", p.Broker, "dispatched")
			}
		}
	})
}
