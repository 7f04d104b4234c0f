package javastore

import (
	"fmt"
	"sync"
	"time"

	"gorocket/integration/load/client"
)

// killUnderLoad kills the broker while three connections send. What was acknowledged goes to the ledger; what was on
// its way may or may not be stored.
func (l *ledger) killUnderLoad() {
	l.h.t.Helper()
	l.h.settle()
	var wg sync.WaitGroup
	results := make([][]*sent, 3)
	errs := make([]error, 3)
	for i := range results {
		wg.Go(func() { results[i], errs[i] = l.pour(i) })
	}
	time.Sleep(400 * time.Millisecond)
	l.h.proc.Kill()
	wg.Wait()
	l.h.c.Close()
	for i, all := range results {
		l.must(errs[i])
		if len(all) < 2 {
			l.h.t.Errorf("connection %d sent nothing before the kill", i)
		}
		for _, m := range all {
			if m.id == "" {
				l.maybe[string(m.body)] = true
			} else {
				l.messages = append(l.messages, m)
			}
		}
	}
}

// pour sends until the broker is gone; the last message has no answer.
func (l *ledger) pour(conn int) (all []*sent, err error) {
	c, err := client.Dial(fmt.Sprintf("%s:%d", l.h.host, l.h.port), 20*time.Second)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	for n := 0; ; n++ {
		name := fmt.Sprintf("load%d_%d_%d", l.stage, conn, n)
		m := &sent{side: l.h.side, topic: "js_b", queue: n % 2, born: 1_700_000_000_000, key: name, unique: "U" + name,
			tags: "Load", body: []byte(name)}
		all = append(all, m)
		a, err := c.Send(m.message())
		if err != nil {
			return all, nil // killed
		}
		if a.Code != 0 || len(a.IDs) != 1 {
			return all, fmt.Errorf("send under load: %+v", a)
		}
		if err := m.acknowledged(a.IDs[0], a.QueueOffset); err != nil {
			return all, err
		}
	}
}
