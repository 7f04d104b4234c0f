package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// load is one run: workers with their connections, an optional rate, a measured window. Not for concurrent use, and not
// for a second run.
type load struct {
	clock    clock
	workers  []*worker
	rate     float64   // requests/s of an open loop over all workers; 0: closed loop
	pid      int       // server process to watch; 0: none
	progress io.Writer // lines while it runs; nil: none
	unit     string    // what is counted, for the lines: msg, query
	drain    time.Duration
	producer func(*conn) bool // which connections take part in the open loop; nil: all

	wg     sync.WaitGroup
	ends   chan error // one for each worker that returned
	active int        // workers that have not returned
}

// drainTime is how long an open loop waits for answers after its end.
const drainTime = 5 * time.Second

// newLoad makes a load with so many workers; each one gets connections in turns.
func newLoad(threads int) (*load, error) {
	l := &load{clock: clock{time.Now()}, unit: "msg", drain: drainTime}
	for range threads {
		w, err := newWorker(l.clock)
		if err != nil {
			l.close()
			return nil, err
		}
		l.workers = append(l.workers, w)
	}
	return l, nil
}

// load prepares a load of so many connections by e's settings, with as many threads as it has at most.
func (e *env) load(connections int) (*load, error) {
	l, err := newLoad(min(e.threads, connections))
	if err != nil {
		return nil, err
	}
	l.pid, l.progress = e.pid, e.progress
	for _, w := range l.workers {
		w.patience = e.timeout
	}
	return l, nil
}

// add gives a connection to the worker whose turn it is. number counts the connections.
func (l *load) add(number int, c *conn) error { return l.workers[number%len(l.workers)].add(c) }

func (l *load) close() {
	for _, w := range l.workers {
		w.close()
	}
}

// outcome is what a run found.
type outcome struct {
	took     time.Duration // of the measured window
	inWindow int64         // messages of good answers inside the window
	bytes    int64         // of these; see what
	what     string        // the bytes are of; "": bodies
	tally    *tally        // with the answers that an open loop waited for afterwards
	missing  int64         // open loop: requests without an answer when the wait was over
	unsent   int64         // open loop: requests that were due and could not be sent
	server   cpuTime       // of --pid in the window
	client   cpuTime       // of this process in the window
	rssFrom  int64         // RssAnon of --pid at the start of the window, bytes
	rssTo    int64         // and at its end
}

func (o *outcome) bytesOf() string {
	if o.what == "" {
		return "bodies"
	}
	return o.what
}

// errInterrupted says that the user ended the run before anything was measured.
var errInterrupted = errors.New("interrupted before anything was measured")

// run warms up, measures for duration and stops. The connections are closed afterwards. An interrupted window counts as
// far as it went.
func (l *load) run(ctx context.Context, warmup, duration time.Duration) (*outcome, error) {
	l.launch()
	defer l.close()
	defer l.halt(0)
	if err := l.watch(ctx, warmup, " (warm-up)", nil); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, errInterrupted
	}
	o := &outcome{tally: newTally()}
	before, err := l.sample()
	if err != nil {
		return nil, err
	}
	begin, client := time.Now(), ownCPU()
	l.collect(newTally(), l.clock.now())
	if err := l.watch(ctx, duration, "", o.tally); err != nil {
		return nil, err
	}
	stop := l.clock.now()
	l.collect(o.tally, 0)
	o.took, o.client = time.Since(begin), ownCPU().since(client)
	o.inWindow, o.bytes = o.tally.messages, o.tally.bytes
	after, err := l.sample()
	if err != nil {
		return nil, err
	}
	o.server, o.rssFrom, o.rssTo = after.cpu.since(before.cpu), before.rssAnon, after.rssAnon
	return o, l.finish(o, stop)
}

// finish lets an open loop get its answers and counts what is still missing.
func (l *load) finish(o *outcome, stop int64) error {
	if l.rate == 0 {
		l.halt(0)
		return nil
	}
	l.stopWorkers(stop, stop+int64(l.drain))
	for l.active > 0 {
		if err := <-l.ends; err != nil {
			return err
		}
		l.active--
	}
	l.collect(o.tally, 0)
	for _, w := range l.workers {
		w.leftovers(o, stop)
	}
	return nil
}

