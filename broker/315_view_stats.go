package broker

// VIEW_BROKER_STATS_DATA (315): what a counter did in the last minute, hour and day; mqadmin statsAll, Apache's
// dashboard and exporter live on it. Java: AdminBrokerProcessor.ViewBrokerStatsData, BrokerStatsManager. Java has
// counters that nobody asks for by this code; those that tools and exporters ask for are here.

import (
	"fmt"
	"strings"
	"time"

	"gorocket/broker/meta"
	"gorocket/broker/stats"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// Names of counters. Java: Stats.
const (
	statTopicPutNums  = "TOPIC_PUT_NUMS"
	statTopicPutSize  = "TOPIC_PUT_SIZE"
	statGroupGetNums  = "GROUP_GET_NUMS"
	statGroupGetSize  = "GROUP_GET_SIZE"
	statBrokerPutNums = "BROKER_PUT_NUMS"
	statBrokerGetNums = "BROKER_GET_NUMS"
)

// counters samples what the broker counts and answers with it.
type counters struct {
	liveConfig
	windows *stats.Windows
	totals  *stats.Totals
	topics  *meta.Topics
	pulled  *meta.Offsets
}

func (c *counters) entries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqViewBrokerStatsData, Mode: remoting.Pooled,
		Handle: with(wire.StatsDataRequest, c.view)}}
}

// statsItem is one window of an answer. Java: BrokerStatsItem.
type statsItem struct {
	AvgPT float64 `json:"avgpt"`
	Sum   int64   `json:"sum"`
	TPS   float64 `json:"tps"`
}

// statsData answers 315. Java: BrokerStatsData.
type statsData struct {
	StatsDay    statsItem `json:"statsDay"`
	StatsHour   statsItem `json:"statsHour"`
	StatsMinute statsItem `json:"statsMinute"`
}

func (c *counters) view(ctx *remoting.Context, h *wire.StatsDataHeader) {
	minute, hour, day, ok := c.windows.Of(stats.WindowKey{Name: h.StatsName, Key: h.StatsKey})
	if !ok && !c.counts(h.StatsName, h.StatsKey) {
		key := h.StatsKey
		if _, given := ctx.Req.Get("statsKey"); !given {
			key = "null" // as Java prints it
		}
		ctx.Status(wire.SystemError, fmt.Sprintf("The stats <%s> <%s> not exist", h.StatsName, key))
		return
	}
	respondJSON(ctx, statsData{StatsDay: statsItem(day), StatsHour: statsItem(hour), StatsMinute: statsItem(minute)})
}

// counts tells whether there is such a counter, for one that was not sampled yet.
func (c *counters) counts(name, key string) bool {
	switch name {
	case statTopicPutNums, statTopicPutSize:
		t := c.topics.Find(key)
		if t == nil {
			return false
		}
		messages, _, _ := t.Traffic.Totals()
		return messages > 0
	case statGroupGetNums, statGroupGetSize:
		topic, group, _ := strings.Cut(key, "@")
		messages, _, _ := c.pulled.Handed(meta.OffsetKey{Group: group, Topic: topic})
		return messages > 0
	case statBrokerPutNums:
		return key == c.cfg().BrokerClusterName && c.totals.Puts.Load() > 0
	case statBrokerGetNums:
		return key == c.cfg().BrokerClusterName && c.totals.Gets.Load() > 0
	}
	return false
}

// sample is called every ten seconds.
func (c *counters) sample(now time.Time) {
	c.windows.Sample(now, func(visit func(stats.WindowKey, stats.Count)) {
		c.topics.Each(func(t *meta.Topic) bool {
			if messages, bytes, sends := t.Traffic.Totals(); messages > 0 {
				visit(stats.WindowKey{Name: statTopicPutNums, Key: t.TopicName}, stats.Count{Value: messages, Times: sends})
				visit(stats.WindowKey{Name: statTopicPutSize, Key: t.TopicName}, stats.Count{Value: bytes, Times: sends})
			}
			return true
		})
		c.pulled.EachTraffic(func(k meta.OffsetKey, messages, bytes int64) {
			_, _, pulls := c.pulled.Handed(k)
			key := k.Topic + "@" + k.Group
			visit(stats.WindowKey{Name: statGroupGetNums, Key: key}, stats.Count{Value: messages, Times: pulls})
			visit(stats.WindowKey{Name: statGroupGetSize, Key: key}, stats.Count{Value: bytes, Times: pulls})
		})
		cluster := c.cfg().BrokerClusterName
		for name, n := range map[string]int64{statBrokerPutNums: c.totals.Puts.Load(),
			statBrokerGetNums: c.totals.Gets.Load()} {
			if n > 0 { // Java counts no additions of these
				visit(stats.WindowKey{Name: name, Key: cluster}, stats.Count{Value: n})
			}
		}
	})
}

// sampleEvery is how often counters are sampled, in seconds.
const sampleEvery = 10
