package hold

import "sync"

// holdWheel orders held pulls by the time at which they have to be looked at. Each slot is a ring of pulls around a
// head, so that a pull that is answered leaves at once.
type holdWheel struct {
	mu    sync.Mutex
	at    int64             // tick up to which everything was looked at; guarded by mu
	slots [wheelSlots]*Pull // heads; guarded by mu
}

func tickOf(ms int64) int64 { return ms / wheelTick.Milliseconds() }

// add puts a pull where it will be looked at, by its deadline or in recheckEvery; one that has been answered
// meanwhile stays out.
func (w *holdWheel) add(p *Pull, now int64) {
	when := tickOf(min(p.deadline, now+RecheckEvery.Milliseconds())) + 1 // behind its time, never before
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.done {
		return
	}
	slot := &w.slots[max(when, w.at+1)%wheelSlots]
	if *slot == nil {
		head := new(Pull)
		head.prev, head.next = head, head
		*slot = head
	}
	head := *slot
	p.slot, p.prev, p.next = head, head.prev, head
	head.prev.next, head.prev = p, p
}

// remove takes a pull out for good.
func (w *holdWheel) remove(p *Pull) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p.done = true
	p.unlink()
}

// unlink leaves the slot. The caller holds the wheel's mu.
func (p *Pull) unlink() {
	if p.slot != nil {
		p.prev.next, p.next.prev = p.next, p.prev
		p.slot, p.prev, p.next = nil, nil, nil
	}
}

// advance returns the pulls whose time has come. They are in no slot afterwards.
func (w *holdWheel) advance(now int64) (due []*Pull) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for last := tickOf(now); w.at < last; {
		w.at++
		head := w.slots[w.at%wheelSlots]
		for head != nil && head.next != head {
			due = append(due, head.next)
			head.next.unlink()
		}
		if last-w.at > wheelSlots { // the clock jumped: every slot is seen once
			w.at = last - wheelSlots
		}
	}
	return due
}
