package broker

import (
	"math"
	"regexp"
	"strings"
	"testing"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
)

func TestPutBuckets(t *testing.T) {
	if putBuckets[0] != 1 || putBuckets[19] != 20 || putBuckets[20] != 22 || putBuckets[74] != 10_000 ||
		putBuckets[73] != 9_000 {
		t.Errorf("%v", putBuckets)
	}
}

// TestPutTimes: the figures of the last whole minute, in Java's form.
func TestPutTimes(t *testing.T) {
	var p putTimes
	m := map[string]string{}
	p.info(m)
	none := "[<=0ms]:0 [0~10ms]:0 [10~50ms]:0 [50~100ms]:0 [100~200ms]:0 [200~500ms]:0 [500ms~1s]:0 [1~2s]:0 [2~3s]:0 " +
		"[3~4s]:0 [4~5s]:0 [5~10s]:0 [10s~]:0 "
	if m["putMessageDistributeTime"] != none || m["putLatency99"] != "0.00" || m["putLatency999"] != "0.00" ||
		m["putMessageEntireTimeMax"] != "0" {
		t.Errorf("at first: %q", m)
	}
	for _, c := range []struct{ ms, n int64 }{{0, 980}, {1, 2}, {9, 3}, {10, 4}, {499, 5}, {1000, 3}, {9999, 2},
		{10_000, 1}, {math.MaxInt64, 1}} {
		p.add(c.ms, c.n)
	}
	if p.info(m); m["putMessageDistributeTime"] != none || m["putMessageEntireTimeMax"] != "9223372036854775807" {
		t.Errorf("before the minute is over: %q", m)
	}
	for range 60 {
		p.sample()
	}
	p.info(m)
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
	if p.info(m); m["putMessageDistributeTime"] != none {
		t.Errorf("a minute later: %q", m["putMessageDistributeTime"])
	}
}

// TestPutTimesCountOnce: on the event loop, on a worker and behind the flusher each message counts once.
func TestPutTimesCountOnce(t *testing.T) {
	for _, flush := range []string{store.SyncFlush, "ASYNC_FLUSH"} {
		cfg := testConfig(t, t.TempDir())
		cfg.FlushDiskType = flush
		r := startRig(t, cfg)
		for i := range 10 {
			r.send("T", map[bool]string{true: "WAIT\x01false\x02"}[i%2 == 0], "x")
		}
		p := &r.b.stats.times
		p.mu.Lock()
		n := int64(0)
		for _, some := range p.now.spread {
			n += some
		}
		p.mu.Unlock()
		if n != 10 {
			t.Errorf("%s: %d messages counted", flush, n)
		}
		before := p.failed.Load()
		if code, _ := r.trySend("T", "", strings.Repeat("x", cfg.MaxMessageSize+1)); code == 0 ||
			p.failed.Load() != before+1 {
			t.Errorf("%s: code %d, failures %d", flush, code, p.failed.Load())
		}
		r.stop()
	}
}

// exporterKeys are what Apache's exporter reads from the answer, and the form that it can read.
var exporterKeys = map[string]string{
	"putMessageDistributeTime": `^(\[[^\]]+\]:\d+ ){13}$`,
	"commitLogDirCapacity":     `^Total : [\d.]+ [KMGTPE]iB, Free : [\d.]+ [KMGTPE]iB\.$`,
	"dispatchMaxBuffer":        `^\d+$`, "getMessageEntireTimeMax": `^\d+$`, "putMessageEntireTimeMax": `^\d+$`,
	"putMessageFailedTimes": `^\d+$`,
	"putLatency99":          `^\d+\.\d\d$`, "putLatency999": `^\d+\.\d\d$`, "putTps": `^[\d.]+ [\d.]+ [\d.]+$`,
	"remainHowManyDataToFlush": `^\d+ B$|iB$`,
	"msgPutTotalTodayNow":      `^\d+$`, "commitLogMinOffset": `^\d+$`,
	"runtime": `^\[ \d+ days, \d+ hours, \d+ minutes, \d+ seconds \]$`,
}

func TestRuntimeInfoIsWhatTheExporterReads(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	resp, err := call(r, wire.ReqGetBrokerRuntimeInfo, wire.HeartbeatRequest, new(wire.HeartbeatRequestHeader), nil)
	if err != nil {
		t.Fatal(err)
	}
	var kv protocol.KVTable
	if err := compat.Unmarshal(resp.Body, &kv); err != nil {
		t.Fatal(err)
	}
	for key, form := range exporterKeys {
		if v, ok := kv.Table[key]; !ok || !regexp.MustCompile(form).MatchString(v) {
			t.Errorf("%s=%q, want %s", key, v, form)
		}
	}
}
