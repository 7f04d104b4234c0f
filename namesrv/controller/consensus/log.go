package consensus

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
)

// durable is a member's log and its votes in files. raft-wal takes nothing more once a write has failed, as on a disk
// that is full: then it is opened anew, until that works. And raft panics when it cannot keep its term: that is tried
// until it works, or the member ends; meanwhile the member does nothing. Any goroutine.
type durable struct {
	open func() (*wal.WAL, error) // a second time, too, while the first one is read yet
	log  logger

	writing sync.Mutex // held over a write; before mu
	last    uint64     // index of the newest entry that was stored; guarded by writing
	broken  error      // why the last write failed; guarded by writing
	tried   time.Time  // when it was opened anew last; guarded by writing

	mu  sync.RWMutex // held over a use of wal
	wal *wal.WAL     // guarded by mu

	whole  bool          // the log is what was closed; immutable after openDurable
	runs   atomic.Bool   // raft does
	ending chan struct{} // closed by end

	sickMu sync.Mutex
	sick   error // guarded by sickMu; why the log takes nothing
	stuck  error // guarded by sickMu; why the term cannot be kept
}

// Between two tries after a failure.
const (
	openRest = time.Second
	termRest = 100 * time.Millisecond
)

func openDurable(open func() (*wal.WAL, error), log logger) (d *durable, err error) {
	d = &durable{open: open, log: log, ending: make(chan struct{})}
	if d.wal, err = open(); err == nil {
		d.last, err = d.wal.LastIndex()
	}
	if err == nil {
		err = d.compareEnd()
	}
	return d, err
}

// keyEnd is the key of the index that the log ended at when it was closed last; 0: it was not closed.
const keyEnd = "gorocket/end"

// compareEnd looks whether the log is what was closed: raft-wal takes a file that is gone, or garbage, for one that was
// never written, and a member that forgets what it has agreed to may agree to something else.
func (d *durable) compareEnd() error {
	end, err := d.wal.GetUint64([]byte(keyEnd))
	switch {
	case err != nil:
		return err
	case end > d.last:
		return fmt.Errorf("the log ends at entry %d, and ended at %d when it was closed: the disk, or somebody, lost a file "+
			"of it, or changed one", d.last, end)
	}
	if d.whole = true; end == 0 {
		return nil
	}
	return d.wal.SetUint64([]byte(keyEnd), 0)
}

// Err is why nothing can be kept now; nil when it can.
func (d *durable) Err() error {
	if err := d.waits(); err != nil {
		return err
	}
	d.sickMu.Lock()
	defer d.sickMu.Unlock()
	return d.sick
}

// waits is why raft does nothing now; nil when it does.
func (d *durable) waits() error {
	d.sickMu.Lock()
	defer d.sickMu.Unlock()
	return d.stuck
}

// set notes, in sick or stuck, how it is.
func (d *durable) set(what *error, err error) {
	d.sickMu.Lock()
	defer d.sickMu.Unlock()
	*what = err
}

// change writes, and opens the log anew if the last write has failed.
func (d *durable) change(fn func(w *wal.WAL) error) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	was := d.broken
	if was != nil {
		if err := d.anew(); err != nil {
			return err
		}
	}
	switch d.broken = d.use(fn); {
	case d.broken != nil:
		d.set(&d.sick, fmt.Errorf("the log of this controller takes nothing: %w", d.broken))
	case was != nil:
		d.set(&d.sick, nil)
	}
	return d.broken
}

// anew opens the log anew, without what the write that failed may have left behind its end. Caller holds writing.
func (d *durable) anew() error {
	if time.Since(d.tried) < openRest {
		return d.broken
	}
	d.tried = time.Now()
	next, err := d.open()
	if err != nil {
		return fmt.Errorf("%w; opening it anew: %w", d.broken, err)
	}
	end, err := next.LastIndex()
	if err == nil && end > d.last {
		err = next.DeleteRange(d.last+1, end)
	}
	if err != nil {
		return errors.Join(d.broken, err, next.Close())
	}
	d.mu.Lock()
	old := d.wal
	d.wal = next
	d.mu.Unlock()
	d.log.Warn("the log was opened anew after a write had failed")
	return old.Close()
}

