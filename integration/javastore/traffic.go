package javastore

import (
	"fmt"
	"strings"

	"gorocket/integration/load/client"
)

// What every stage writes: two topics that all stages share, one of its own, and groups with progress.
const (
	perStage   = 300 // single messages
	batchItems = 6
	delays     = 12
	group      = "js_group"
)

// longGroup makes a retry topic of more than 127 bytes, which needs a V2 record.
var longGroup = "js_" + strings.Repeat("long", 30)

// prepare makes the topics and groups of the first stage.
func (l *ledger) prepare() {
	l.must(l.h.c.CreateTopic("js_a", 4, 6, ""))
	l.must(l.h.c.CreateTopic("js_b", 2, 6, ""))
	l.must(l.h.c.CreateGroup(group, 5))
}

func (l *ledger) must(err error) {
	l.h.t.Helper()
	if err != nil {
		l.h.t.Fatalf("stage %d on %s: %v", l.stage, l.h.side, err)
	}
}

// write is the traffic of one stage.
func (l *ledger) write() {
	l.stage++
	mine := fmt.Sprintf("js_stage_%d", l.stage)
	l.must(l.h.c.CreateTopic(mine, l.stage, 6, ""))
	l.must(l.h.c.CreateGroup(fmt.Sprintf("js_group_%d", l.stage), l.stage))
	for i := range perStage {
		switch i % 10 {
		case 0:
			l.send(mine, i%l.stage)
		case 1:
			l.batch("js_b", i%2)
		default:
			l.send([]string{"js_a", "js_b"}[i%2], i%2)
		}
	}
	for i := range delays {
		l.delayed("js_a", i%4, 1+i%l.longest())
	}
	for q := range 4 { // no further than the queues go: what is behind their end is set back at a start of ours
		l.commit(group, "js_a", q, int64(l.stage+q%2))
	}
	l.commit(fmt.Sprintf("js_group_%d", l.stage), mine, 0, int64(l.stage))
}

// longest is the highest delay level of this stage: the early ones also write what waits across the swaps, the last one
// what comes soon.
func (l *ledger) longest() int {
	if l.stage > 2 {
		return 2
	}
	return 4
}

func (l *ledger) send(topic string, queue int, more ...string) *sent {
	l.h.t.Helper()
	m := l.next(topic, queue)
	l.answered(m, m.message(more...))
	return m
}

func (l *ledger) delayed(topic string, queue, level int) {
	l.h.t.Helper()
	m := l.next(topic, queue)
	m.delay = level
	l.answered(m, m.message())
}

func (l *ledger) answered(m *sent, msg *client.Message) {
	l.h.t.Helper()
	a, err := l.h.c.Send(msg)
	l.must(err)
	if a.Code != 0 || len(a.IDs) != 1 {
		l.h.t.Fatalf("stage %d: send to %s: %+v", l.stage, l.h.side, a)
	}
	l.must(m.acknowledged(a.IDs[0], a.QueueOffset))
}

func (l *ledger) batch(topic string, queue int) {
	l.h.t.Helper()
	l.batches++
	var items []client.Message
	var noted []*sent
	for range batchItems {
		m := l.next(topic, queue)
		noted, items = append(noted, m), append(items, *m.message())
	}
	a, err := l.h.c.SendBatch(&client.Message{Topic: topic, Queue: queue, Born: noted[0].born, Flag: noted[0].flag}, items)
	l.must(err)
	if a.Code != 0 || len(a.IDs) != batchItems {
		l.h.t.Fatalf("stage %d: batch to %s: %+v", l.stage, l.h.side, a)
	}
	for i, m := range noted {
		m.born = noted[0].born // a batch has one born time
		l.must(m.acknowledged(a.IDs[i], a.QueueOffset+int64(i)))
	}
}

func (l *ledger) commit(group, topic string, queue int, offset int64) {
	l.h.t.Helper()
	l.must(l.h.c.Commit(group, topic, queue, offset))
	l.commits[fmt.Sprintf("%s@%s/%d", topic, group, queue)] = float64(offset)
}
