package store

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"gorocket/store/vfs"
)

func rssAnon() string {
	b, _ := os.ReadFile("/proc/self/status")
	for _, l := range strings.Split(string(b), "\n") {
		if strings.HasPrefix(l, "RssAnon") {
			return strings.Join(strings.Fields(l)[1:], " ")
		}
	}
	return "?"
}

// TestScale prints figures for 10,000 topics x 8 queues and for recovery of a large log. It takes long and needs disk: set STORE_SCALE=1.
func TestScale(t *testing.T) {
	if os.Getenv("STORE_SCALE") == "" {
		t.Skip("STORE_SCALE is not set: takes long and needs several GiB")
	}
	cfg := DefaultConfig()
	cfg.StorePathRootDir = t.TempDir()
	cfg.DiskSpaceWarningLevelRatio = 100
	s := mustStart(t, cfg, vfs.OS{})
	r := record("", 0, "")
	r.Body = bytes.Repeat([]byte("x"), 1024)
	r.Properties = []byte("UNIQ_KEY\x01AC1E0A640000000000000000\x02TAGS\x01TagA\x02")
	for _, topics := range []int{1, 10_000} {
		begin := time.Now()
		const n = 800_000
		for i := range n {
			r.Topic, r.QueueID = fmt.Sprintf("ScaleTopic%d", i%topics), int32(i/topics%8)
			mustAppend(t, s, r)
		}
		took := time.Since(begin)
		runtime.GC()
		t.Logf("%d topics: %d messages in %v, %.0f/s, RssAnon %s", topics, n, took, n/took.Seconds(), rssAnon())
	}
	killed, err := os.ReadDir(cfg.sub("commitlog"))
	t.Logf("%d commit log files %v, index behind %d", len(killed), err, s.DispatchBehindBytes())
	begin := time.Now()
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Logf("stop took %v", time.Since(begin))
	for _, clean := range []bool{true, false} {
		if !clean {
			if err := os.WriteFile(cfg.sub("abort"), []byte("1"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		begin = time.Now()
		s = mustStart(t, cfg, vfs.OS{})
		r.Topic = "ScaleTopic1"
		mustAppend(t, s, r)
		took := time.Since(begin)
		runtime.GC()
		t.Logf("start (clean %v) to first append %v, %+v, RssAnon %s, heap objects for queues", clean, took, s.Report(), rssAnon())
		mustStop(t, s)
	}
}
