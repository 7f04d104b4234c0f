package trans

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestActedReport: a master takes what a slave reports, each end once, and what it has already stays in front. Nothing is
// reported as nothing, and too much in part.
func TestActedReport(t *testing.T) {
	var slave, master Acted
	changed := 0
	slave.Changed, master.Changed = func() {}, func() { changed++ }
	if report, err := slave.Report(); report != nil || err != nil {
		t.Errorf("%q, %v", report, err)
	}
	for at := range int64(3) {
		slave.Add(ActedEnd{Group: "g", Topic: "T", CommitLogOffset: 100 * at, QueueOffset: at})
	}
	master.Add(ActedEnd{Group: "g", Topic: "T", QueueOffset: 1})
	report, err := slave.Report()
	if err != nil {
		t.Fatal(err)
	}
	for round, want := range []int{2, 0} {
		if n, err := master.Take(report); n != want || err != nil || changed != 2 {
			t.Errorf("round %d: %d taken, %v, the file was marked %d times", round, n, err, changed)
		}
	}
	var at []int64
	for _, e := range master.List() {
		at = append(at, e.QueueOffset)
	}
	if !slices.Equal(at, []int64{1, 0, 2}) {
		t.Errorf("%v", at)
	}
	if _, err := master.Take([]byte("{")); err == nil {
		t.Error("half a report is taken")
	}
	long := strings.Repeat("g", 10_000)
	for at := range int64(1000) {
		slave.Add(ActedEnd{Group: long, Topic: fmt.Sprint("T", at), QueueOffset: 10 + at})
	}
	if report, err = slave.Report(); err != nil || len(report) > maxReport || len(report) < maxReport/2 {
		t.Errorf("%d bytes, %v", len(report), err)
	}
}

// TestNoted: what has ended is noted once an op message names it.
func TestNoted(t *testing.T) {
	r := newRig(t)
	end := r.halves(t, 3)
	r.rewind(0)
	if r.Noted() {
		t.Error("noted while the op queue is being read")
	}
	r.replay(nil)
	if !r.Noted() {
		t.Error("nothing has ended")
	}
	r.Acted.Add(ActedEnd{Topic: "T", QueueOffset: end - 1})
	counts := r.Counts.Add("T", end)
	for range 2 {
		r.settleActed()
	}
	if waiting, _, _ := counts.Snapshot(); waiting != end-1 {
		t.Errorf("%d half messages wait", waiting)
	}
	if r.Noted() || r.Halves.NextOpen(end-1, end) != end {
		t.Error("not settled, or noted at once")
	}
	r.writeOps(r.now.Add(2 * r.d.Settings().OpBatchInterval))
	if !r.Noted() || r.store.MaxOffset("RMQ_SYS_TRANS_OP_HALF_TOPIC", 0) != 1 {
		t.Error("not noted")
	}
}
