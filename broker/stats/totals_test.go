package stats

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestRates: messages a second over the last 10, 60 and 600 s, or as many as there are.
func TestRates(t *testing.T) {
	s := NewTotals()
	puts := func(x Sample) int64 { return x.Puts }
	if got := s.Rates(puts); got != "0 0 0" {
		t.Errorf("at first %s", got)
	}
	now := time.Now()
	for second := range 1300 { // more than the ring has
		s.Puts.Add(int64(second % 100))
		s.Tick(now)
		last := func(n int) float64 {
			sum, n := 0, min(n, second+1)
			for i := range n {
				sum += (second - i) % 100
			}
			return float64(sum) / float64(n)
		}
		if want := fmt.Sprintf("%v %v %v", last(10), last(60), last(600)); s.Rates(puts) != want {
			t.Fatalf("second %d: %s, want %s", second, s.Rates(puts), want)
		}
	}
	if got := s.Rates(func(x Sample) int64 { return x.Gets }); got != "0 0 0" {
		t.Errorf("of another counter %s", got)
	}
}

// TestMornings: the totals at the beginning of the last two days.
func TestMornings(t *testing.T) {
	s := NewTotals()
	day := time.Now()
	for i := range int64(4) {
		s.Puts.Store(100 * i)
		s.Found.Store(i)
		s.Missed.Store(2 * i)
		s.Gets.Store(3 * i)
		s.Tick(day.AddDate(0, 0, int(i)))
		s.Puts.Add(50) // in the course of the day
		s.Tick(day.AddDate(0, 0, int(i)))
		at := func(i int64) Sample {
			if i <= 0 {
				return Sample{}
			}
			return Sample{100 * i, i, 2 * i, 3 * i}
		}
		if yesterday, today := s.Mornings(); yesterday != at(i-1) || today != at(i) {
			t.Errorf("day %d: %+v, %+v", i, yesterday, today)
		}
	}
}

// TestPerTopic: one for each name, until it is forgotten; a name that cannot be a label is not shown.
func TestPerTopic(t *testing.T) {
	var p PerTopic[Histogram]
	name := []byte("T")
	a := p.Of(string(name))
	if p.Of("T") != a || p.Of("U") == a {
		t.Error("not one for each name")
	}
	p.Of("\xff")
	var seen []string
	p.Each(func(name string, _ *Histogram) { seen = append(seen, name) })
	slices.Sort(seen)
	if !slices.Equal(seen, []string{"T", "U"}) {
		t.Errorf("shown %q", seen)
	}
	if p.Forget("T"); p.Of("T") == a {
		t.Error("it is still there")
	}
}

// TestTopicTraffic: messages by size, those of a batch by their mean, to the byte; bytes add up.
func TestTopicTraffic(t *testing.T) {
	var x TopicTraffic
	x.Each(func(kind MessageType, _ *Histogram) { t.Errorf("%v without a message", kind) })
	for _, c := range []struct{ messages, size int64 }{{1, 1 << 10}, {1, 1<<10 + 1}, {10, 10 << 10}, {10, 10<<10 + 1},
		{1, 4 << 20}, {1, 4<<20 + 1}, {3, 3}} {
		x.Add(FIFOMessage, c.messages, c.size)
	}
	n := 0
	x.Each(func(kind MessageType, h *Histogram) {
		var got [7]int64
		for i := range h.counts {
			got[i] = h.counts[i].Load()
		}
		if n++; kind != FIFOMessage || kind.String() != "fifo" || got != [7]int64{14, 11, 0, 0, 0, 1, 1} ||
			h.Sum() != 1<<10+1<<10+1+10<<10+10<<10+1+4<<20+4<<20+1+3 {
			t.Errorf("%v: %v, %d bytes", kind, got, h.Sum())
		}
	})
	if n != 1 {
		t.Errorf("%d types", n)
	}
}

// TestDelay: whole seconds; what lies on a bound is below it, and no delay is negative.
func TestDelay(t *testing.T) {
	var h Histogram
	for _, ms := range []int64{-5000, 0, 999, 60_000, 60_999, 61_000, 600_000, 601_000, 4 * 24 * 3_600_000} {
		h.Delay(&TimerBuckets, ms)
	}
	var got [7]int64
	for i := range h.counts {
		got[i] = h.counts[i].Load()
	}
	if got != [7]int64{5, 2, 1, 0, 0, 0, 1} || h.Sum() != 60+60+61+600+601+4*24*3600 {
		t.Errorf("%v, %d s", got, h.Sum())
	}
}

// TestDeadLetters: by group and topic, and only a deleted group's go.
func TestDeadLetters(t *testing.T) {
	var d DeadLetters
	for _, k := range []GroupTopic{{"g", "t"}, {"g", "t"}, {"g", "u"}, {"h", "t"}} {
		d.Count(k.Group, k.Topic)
	}
	if s := d.Snapshot(); len(s) != 3 || s[GroupTopic{"g", "t"}] != 2 || s[GroupTopic{"g", "u"}] != 1 {
		t.Errorf("%v", s)
	}
	d.Forget("g")
	if s := d.Snapshot(); len(s) != 1 || s[GroupTopic{"h", "t"}] != 1 {
		t.Errorf("behind the end of a group: %v", s)
	}
}

// TestTurn: each message of a turn counts once, with its time; InMinute is of the minute that runs.
func TestTurn(t *testing.T) {
	var p PutTimes
	for _, c := range []struct{ puts, want int64 }{{5, 5}, {5, 5}, {9, 9}, {8, 9}, {9, 10}} {
		if p.Turn(c.puts, 3); p.InMinute() != c.want {
			t.Errorf("%d puts: %d in this minute, want %d", c.puts, p.InMinute(), c.want)
		}
	}
	p.Read(7)
	p.Read(4)
	p.Failed.Add(2)
	m := map[string]string{}
	if p.Info(m); m["getMessageEntireTimeMax"] != "7" || m["putMessageFailedTimes"] != "2" ||
		m["putMessageEntireTimeMax"] != "3" {
		t.Errorf("%q", m)
	}
	for range 60 {
		p.sample()
	}
	if p.InMinute() != 0 {
		t.Errorf("%d in a new minute", p.InMinute())
	}
}