// leftovers counts requests without an answer. Their time so far goes into the histogram: leaving them out would make a
// stalled server look fast.
func (w *worker) leftovers(o *outcome, stop int64) {
	now := w.clock.now()
	if w.pace == nil {
		return
	}
	for _, c := range w.pace.conns {
		for _, begun := range c.slots {
			if begun >= max(w.rec.from, 1) && begun < stop {
				o.missing++
				recordIn(o.tally.hist, now-begun)
			}
		}
	}
	for k := w.pace.sent; w.pace.due(k) < stop; k++ {
		if at := w.pace.due(k); at >= w.rec.from {
			o.unsent++
			recordIn(o.tally.hist, now-at)
		}
	}
}

func recordIn(h *hdrhistogram.Histogram, ns int64) {
	_ = h.RecordValue(min(max(ns, 0), histHigh)) // always inside the range
}

func (l *load) sample() (sample, error) {
	if l.pid == 0 {
		return sample{}, nil
	}
	return sampleProcess(l.pid)
}

// fill runs until every job has spent its quota.
func (l *load) fill(ctx context.Context) (*tally, error) {
	l.stopWorkers(1, math.MaxInt64)
	l.launch()
	defer l.close()
	defer l.halt(0)
	t := newTally()
	if err := l.watch(ctx, math.MaxInt64, " (filling)", t); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, errInterrupted
	}
	l.collect(t, 0)
	return t, nil
}

func (l *load) launch() {
	l.ends = make(chan error, len(l.workers))
	if l.rate > 0 {
		l.schedule()
	}
	for _, w := range l.workers {
		l.active++
		l.wg.Go(func() { l.ends <- w.run() })
	}
}

// schedule spreads the intended times evenly: worker i of n sends requests i, i+n, i+2n ...
func (l *load) schedule() {
	n := 0
	for _, w := range l.workers {
		w.pace = &pacer{stopAt: w.stopAt.Load}
		for _, c := range w.conns {
			if l.producer == nil || l.producer(c) {
				w.pace.conns = append(w.pace.conns, c)
			}
		}
		if len(w.pace.conns) > 0 {
			n++
		}
	}
	gap, start, i := float64(time.Second)/l.rate, l.clock.now()+int64(time.Millisecond), 0
	for _, w := range l.workers {
		if len(w.pace.conns) == 0 {
			w.pace = nil
			continue
		}
		w.pace.start, w.pace.interval = start+int64(float64(i)*gap), gap*float64(n)
		i++
	}
}

// collect adds what the recorders hold to t; from is recorder.take's.
func (l *load) collect(t *tally, from int64) {
	for _, w := range l.workers {
		t.add(w.rec.take(from))
	}
}

// watch prints a line a second for d, until a worker fails, all of them are done, or ctx ends. Into t, if it is not
// nil, goes what is counted meanwhile.
func (l *load) watch(ctx context.Context, d time.Duration, tag string, t *tally) error {
	begin, last := time.Now(), time.Now()
	for l.active > 0 && time.Since(begin) < d && ctx.Err() == nil {
		wait := time.NewTimer(max(0, min(time.Second, d-time.Since(begin))))
		select {
		case err := <-l.ends:
			l.active--
			if err != nil {
				wait.Stop()
				return err
			}
		case <-ctx.Done():
		case <-wait.C:
			u := newTally()
			l.collect(u, 0)
			l.line(time.Since(begin), time.Since(last), tag, u)
			last = time.Now()
			if t != nil {
				t.add(u)
			}
		}
		wait.Stop()
	}
	return nil
}

func (l *load) line(at, took time.Duration, tag string, u *tally) {
	if l.progress == nil || took < 100*time.Millisecond {
		return
	}
	fmt.Fprintf(l.progress, "%4.0fs  %11s %s/s   p50 %8s   p99 %8s   errors %d%s\n", at.Seconds(),
		grouped(int64(float64(u.messages)/took.Seconds())), l.unit,
		micros(u.hist.ValueAtQuantile(50)), micros(u.hist.ValueAtQuantile(99)), u.errors(), tag)
}

func (l *load) stopWorkers(at, giveUp int64) {
	for _, w := range l.workers {
		w.giveUpAt.Store(giveUp)
		w.stopAt.Store(at)
	}
}

// halt stops the workers, waiting for answers for so long at most, and waits for their end. Safe to call again.
func (l *load) halt(patience time.Duration) {
	now := l.clock.now()
	l.stopWorkers(now, now+int64(patience))
	l.wg.Wait()
}
