package stats

import (
	"sync"
	"time"
)

// WindowKey names a counter: TOPIC_PUT_NUMS of a topic, GROUP_GET_NUMS of "topic@group". Java: Stats.
type WindowKey struct{ Name, Key string }

// Count is what a counter says: what it has added up since the start, and in how many additions.
type Count struct{ Value, Times int64 }

// Window is what a counter did lately. Java: StatsSnapshot.
type Window struct {
	AvgPT float64 // value of an addition
	Sum   int64
	TPS   float64 // value per second
}

// Lengths of the rings of samples: a minute in tens of seconds, an hour in tens of minutes, a day in hours; each has
// one sample more than steps. Java: StatsItem.
const (
	minuteSamples = 7
	hourSamples   = 7
	daySamples    = 25
	minuteStep    = 10 * time.Second
	hourStep      = 10 * time.Minute
	dayStep       = time.Hour
)

// windowSample is what a counter said at a moment.
type windowSample struct {
	at int64 // ms since 1970
	Count
}

// windows are the samples of one counter, oldest first.
type windows struct {
	minute, hour, day []windowSample
	seen              bool // in the sampling that runs
}

// add appends a sample and drops the oldest of more than most. Before the first one stands a zero, a step before it.
func add(ring []windowSample, s windowSample, step time.Duration, most int) []windowSample {
	if len(ring) == 0 {
		ring = append(ring, windowSample{at: s.at - step.Milliseconds()})
	}
	if ring = append(ring, s); len(ring) > most {
		ring = append(ring[:0], ring[1:]...)
	}
	return ring
}

// over is what happened between the first sample and the last.
func over(ring []windowSample) (w Window) {
	if len(ring) < 2 {
		return w
	}
	first, last := ring[0], ring[len(ring)-1]
	w.Sum = last.Value - first.Value
	if ms := last.at - first.at; ms > 0 {
		w.TPS = float64(w.Sum) * 1000 / float64(ms)
	}
	if times := last.Times - first.Times; times > 0 {
		w.AvgPT = float64(w.Sum) / float64(times)
	}
	return w
}

// Windows samples counters for what they did in the last minute, hour and day. The zero value is ready. Java:
// StatsItemSet.
type Windows struct {
	mu    sync.Mutex
	items map[WindowKey]*windows // guarded by mu
	ticks int                    // samplings so far; guarded by mu
}

// Sample is called every ten seconds; each visits all counters. One that is not visited any more is forgotten. As in
// Java the windows of an hour and of a day begin with the first sampling that falls on their step, counted from the
// start.
func (w *Windows) Sample(now time.Time, each func(visit func(k WindowKey, c Count))) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.items == nil {
		w.items = map[WindowKey]*windows{}
	}
	hour := w.ticks%int(hourStep/minuteStep) == 0
	day := w.ticks%int(dayStep/minuteStep) == 0
	w.ticks++
	each(func(k WindowKey, c Count) {
		it := w.items[k]
		if it == nil {
			it = new(windows)
			w.items[k] = it
		}
		it.seen = true
		s := windowSample{now.UnixMilli(), c}
		it.minute = add(it.minute, s, minuteStep, minuteSamples)
		if hour {
			it.hour = add(it.hour, s, hourStep, hourSamples)
		}
		if day {
			it.day = add(it.day, s, dayStep, daySamples)
		}
	})
	for k, it := range w.items {
		if !it.seen {
			delete(w.items, k)
		}
		it.seen = false
	}
}

// Of is what a counter did in the last minute, hour and day; false for one that was not sampled yet.
func (w *Windows) Of(k WindowKey) (minute, hour, day Window, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	it := w.items[k]
	if it == nil {
		return minute, hour, day, false
	}
	return over(it.minute), over(it.hour), over(it.day), true
}

// Minute is the rate of a counter in the last minute, 0 for one that was not sampled yet.
func (w *Windows) Minute(k WindowKey) float64 {
	minute, _, _, _ := w.Of(k)
	return minute.TPS
}

// Len is how many counters have samples.
func (w *Windows) Len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.items)
}
