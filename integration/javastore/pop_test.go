package javastore

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

const (
	popTopic = "js_pop"
	popGroup = "js_pop_group"
)

// popConf: what is popped is in the revive topic after a second, where Java finds it after a kill of ours.
var popConf = harness.Conf{"timerWheelEnable": "true", "popCkStayBufferTime": "1000"}

// popLedger is what was sent, popped and acknowledged. One goroutine.
type popLedger struct {
	h       *house
	sent    int
	all     map[string]*poppedMessage
	carried []*client.Popped // to be acknowledged by the next side
	acked   int
	again   int
	early   int
	settled int // came again although they were acknowledged
	twice   int // came again twice, as a killed broker had not written that it had them come again
	clean   bool
	latest  time.Duration // behind the time of a message, or the start of the broker
	example string
}

type poppedMessage struct {
	until int64 // ms since 1970; 0: not popped
	acked bool
	by    string // who took the acknowledgement, of which pop
	place string // where the message lay that was acknowledged
}

func placeOf(p *client.Popped) string { return fmt.Sprint(p.Topic, " ", p.Queue, " ", p.QueueOffset) }

// TestPopped: messages that are popped pass from broker to broker. Each comes, none that was acknowledged comes again,
// nothing comes before its time is over, and what was not acknowledged comes again in time. A kill may have some of
// these come again twice, from two places of the retry topic: how far a broker has read the revive topic the other one
// knows from consumerOffset.json only.
func TestPopped(t *testing.T) {
	for _, clean := range []bool{true, false} {
		t.Run(fmt.Sprintf("clean=%v", clean), func(t *testing.T) {
			harness.NeedJava(t)
			l := &popLedger{h: newHouse(t, popConf), all: map[string]*poppedMessage{}, clean: clean}
			order := []side{java5, ours, java5, ours}
			for i, s := range order {
				l.h.start(s)
				if i == 0 {
					l.must(l.h.c.CreateTopic(popTopic, 3, 6, ""))
					l.must(l.h.c.CreateGroup(popGroup, 16))
				}
				l.stage(i < len(order)-1)
				if i < len(order)-1 {
					time.Sleep(2500 * time.Millisecond) // the check points are stored, the flushers have seen it
					l.h.stop(clean)
				}
			}
			l.finish()
		})
	}
}

func (l *popLedger) must(err error) {
	l.h.t.Helper()
	if err != nil {
		l.h.t.Fatalf("on %s: %v", l.h.side, err)
	}
}

// stage acknowledges what the side before has handed out, sends, and pops.
func (l *popLedger) stage(carry bool) {
	l.h.t.Helper()
	for i, m := range l.carried {
		if i%2 == 0 {
			l.ack(m)
		} else {
			l.must(l.h.c.AckBatch(popGroup, popTopic, []*client.Popped{m}))
			l.acknowledged(m)
		}
	}
	l.carried = nil
	for i := range 150 {
		body := fmt.Sprintf("%s %d", l.h.side, l.sent)
		l.sent++
		sent, err := l.h.c.Send(&client.Message{Topic: popTopic, Queue: i % 3, Born: time.Now().UnixMilli(), Body: []byte(body)})
		if l.must(err); sent.Code != 0 {
			l.h.t.Fatalf("send to %s: %+v", l.h.side, sent)
		}
		l.all[body] = &poppedMessage{}
	}
	for i := range 16 {
		long := i%2 == 0
		invisible := int64(20_000)
		if long {
			invisible = 75_000
		}
		for j, m := range l.pop(1+i, invisible) {
			switch {
			case j%5 < 2:
				l.ack(m)
			case j%5 == 2 && long && carry && !strings.HasPrefix(m.Topic, "%RETRY%"):
				l.carried = append(l.carried, m)
			case j%10 == 3:
				until, err := l.h.c.ChangeInvisible(popGroup, m, 15_000)
				l.must(err)
				l.all[string(m.Body)].until = until
			}
		}
	}
}

func (l *popLedger) pop(count int, invisible int64) []*client.Popped {
	l.h.t.Helper()
	list, _, err := l.h.c.Pop(&client.Popping{Group: popGroup, Topic: popTopic, Queue: -1, Count: count, Invisible: invisible,
		Poll: 200, Born: time.Now().UnixMilli()})
	l.must(err)
	for _, p := range list {
		m := l.all[string(p.Body)]
		if m == nil {
			l.h.t.Fatalf("%s hands out what nobody sent: %q", l.h.side, p.Body)
		}
		what := ""
		switch {
		case m.acked && !l.clean && p.Topic != popTopic && placeOf(p) != m.place:
			l.twice++ // how far the revive topic was read is written each flushConsumerOffsetInterval
		case m.acked:
			l.settled++
			what = "although it was acknowledged at " + m.by
		case p.Pop < m.until:
			l.early++
			what = fmt.Sprintf("%d ms before its time", m.until-p.Pop)
		case m.until > 0:
			l.again++
			l.latest = max(l.latest, time.Duration(p.Pop-max(m.until, l.h.started.UnixMilli()))*time.Millisecond)
		}
		if what != "" && l.example == "" {
			l.example = fmt.Sprintf("%q came from %s %s: %s", p.Body, l.h.side, what, p.Handle)
		}
		m.until = p.Until
	}
	return list
}

func (l *popLedger) ack(m *client.Popped) {
	l.h.t.Helper()
	l.must(l.h.c.Ack(popGroup, m))
	l.acknowledged(m)
}

// acknowledged notes an acknowledgement, if it came in time.
func (l *popLedger) acknowledged(p *client.Popped) {
	if time.Now().UnixMilli() < p.Until {
		m := l.all[string(p.Body)]
		m.acked, m.place, m.by = true, placeOf(p), fmt.Sprintf("%s: %s of %d", l.h.side, p.Handle, time.Now().UnixMilli())
		l.acked++
	}
}

// finish pops until everything is acknowledged, and then for as long as anything could come again.
func (l *popLedger) finish() {
	t := l.h.t
	t.Helper()
	last := int64(0)
	for _, m := range l.all {
		last = max(last, m.until)
	}
	limit := time.UnixMilli(last).Add(25 * time.Second)
	for time.Now().Before(limit) {
		for _, m := range l.pop(32, 60_000) {
			l.ack(m)
		}
	}
	lost := 0
	for body, m := range l.all {
		if !m.acked {
			lost++
			t.Errorf("%q was never acknowledged: it is out until %d", body, m.until)
		}
	}
	if l.settled > 0 || l.early > 0 {
		t.Errorf("%d messages came although they were acknowledged, %d before their time: %s", l.settled, l.early, l.example)
	}
	if l.again < 50 || l.latest > 20*time.Second {
		t.Errorf("%d messages came again, the latest %v after its time", l.again, l.latest)
	}
	t.Logf("%d messages, %d acknowledgements, %d came again, the latest %v after its time; %d lost, %d early, %d although "+
		"acknowledged, %d twice in the retry topic", len(l.all), l.acked, l.again, l.latest, lost, l.early, l.settled, l.twice)
}