// use has the log for a call.
func (d *durable) use(fn func(w *wal.WAL) error) error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return fn(d.wal)
}

// StoreLogs implements raft.LogStore, as do the following.
func (d *durable) StoreLogs(logs []*raft.Log) error {
	return d.change(func(w *wal.WAL) error {
		err := w.StoreLogs(logs)
		if err == nil && len(logs) > 0 {
			d.last = logs[len(logs)-1].Index
		}
		return err
	})
}

// StoreLog is StoreLogs of one.
func (d *durable) StoreLog(log *raft.Log) error { return d.StoreLogs([]*raft.Log{log}) }

// DeleteRange deletes the begin of the log, or its end.
func (d *durable) DeleteRange(first, last uint64) error {
	return d.change(func(w *wal.WAL) error {
		if last >= d.last && first <= d.last { // an end that goes is not to come back
			d.last = first - 1
		}
		return w.DeleteRange(first, last)
	})
}

// GetLog reads an entry.
func (d *durable) GetLog(index uint64, log *raft.Log) error {
	return d.use(func(w *wal.WAL) error { return w.GetLog(index, log) })
}

// FirstIndex is 0 for an empty log.
func (d *durable) FirstIndex() (index uint64, err error) {
	err = d.use(func(w *wal.WAL) error { index, err = w.FirstIndex(); return err })
	return index, err
}

// LastIndex is 0 for an empty log.
func (d *durable) LastIndex() (index uint64, err error) {
	err = d.use(func(w *wal.WAL) error { index, err = w.LastIndex(); return err })
	return index, err
}

// IsMonotonic implements raft.MonotonicLogStore.
func (d *durable) IsMonotonic() bool { return true }

// Set implements raft.StableStore, as do the following.
func (d *durable) Set(key, value []byte) error {
	select {
	case <-d.ending: // the term that the vote is of may be none that is kept
		return errEnded
	default:
	}
	return d.use(func(w *wal.WAL) error { return w.Set(key, value) })
}

// Get reads what Set wrote.
func (d *durable) Get(key []byte) (value []byte, err error) {
	err = d.use(func(w *wal.WAL) error { value, err = w.Get(key); return err })
	return value, err
}

// keyTerm is raft's key of its term.
const keyTerm = "CurrentTerm"

// SetUint64 keeps a number; the term at all costs, once raft runs.
func (d *durable) SetUint64(key []byte, value uint64) error {
	put := func(w *wal.WAL) error { return w.SetUint64(key, value) }
	if string(key) != keyTerm || !d.runs.Load() {
		return d.use(put)
	}
	for {
		err := d.use(put)
		if err == nil {
			d.set(&d.stuck, nil)
			return nil
		}
		d.set(&d.stuck, fmt.Errorf("this controller cannot keep its term %d: %w", value, err))
		select {
		case <-d.ending: // it votes no more, which is what the term is kept for
			return nil
		case <-time.After(termRest):
		}
	}
}

// GetUint64 reads what SetUint64 wrote.
func (d *durable) GetUint64(key []byte) (value uint64, err error) {
	err = d.use(func(w *wal.WAL) error { value, err = w.GetUint64(key); return err })
	return value, err
}

// end ends tries to keep the term.
func (d *durable) end() { close(d.ending) }

// close closes the files.
func (d *durable) close() error {
	return d.use(func(w *wal.WAL) error {
		if end, err := w.LastIndex(); err == nil && d.whole {
			_ = w.SetUint64([]byte(keyEnd), end) // without it nothing is compared at the next start
		}
		return w.Close()
	})
}
