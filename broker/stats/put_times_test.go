package stats

import (
	"math"
	"testing"
)

func TestPutBuckets(t *testing.T) {
	if putBuckets[0] != 1 || putBuckets[19] != 20 || putBuckets[20] != 22 || putBuckets[74] != 10_000 ||
		putBuckets[73] != 9_000 {
		t.Errorf("%v", putBuckets)
	}
}

// TestPutTimes: the figures of the last whole minute, in Java's form.
func TestPutTimes(t *testing.T) {
	var p PutTimes
	m := map[string]string{}
	p.Info(m)
	none := "[<=0ms]:0 [0~10ms]:0 [10~50ms]:0 [50~100ms]:0 [100~200ms]:0 [200~500ms]:0 [500ms~1s]:0 [1~2s]:0 [2~3s]:0 " +
		"[3~4s]:0 [4~5s]:0 [5~10s]:0 [10s~]:0 "
	if m["putMessageDistributeTime"] != none || m["putLatency99"] != "0.00" || m["putLatency999"] != "0.00" ||
		m["putMessageEntireTimeMax"] != "0" {
		t.Errorf("at first: %q", m)
	}
	for _, c := range []struct{ ms, n int64 }{{0, 980}, {1, 2}, {9, 3}, {10, 4}, {499, 5}, {1000, 3}, {9999, 2},
		{10_000, 1}, {math.MaxInt64, 1}} {
		p.Add(c.ms, c.n)
	}
	if p.Info(m); m["putMessageDistributeTime"] != none || m["putMessageEntireTimeMax"] != "9223372036854775807" {
		t.Errorf("before the minute is over: %q", m)
	}
	for range 60 {
		p.sample()
	}
	p.Info(m)
	want := "[<=0ms]:980 [0~10ms]:5 [10~50ms]:4 [50~100ms]:0 [100~200ms]:0 [200~500ms]:5 [500ms~1s]:0 [1~2s]:3 [2~3s]:0 " +
		"[3~4s]:0 [4~5s]:0 [5~10s]:2 [10s~]:2 "
	if m["putMessageDistributeTime"] != want {
		t.Errorf("%q", m["putMessageDistributeTime"])
	}
	// of 1001 messages number 990 is the first of five in 450..500 ms, and number 999 the second of three in 9..10 s
	if m["putLatency99"] != "460.00" || m["putLatency999"] != "9666.67" {
		t.Errorf("p99 %s, p999 %s", m["putLatency99"], m["putLatency999"])
	}
	for range 60 {
		p.sample()
	}
	if p.Info(m); m["putMessageDistributeTime"] != none {
		t.Errorf("a minute later: %q", m["putMessageDistributeTime"])
	}
}
