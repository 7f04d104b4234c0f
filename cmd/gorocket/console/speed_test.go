package console

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"gorocket/remoting/protocol"
)

// pageLimit is how long the server may take for a page of a cluster with 10,000 topics and 2,000 groups. On a machine
// that is busy with something else the processor time of this process counts, broker and NameServer included, and the
// test says so.
const pageLimit = 300 * time.Millisecond

// busy tells whether others keep this machine's processors.
func busy(t *testing.T) bool {
	var load float64
	text, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		_, err = fmt.Sscan(string(text), &load)
	}
	if err != nil {
		t.Logf("the load is not known: %v", err)
	}
	return load > 1.5*float64(runtime.NumCPU())
}

// spent is the processor time of this process.
func spent(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestPageSpeed: each page in a cluster with many topics and groups, when nothing is remembered and when something is.
func TestPageSpeed(t *testing.T) {
	many := 10_000
	if testing.Short() { // under the race detector, which takes ten times as long
		many = 1_000
	}
	r := newRig(t)
	r.furnish()
	var topics []protocol.TopicConfig
	for i := range many {
		topics = append(topics, newTopic(fmt.Sprintf("topic-%05d", i), 2))
	}
	for part := range slices.Chunk(topics, 1000) {
		if err := r.cl.PutTopics(t.Context(), r.broker, part); err != nil {
			t.Fatal(err)
		}
	}
	var groups []protocol.SubscriptionGroupConfig
	for i := range many / 5 {
		groups = append(groups, protocol.NewSubscriptionGroupConfig(fmt.Sprintf("group-%04d", i)))
	}
	for part := range slices.Chunk(groups, 500) {
		if err := r.cl.PutGroups(t.Context(), r.broker, part); err != nil {
			t.Fatal(err)
		}
	}
	for _, g := range groups { // a lag for each
		if err := r.cl.CommitOffset(t.Context(), r.broker, g.GroupName, "T", 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range append(r.paths(), "/topics?q=0999", "/topics?page=150", "/groups?q=group-1999") {
		cold, warm, cpu := time.Hour, time.Hour, time.Hour
		for range 5 { // the best of five
			r.s.home.forget()
			before := spent(t)
			cold = min(cold, r.timed(path))
			cpu = min(cpu, spent(t)-before)
			warm = min(warm, r.timed(path))
		}
		t.Logf("%-40s %8.1f ms, %8.1f ms of processor; again %8.1f ms", path, ms(cold), ms(cpu), ms(warm))
		if cpu > pageLimit || cold > pageLimit && !busy(t) {
			t.Errorf("%s takes %v, %v of processor", path, cold, cpu)
		} else if cold > pageLimit {
			t.Logf("%s took longer than %v: this machine is busy, its processor time counts", path, pageLimit)
		}
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (r *rig) timed(path string) time.Duration {
	start := time.Now()
	r.get(path, http.StatusOK)
	return time.Since(start)
}
