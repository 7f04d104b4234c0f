//go:build scale

package store

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"gorocket/store/recovery"
	"gorocket/store/vfs"
)

// The scale test needs 11 GiB of disk and some minutes: go test -tags scale -run 'TestScale$' -v ./store. It runs the
// store in processes of its own, so that memory is that of the store and a kill is a kill.
//
// Part of what it prints: time to the first append after kill -9 with 5 GiB of log, the same after a clean stop with 10
// GiB, 10,000 topics of 8 queues, RssAnon, open files and maps, and how many appends per second 80,000 queues get
// compared with 8.

// TestScale drives the child processes.
func TestScale(t *testing.T) {
	dir := t.TempDir()
	one := runScale(t, dir+"/one", "fill", 1, 5<<30)
	if ms := runScale(t, dir+"/one", "start", 1, 0); ms > 3000 { // after kill -9
		t.Errorf("one topic: first append %v ms after a kill", ms)
	}
	if err := os.RemoveAll(dir + "/one"); err != nil {
		t.Fatal(err)
	}
	runScale(t, dir+"/many", "stop", 10_000, 1<<30) // makes the files of all queues
	many := runScale(t, dir+"/many", "fill", 10_000, 6<<30)
	t.Logf("appends: %.0f/s with 1 topic, %.0f/s with 10,000 x 8 queues: %.0f %%", one, many, 100*many/one)
	if many < 0.7*one {
		t.Error("80,000 queues get less than 70 % of the appends of one topic")
	}
	if ms := runScale(t, dir+"/many", "start", 10_000, 0); ms > 3000 { // after kill -9
		t.Errorf("first append %v ms after a kill", ms)
	}
	runScale(t, dir+"/many", "stop", 10_000, 10<<30)
	if ms := runScale(t, dir+"/many", "start", 10_000, 0); ms > 2000 {
		t.Errorf("first append %v ms after a clean stop", ms)
	}
}

// runScale starts a child and returns the figure it reports. A child told to fill is killed when it is done.
func runScale(t *testing.T, dir, what string, topics int, until int64) (figure float64) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestScaleChild$", "-test.v")
	c.Env = append(os.Environ(), "STORE_SCALE_DO="+what, "STORE_SCALE_DIR="+dir, fmt.Sprint("STORE_SCALE_TOPICS=", topics),
		fmt.Sprint("STORE_SCALE_UNTIL=", until))
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Text()
		if f, ok := strings.CutPrefix(line, "FIGURE "); ok {
			figure, _ = strconv.ParseFloat(f, 64)
			if what == "fill" {
				_ = c.Process.Kill()
			}
		} else if strings.HasPrefix(line, "scale:") {
			t.Log(line)
		}
	}
	if err := c.Wait(); err != nil && what != "fill" {
		t.Fatal(err)
	}
	return figure
}

func scaleConfig(dir string) Config {
	cfg := DefaultConfig()
	cfg.StorePathRootDir, cfg.DiskSpaceWarningLevelRatio = dir, 100
	return cfg
}

// TestScaleChild is a store process of TestScale.
func TestScaleChild(t *testing.T) {
	what := os.Getenv("STORE_SCALE_DO")
	if what == "" {
		t.Skip("run by TestScale")
	}
	topics, _ := strconv.Atoi(os.Getenv("STORE_SCALE_TOPICS"))
	until, _ := strconv.ParseInt(os.Getenv("STORE_SCALE_UNTIL"), 10, 64)
	begin := time.Now()
	lines := 0
	s, err := Open(scaleConfig(os.Getenv("STORE_SCALE_DIR")), vfs.OS{},
		EventListener{RecoveryProgress: func(p recovery.Progress) {
			lines++
			fmt.Printf("scale: progress %+v\n", p)
		}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	r := msg("ScaleTopic0", 0, "")
	r.Body = bytes.Repeat([]byte("x"), 1024)
	r.Properties = []byte("UNIQ_KEY\x01AC1E0A640000000000000000\x02TAGS\x01TagA\x02")
	mustAppend(t, s, r)
	ms := time.Since(begin).Milliseconds()
	fmt.Printf("scale: %s %d topics: first append after %d ms, %+v, %s\n", what, topics, ms, s.Report(), usage())
	if what != "fill" {
		fmt.Printf("FIGURE %d\n", ms)
	}
	rate := fillScale(t, s, r, topics, until)
	if what == "fill" {
		fmt.Printf("FIGURE %.0f\n", rate)
		time.Sleep(time.Hour) // killed meanwhile
	}
	time.Sleep(500 * time.Millisecond)
	fmt.Printf("scale: in use %s\n", usage())
	begin = time.Now()
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("scale: stop took %v\n", time.Since(begin))
}

// fillScale appends until the log ends behind until, and returns appends per second of the second half: in the first
// the files of all queues are made.
func fillScale(t *testing.T, s *Store, r *Record, topics int, until int64) float64 {
	n, half, from, begin := 0, 0, s.MaxPhyOffset(), time.Now()
	for ; s.MaxPhyOffset() < until; n++ {
		r.Topic, r.QueueID = "ScaleTopic"+strconv.Itoa(n%topics), int32(n/topics%8)
		mustAppend(t, s, r)
		if half == 0 && s.MaxPhyOffset() > (from+until)/2 {
			fmt.Printf("scale: first half: %d messages in %v, %s\n", n, time.Since(begin), usage())
			half, begin = n, time.Now()
		}
	}
	if n == 0 {
		return 0
	}
	took := time.Since(begin)
	fmt.Printf("scale: %d messages in %v, %s, index %d MiB behind\n", n, took, usage(), s.DispatchBehindBytes()>>20)
	return float64(n-half) / took.Seconds()
}

// usage is memory, open files and maps of this process.
func usage() string {
	fds, _ := os.ReadDir("/proc/self/fd")
	maps, _ := os.ReadFile("/proc/self/maps")
	return fmt.Sprintf("RssAnon %s, %d files open, %d maps", rssAnon(), len(fds), bytes.Count(maps, []byte("\n")))
}

func rssAnon() string {
	b, _ := os.ReadFile("/proc/self/status")
	for _, l := range strings.Split(string(b), "\n") {
		if strings.HasPrefix(l, "RssAnon") {
			return strings.Join(strings.Fields(l)[1:], " ")
		}
	}
	return "?"
}
