package main

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"gorocket/integration/load/client"
)

// readers read queues back in parallel.
const readers = 4

// check reads back what was not read yet (or everything) and compares it with the ledger. The broker must be quiet but
// for delayed deliveries.
func (l *ledger) check(addr string, all bool) error {
	if all {
		l.forget()
	}
	work := make(chan queue)
	errs := make([]error, readers)
	var wg sync.WaitGroup
	for i := range readers {
		wg.Go(func() {
			errs[i] = l.reader(addr, work)
			for range work { // nobody else may block on a failed reader
			}
		})
	}
	for _, q := range l.queues() {
		work <- q
	}
	close(work)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return l.settle()
}

// forget makes check read everything again.
func (l *ledger) forget() {
	for q := range l.next {
		l.next[q] = 0
	}
	for _, e := range l.entries {
		e.seen, e.came, e.lit = 0, 0, 0
	}
}

func (l *ledger) queues() (all []queue) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for q := range l.next {
		all = append(all, q)
	}
	return all
}

// reader is one goroutine that reads queues back. The items of a batch follow each other: it keeps the last
// specification.
type reader struct {
	*ledger
	c    *client.Client
	op   uint64
	spec *spec
}

func (l *ledger) reader(addr string, work <-chan queue) error {
	c, err := client.Dial(addr, 20*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	r := &reader{ledger: l, c: c}
	for q := range work {
		if err := r.readQueue(q); err != nil {
			return fmt.Errorf("%s queue %d: %w", q.topic, q.id, err)
		}
	}
	return nil
}

// readQueue wants offsets without gap or repetition from where the last check ended to the max offset.
func (r *reader) readQueue(q queue) error {
	c := r.c
	r.mu.Lock()
	at := r.next[q]
	r.mu.Unlock()
	if err := known(c, q, at); err != nil {
		return err
	}
	max, err := c.MaxOffset(q.topic, q.id)
	if err != nil {
		return err
	}
	if max < at {
		return fmt.Errorf("max offset %d, but %d was read before the kill", max, at)
	}
	want := at
	end, err := c.ReadQueue(q.topic, q.id, at, func(rec *client.Record) error {
		offset, width := rec.QueueOffset, rec.Width()
		if q.light() {
			offset, width = rec.LightOffset(q.topic), 1
		}
		if offset != want {
			return fmt.Errorf("offset %d where %d is next: %v", offset, want, rec)
		}
		want += width
		return r.found(q, rec)
	})
	if err != nil {
		return err
	}
	if end != want || end < max {
		return fmt.Errorf("reading ended at %d after record %d; max offset %d", end, want-1, max)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next[q] = end
	return nil
}

// known makes a topic again that the kill may have taken: topics are written in the background (docs/durability.md).
// Its messages must be there.
func known(c *client.Client, q queue, at int64) error {
	_, err := c.Pull(q.topic, q.id, at, 1)
	var code *client.CodeError
	if errors.As(err, &code) && code.Code == 17 {
		return c.CreateTopic(q.topic, queues, 6, "")
	}
	return err
}

// found compares one record with what was sent and notes it.
func (r *reader) found(q queue, rec *client.Record) error {
	op, i, err := nameOf(rec)
	if err != nil {
		return fmt.Errorf("phantom: %v: %w", rec, err)
	}
	e, err := r.entry(op)
	if err != nil {
		return fmt.Errorf("phantom: %v: %w", rec, err)
	}
	if r.spec == nil || r.op != op {
		s := specOf(r.seed, int(e.round), op)
		r.op, r.spec = op, &s
	}
	s := r.spec
	if i >= len(s.items) {
		return fmt.Errorf("phantom: %v: operation %d has %d items", rec, op, len(s.items))
	}
	if err := equal(rec, &s.items[i], op, i); err != nil {
		return err
	}
	if e.gone {
		return fmt.Errorf("phantom: %v was not there after the restart before", rec)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return e.place(q, rec, s, i)
}

func (l *ledger) entry(op uint64) (*entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if op >= uint64(len(l.entries)) {
		return nil, fmt.Errorf("only %d operations were sent", len(l.entries))
	}
	return l.entries[op], nil
}

// place notes a record of operation e in the queue where it must be. Delayed messages are in the schedule topic and,
// later, in their own.
func (e *entry) place(q queue, rec *client.Record, s *spec, i int) error {
	home := queue{s.topic, s.queue}
	if q.light() {
		return e.placeLight(q, rec, s)
	}
	if s.kind == delayed {
		if q == home {
			e.came = min(e.came+1, 250)
			return nil
		}
		home = queue{schedule, s.level - 1}
	}
	switch {
	case q != home:
		return fmt.Errorf("%v belongs to %s queue %d", rec, home.topic, home.id)
	case e.seen&(1<<i) != 0:
		return fmt.Errorf("twice in the queue: %v", rec)
	case e.acked && rec.QueueOffset != e.base+int64(i):
		return fmt.Errorf("%v was acknowledged at offset %d", rec, e.base+int64(i))
	}
	e.seen |= 1 << i
	return nil
}

// placeLight notes a record in a light queue.
func (e *entry) placeLight(q queue, rec *client.Record, s *spec) error {
	bit := uint8(1) << slices.Index(lights[:], q.topic)
	if int(bit)&s.light == 0 || e.lit&bit != 0 {
		return fmt.Errorf("%v: does not belong to this light queue, or is in it twice", rec)
	}
	e.lit |= bit
	return nil
}

// settle wants every acknowledged message found, and batches whole.
func (l *ledger) settle() error {
	for op, e := range l.entries {
		all := uint32(1)<<e.count - 1
		switch {
		case e.acked && e.seen != all:
			s := specOf(l.seed, int(e.round), uint64(op))
			return fmt.Errorf("lost: operation %d of round %d, %s queue %d offset %d, items found %b of %d", op, e.round,
				s.topic, s.queue, e.base, e.seen, e.count)
		case e.seen != 0 && e.kind == light && e.lit != e.light:
			return fmt.Errorf("operation %d of round %d is in light queues %b of %b", op, e.round, e.lit, e.light)
		case e.seen == 0 && e.lit != 0:
			return fmt.Errorf("operation %d of round %d is in light queues %b, but not in its own", op, e.round, e.lit)
		case e.seen == 0 && e.came == 0:
			e.gone = true
		case e.seen != all:
			return fmt.Errorf("half a batch: operation %d of round %d, items found %b of %d", op, e.round, e.seen, e.count)
		}
	}
	return nil
}
