package meta

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/broker/signal"
	"gorocket/store/vfs"
)

// table is something that is kept in a file below config/. The persister calls encode off every hot path.
type table struct {
	file   string
	every  time.Duration // 0: written as soon as it changed
	encode func() ([]byte, error)
	put    func(fsys vfs.FS, name string, data []byte) error
	dirty  atomic.Bool
}

// Persister writes changed tables, each atomically with its .bak. A send that creates a topic only marks the table.
// Java writes in the sender's thread (ConfigManager.persist).
type Persister struct {
	fs     vfs.FS
	dir    string
	tables []*table
	failed func(file string, err error)
	Told   func(r vfs.Restored) // a table was not read from its file; set before load, may be nil
	wake   chan struct{}
	urgent chan struct{} // somebody waits for the next write
	stop   chan struct{}
	done   chan struct{}
	ran    bool       // set by start, before any other goroutine
	mu     sync.Mutex // one round at a time

	waitMu sync.Mutex
	next   chan struct{} // guarded by waitMu; closed when the next round ends; nil when nobody waits for it
	credit time.Duration // guarded by waitMu; what rounds that somebody waits for may take
	paid   time.Time     // guarded by waitMu; up to when credit was added
}

// NewPersister makes a persister of the folder config/ below root; failed is told of each write that failed, with the
// file.
func NewPersister(fs vfs.FS, root string, failed func(string, error)) *Persister {
	return &Persister{fs: fs, dir: path.Join(root, "config"), failed: failed, credit: maxSoonCredit, paid: time.Now(),
		wake: make(chan struct{}, 1), urgent: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
}

// Add registers a table; before start only. The returned function marks it as changed.
func (p *Persister) Add(file string, every time.Duration, encode func() ([]byte, error)) (changed func()) {
	return p.add(&table{file: path.Join(p.dir, file), every: every, encode: encode, put: vfs.WriteFileAtomic})
}

// AddPrivate is Add of a table that holds secrets, which is written as soon as it changed: only the owner may read it.
func (p *Persister) AddPrivate(file string, encode func() ([]byte, error)) (changed func()) {
	return p.add(&table{file: path.Join(p.dir, file), encode: encode, put: vfs.WriteFilePrivate})
}

func (p *Persister) add(t *table) (changed func()) {
	p.tables = append(p.tables, t)
	return func() {
		t.dirty.Store(true)
		if t.every == 0 {
			signal.Raise(p.wake)
		}
	}
}

// Load reads a table's file, or its .bak when the file is missing, empty or does not parse, which it tells. No file at
// all is no error.
func (p *Persister) Load(file string, parse func([]byte) error) error {
	err := vfs.ReadFileWithBackup(p.fs, path.Join(p.dir, file), parse, p.Told)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Start begins to write what changed; once, after all tables are added and loaded.
func (p *Persister) Start() {
	p.ran = true
	go p.run()
}

func (p *Persister) run() {
	defer close(p.done)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := map[*table]time.Time{}
	wake, rested := p.wake, (<-chan time.Time)(nil)
	for {
		select {
		case <-p.stop:
			p.All()
			return
		case <-wake:
			begin := time.Now()
			p.Now()
			wake, rested = nil, time.After(min(persistRest*time.Since(begin), maxPersistRest))
		case <-p.urgent:
			p.Now()
		case <-rested:
			wake, rested = p.wake, nil
		case now := <-tick.C:
			_ = p.write(func(t *table) bool { // told, and tried again
				due := t.every == 0 || now.Sub(last[t]) >= t.every
				if due {
					last[t] = now
				}
				return due
			})
		}
	}
}

// A table that changes all the time, as while thousands of topics are made, is written as a whole again and again.
// Between two such writes is a rest of persistRest times the first one's length: they take a fifth of a core at most.
const (
	persistRest    = 4
	maxPersistRest = 500 * time.Millisecond
)

// write saves the changed tables that want it. A failure leaves the table marked, so the next round tries again.
func (p *Persister) write(want func(*table) bool) (failed error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.tables {
		if !want(t) || !t.dirty.Swap(false) {
			continue
		}
		data, err := t.encode()
		if err == nil {
			err = t.put(p.fs, t.file, data)
		}
		if err != nil {
			t.dirty.Store(true)
			p.failed(t.file, err)
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// Save writes those of some files that have changed, and waits for the disk. The error is that of a file that could not
// be written.
func (p *Persister) Save(files ...string) error {
	return p.write(func(t *table) bool { return slices.Contains(files, path.Base(t.file)) })
}

// Now writes the changed tables that do not wait for their time, before the caller answers. It waits for the disk: not
// on an event loop.
func (p *Persister) Now() {
	next, begin := p.takeWaiting(), time.Now()
	_ = p.write(func(t *table) bool { return t.every == 0 }) // told, and tried again
	if next == nil {
		return
	}
	close(next)
	p.waitMu.Lock()
	p.credit -= time.Since(begin)
	p.waitMu.Unlock()
}

// All writes every changed table. It waits for the disk.
func (p *Persister) All() { _ = p.write(func(*table) bool { return true }) }

// Rounds that somebody waits for take a fifth of the time, as those that nobody waits for do, and a second more before
// anybody has to go without.
const (
	soonShare     = 5
	maxSoonCredit = time.Second
)

// Soon has the tables written at once that do not wait for their time, and returns what is closed when what was changed
// up to now is on disk, or could not be written. nil when so much is being changed that nobody is to wait.
func (p *Persister) Soon() <-chan struct{} {
	p.waitMu.Lock()
	defer p.waitMu.Unlock()
	now := time.Now()
	p.credit = min(p.credit+now.Sub(p.paid)/soonShare, maxSoonCredit)
	p.paid = now
	if p.next == nil {
		if p.credit <= 0 {
			return nil
		}
		p.next = make(chan struct{})
		signal.Raise(p.urgent)
	}
	return p.next
}

// takeWaiting returns what the round that begins now has to close.
func (p *Persister) takeWaiting() chan struct{} {
	p.waitMu.Lock()
	defer p.waitMu.Unlock()
	next := p.next
	p.next = nil
	return next
}

// Close writes everything that is still marked and ends the persister. One that was never started writes nothing:
// what it holds may be half loaded.
func (p *Persister) Close() {
	if !p.ran {
		return
	}
	close(p.stop)
	<-p.done
}
