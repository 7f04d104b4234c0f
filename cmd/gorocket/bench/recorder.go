package bench

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The range of the histograms: 128 ns to 100 s with three digits. What is slower counts as 100 s.
const (
	histLow    = 128
	histHigh   = int64(100 * time.Second)
	histDigits = 3
)

func newHist() *hdrhistogram.Histogram { return hdrhistogram.New(histLow, histHigh, histDigits) }

// codeCount is how often one response code came, with the remark of its first answer.
type codeCount struct {
	Code   int32  `json:"code"`
	Name   string `json:"name"`
	Count  int64  `json:"count"`
	Remark string `json:"firstRemark,omitempty"`
}

// tally is what happened in a stretch of time.
type tally struct {
	hist     *hdrhistogram.Histogram // latencies of good answers, ns
	messages int64                   // in good answers
	answers  int64                   // good ones
	bytes    int64                   // bodies that were sent, stored messages that were pulled
	codes    map[int32]*codeCount    // of other answers
	lost     int64                   // connections that the server ended
}

func newTally() *tally { return &tally{hist: newHist(), codes: map[int32]*codeCount{}} }

// errors returns how many answers were not good.
func (t *tally) errors() (n int64) {
	for _, c := range t.codes {
		n += c.Count
	}
	return n
}

// add puts u on top of t; u may not be used afterwards.
func (t *tally) add(u *tally) {
	t.hist.Merge(u.hist)
	t.messages += u.messages
	t.answers += u.answers
	t.bytes += u.bytes
	t.lost += u.lost
	for code, c := range u.codes {
		if mine := t.codes[code]; mine != nil {
			mine.Count += c.Count
		} else {
			t.codes[code] = c
		}
	}
}

// recorder counts for one worker. The worker locks it once for each batch of answers, the coordinator to take what has
// been counted.
type recorder struct {
	mu   sync.Mutex
	from int64  // guarded by mu; ns on the run's clock. Latencies of requests meant to leave earlier do not count
	now  *tally // guarded by mu; since the last take
}

func newRecorder() *recorder { return &recorder{now: newTally()} }

// good counts an answer as it should be. The caller holds mu.
func (r *recorder) good(begun, now, messages, bytes int64) {
	r.now.answers++
	r.now.messages += messages
	r.now.bytes += bytes
	r.latency(begun, now)
}

// latency notes the time of one request. The caller holds mu.
func (r *recorder) latency(begun, now int64) {
	if begun >= r.from {
		_ = r.now.hist.RecordValue(min(max(now-begun, 0), histHigh)) // always inside the histogram's range
	}
}

// bad counts another answer. The caller holds mu.
func (r *recorder) bad(code int32, remark string) {
	c := r.now.codes[code]
	if c == nil {
		c = &codeCount{Code: code, Name: codeName(code), Remark: clip(remark)}
		r.now.codes[code] = c
	}
	c.Count++
}

// take returns what was counted and begins anew; from then on only latencies of requests meant to leave at from or
// later count, if it is not 0.
func (r *recorder) take(from int64) *tally {
	fresh := newTally()
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.now
	r.now = fresh
	if from != 0 {
		r.from = from
	}
	return t
}

// maxRemark is how much of a remark is kept, in bytes.
const maxRemark = 300

func clip(s string) string { return s[:min(len(s), maxRemark)] }
