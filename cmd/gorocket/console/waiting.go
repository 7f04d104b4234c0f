package console

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gorocket/compat"
	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

// Limits of what is shown of messages that wait.
const (
	maxWaiting = 100  // half messages, or timer messages, of a broker
	maxOps     = 4096 // op messages that are read to find out which half messages have ended
	maxLevels  = 64
)

// levelRow is a delay level of a broker.
type levelRow struct {
	Broker  string
	Level   int
	Delay   string
	Waiting int64
}

// timerRow is a topic for which timer messages wait at a broker.
type timerRow struct {
	Broker, Topic string
	Waiting       int64
}

// waitingRow is a message that waits.
type waitingRow struct {
	found
	Broker string
	For    string // the topic that it is for
	Due    int64  // ms; 0: not known
	Asked  string // how often its producer was asked
}

// waitingView is the page of what waits: by delay levels, by time, and for the end of a transaction.
type waitingView struct {
	Levels []levelRow
	Timers []timerRow
	Later  []waitingRow
	Halves []waitingRow
	Partly []string
}

// brokerWaits is a broker's part of it.
type brokerWaits struct {
	levels []levelRow
	timers []timerRow
	later  []waitingRow
	halves []waitingRow
}

func showWaiting(r *request) (any, error) {
	_, all, partly, err := each(r.Context(), r.b, r.b.waits)
	if err != nil {
		return nil, err
	}
	v := waitingView{Partly: partly}
	for _, w := range all {
		v.Levels, v.Timers = append(v.Levels, w.levels...), append(v.Timers, w.timers...)
		v.Later, v.Halves = append(v.Later, w.later...), append(v.Halves, w.halves...)
	}
	return v, nil
}

// waits asks a broker what waits there. What it does not serve is left out.
func (b *backend) waits(ctx context.Context, n admin.Node) (w brokerWaits, err error) {
	info, err := b.RuntimeInfo(ctx, n.Addr)
	if err != nil {
		return w, err
	}
	w.levels = levelsOf(n.Broker, info, b.delays(ctx, n.Addr))
	if timers, err := b.TimerMetrics(ctx, n.Addr); err == nil {
		for topic, c := range timers {
			if c.Count > 0 {
				w.timers = append(w.timers, timerRow{n.Broker, topic, c.Count})
			}
		}
		slices.SortFunc(w.timers, func(a, b timerRow) int { return strings.Compare(a.Topic, b.Topic) })
		if len(w.timers) > 0 {
			w.later = b.later(ctx, n)
		}
	}
	w.halves, err = b.halves(ctx, n)
	return w, err
}

// delays are the times of a broker's delay levels, in order.
func (b *backend) delays(ctx context.Context, addr string) []string {
	settings, err := b.settings(ctx, addr)
	if err != nil {
		return nil // SUPER users only
	}
	for _, s := range settings {
		if s.Key == "messageDelayLevel" {
			return strings.Fields(s.Value)
		}
	}
	return nil
}

// levelsOf reads what a broker says of its delay levels: "delivered,stored".
func levelsOf(broker string, info map[string]string, delays []string) (rows []levelRow) {
	for level := 1; level <= maxLevels; level++ {
		at, end, ok := strings.Cut(info[fmt.Sprintf("scheduleMessageOffset_%d", level)], ",")
		if !ok {
			continue
		}
		from, _ := strconv.ParseInt(at, 10, 64) // 0 where it does not tell
		to, _ := strconv.ParseInt(end, 10, 64)
		row := levelRow{Broker: broker, Level: level, Waiting: max(0, to-from)}
		if level <= len(delays) {
			row.Delay = delays[level-1]
		}
		if row.Waiting > 0 {
			rows = append(rows, row)
		}
	}
	return rows
}

// later are the timer messages that came last to a broker.
func (b *backend) later(ctx context.Context, n admin.Node) (rows []waitingRow) {
	_, end, err := b.Bounds(ctx, n, compat.TopicTimer, 0, admin.Everything)
	if err != nil {
		return nil // this topic is a broker's own matter
	}
	res, err := b.Pull(ctx, n, compat.TopicTimer, 0, max(0, end-maxWaiting), maxWaiting, "*")
	if err != nil {
		return nil // as above
	}
	for i := range res.Messages {
		m := &res.Messages[i]
		due, _ := strconv.ParseInt(m.Properties["TIMER_OUT_MS"], 10, 64) // 0: not known
		if due < m.StoreTimestamp {
			continue
		}
		rows = append(rows, waitingRow{found: listed(compat.TopicTimer, m), Broker: n.Broker,
			For: m.Properties[propRealTopic], Due: due})
	}
	slices.Reverse(rows)
	return rows
}

// propRealTopic is where a message goes that waits in a topic of the broker. Java: PROPERTY_REAL_TOPIC.
const propRealTopic = "REAL_TOPIC"

// halves are the half messages of a broker that nobody has ended: those behind the progress of transactions, without
// those that op messages name.
func (b *backend) halves(ctx context.Context, n admin.Node) (rows []waitingRow, err error) {
	from, to, err := b.open(ctx, n, compat.TopicTransHalf)
	if err != nil || from >= to {
		return nil, err
	}
	opFrom, opTo, err := b.open(ctx, n, compat.TopicTransOpHalf)
	if err != nil {
		return nil, err
	}
	ended := map[string]bool{}
	err = b.walk(ctx, n, compat.TopicTransOpHalf, opFrom, min(opTo, opFrom+maxOps), func(m *admin.Message) bool {
		for _, offset := range strings.Split(string(m.Body), ",") {
			ended[offset] = true
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	return rows, b.walk(ctx, n, compat.TopicTransHalf, from, to, func(m *admin.Message) bool {
		if !ended[strconv.FormatInt(m.QueueOffset, 10)] {
			rows = append(rows, waitingRow{found: listed(compat.TopicTransHalf, m), Broker: n.Broker,
				For: m.Properties[propRealTopic], Asked: m.Properties[protocol.PropCheckTimes]})
		}
		return len(rows) < maxWaiting
	})
}

// open is the part of a topic of transactions that is not settled: from their progress, or else the beginning, to the
// end.
func (b *backend) open(ctx context.Context, n admin.Node, topic string) (from, to int64, err error) {
	if from, to, err = b.Bounds(ctx, n, topic, 0, admin.Everything); err != nil {
		return 0, 0, err
	}
	stats, err := b.ConsumeStatsAt(ctx, n.Addr, protocol.GroupTransactions, topic)
	if err != nil {
		return from, to, nil // no progress yet
	}
	w, has := stats.OffsetTable[protocol.MessageQueue{Topic: topic, BrokerName: n.Broker}]
	if has {
		from = max(from, w.ConsumerOffset)
	}
	return from, to, nil
}

// walk calls f for messages of queue 0 of a topic from one offset up to another, while it wants more.
func (b *backend) walk(ctx context.Context, n admin.Node, topic string, from, to int64,
	f func(*admin.Message) bool) error {
	for from < to {
		res, err := b.Pull(ctx, n, topic, 0, from, maxFound, "*")
		if err != nil || res.Next <= from {
			return err
		}
		for i := range res.Messages {
			if m := &res.Messages[i]; m.QueueOffset < to && !f(m) {
				return nil
			}
		}
		from = res.Next
	}
	return nil
}
