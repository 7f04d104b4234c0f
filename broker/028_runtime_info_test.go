package broker

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
)

func TestRuntimeInfo(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "x")
	r.pull("g", "T", 0, "*", 0)
	r.b.stats.Tick(time.Now())
	var kv protocol.KVTable
	if got := ask(r, wire.ReqGetBrokerRuntimeInfo, wire.HeartbeatRequest, new(wire.HeartbeatRequestHeader), "",
		&kv); got != "" {
		t.Fatal(got)
	}
	for key, want := range map[string]string{"msgPutTotalTodayNow": "1", "msgGetTotalTodayNow": "1",
		"brokerVersionDesc": "V5_5_0", "dispatchBehindBytes": "0", "brokerActive": "true"} {
		if got := kv.Table[key]; got != want && key != "dispatchBehindBytes" || got == "" {
			t.Errorf("%s=%s, want %s", key, got, want)
		}
	}
	if n := len(strings.Fields(kv.Table["putTps"])); n != 3 || strings.HasPrefix(kv.Table["putTps"], "0 ") {
		t.Errorf("putTps %q", kv.Table["putTps"])
	}
	if !strings.HasSuffix(humanBytes(3<<20), "3.0 MiB") || humanBytes(7) != "7 B" {
		t.Errorf("sizes: %s, %s", humanBytes(3<<20), humanBytes(7))
	}
}

// TestHumanBytes: Java's units, at their boundaries.
func TestHumanBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB",
		1<<20 - 1: "1024.0 KiB", 1 << 20: "1.0 MiB", 5 << 40: "5.0 TiB"} {
		if got := humanBytes(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

// TestRuntimeInfoOfDelayLevels: a level shows where it is and where its queue ends.
func TestRuntimeInfoOfDelayLevels(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.MessageDelayLevel = "1s 1h"
	r := startRig(t, cfg)
	r.send("T", "DELAY\x012\x02", "later")
	r.ask(wire.ReqGetBrokerRuntimeInfo, "", "").is(t, 0, "").has(t, `"scheduleMessageOffset_1":"0,0"`,
		`"scheduleMessageOffset_2":"0,1"`, `"putMessageTimesTotal":"1"`, `"timerReadBehind":`,
		`"commitLogDirCapacity":"Total : `)
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
		p := &r.b.stats.Times
		if n := p.InMinute(); n != 10 {
			t.Errorf("%s: %d messages counted", flush, n)
		}
		before := p.Failed.Load()
		if code, _ := r.trySend("T", "", strings.Repeat("x", cfg.MaxMessageSize+1)); code == 0 ||
			p.Failed.Load() != before+1 {
			t.Errorf("%s: code %d, failures %d", flush, code, p.Failed.Load())
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
