package stats

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
)

// PutTimes counts how long messages took from their arrival to the moment at which their answer could leave, in whole
// ms: under SYNC_FLUSH with the flush. The figures are those of the last whole minute. On the event loops, where
// messages are written together at the end of a turn, all of a turn count with the time of that write. Java:
// StoreStatsService.
type PutTimes struct {
	Failed  atomic.Int64 // appends that failed, and flushes that came too late
	Longest atomic.Int64 // ms, since the start
	LongGet atomic.Int64 // ms, since the start; the longest read of a pull that could not be served from memory
	Counted atomic.Int64 // messages that Turn has accounted for

	mu      sync.Mutex
	now     putMinute // guarded by mu; the minute that is running
	last    putMinute // guarded by mu; the one before
	seconds int       // guarded by mu; since now began
}

// putMinute is what came to an end in one minute.
type putMinute struct {
	spread  [13]int64                // by putSpread
	buckets [len(putBuckets) + 1]int // by putBuckets; the last one is for all above
}

// putSpread are the upper bounds in ms of what putMessageDistributeTime shows, and its words. Java:
// PUT_MESSAGE_ENTIRE_TIME_MAX_DESC.
var putSpread = [13]struct {
	below int64
	name  string
}{{1, "[<=0ms]"}, {10, "[0~10ms]"}, {50, "[10~50ms]"}, {100, "[50~100ms]"}, {200, "[100~200ms]"},
	{500, "[200~500ms]"}, {1000, "[500ms~1s]"}, {2000, "[1~2s]"}, {3000, "[2~3s]"}, {4000, "[3~4s]"}, {5000, "[4~5s]"},
	{10_000, "[5~10s]"}, {math.MaxInt64, "[10s~]"}}

// putBuckets are the upper bounds in ms, included, between which percentiles are interpolated. Java:
// PUT_MESSAGE_ENTIRE_TIME_BUCKETS.
var putBuckets = func() (bounds [75]int64) {
	i, at := 0, int64(0)
	for _, step := range []struct {
		width int64
		times int
	}{{1, 20}, {2, 15}, {5, 10}, {10, 10}, {50, 6}, {100, 5}, {1000, 9}} {
		for range step.times {
			at += step.width
			bounds[i], i = at, i+1
		}
	}
	return bounds
}()

// Add counts n messages that took ms.
func (p *PutTimes) Add(ms, n int64) {
	raise(&p.Longest, ms)
	spread, bucket := 0, 0
	for spread < len(putSpread)-1 && ms >= putSpread[spread].below {
		spread++
	}
	for bucket < len(putBuckets) && ms > putBuckets[bucket] {
		bucket++
	}
	p.mu.Lock()
	p.now.spread[spread] += n
	p.now.buckets[bucket] += int(n)
	p.mu.Unlock()
}

// Read notes a read of a pull that was not served from memory and took ms.
func (p *PutTimes) Read(ms int64) { raise(&p.LongGet, ms) }

// Turn counts the messages of puts, a counter, that nobody has counted yet.
func (p *PutTimes) Turn(puts, ms int64) {
	if n := puts - p.Counted.Swap(puts); n > 0 {
		p.Add(ms, n)
	}
}

// sample is called once a second.
func (p *PutTimes) sample() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seconds++; p.seconds == 60 {
		p.last, p.now, p.seconds = p.now, putMinute{}, 0
	}
}

// InMinute is how many messages were counted in the minute that is running.
func (p *PutTimes) InMinute() (n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, some := range p.now.spread {
		n += some
	}
	return n
}

// Info fills in the figures in Java's form.
func (p *PutTimes) Info(m map[string]string) {
	p.mu.Lock()
	last := p.last
	p.mu.Unlock()
	var spread strings.Builder
	for i, n := range last.spread {
		fmt.Fprintf(&spread, "%s:%d ", putSpread[i].name, n)
	}
	m["putMessageDistributeTime"] = spread.String()
	m["putMessageEntireTimeMax"] = fmt.Sprint(p.Longest.Load())
	m["getMessageEntireTimeMax"] = fmt.Sprint(p.LongGet.Load())
	m["putMessageFailedTimes"] = fmt.Sprint(p.Failed.Load())
	m["dispatchMaxBuffer"] = "0" // Java never sets it
	m["putLatency99"] = fmt.Sprintf("%.2f", last.percentile(0.99))
	m["putLatency999"] = fmt.Sprintf("%.2f", last.percentile(0.999))
}

// percentile is the time in ms below which a share of the messages stayed. Java: findPutMessageEntireTimePX.
func (m *putMinute) percentile(share float64) float64 {
	total := 0
	for _, n := range m.buckets {
		total += n
	}
	rank, low := int(float64(total)*share), int64(0)
	for i, n := range m.buckets {
		high := low
		if i < len(putBuckets) {
			high = putBuckets[i]
		}
		if rank <= n {
			if n == 0 {
				return float64(low)
			}
			return float64(low) + float64((high-low)*int64(rank))/float64(n)
		}
		rank, low = rank-n, high
	}
	return float64(low)
}

// raise makes max at least v.
func raise(max *atomic.Int64, v int64) {
	for {
		have := max.Load()
		if v <= have || max.CompareAndSwap(have, v) {
			return
		}
	}
}
