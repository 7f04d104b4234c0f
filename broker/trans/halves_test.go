package trans

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestHalfTable(t *testing.T) {
	h := newHalfTable()
	h.reset(100)
	for _, o := range []int64{100, 101, 127, 128, 129, 300} {
		h.settle(o)
	}
	h.settle(5) // below base: nothing
	for _, c := range []struct{ at, end, want int64 }{
		{0, 1000, 102}, {100, 101, 101}, {100, 1000, 102}, {127, 1000, 130}, {127, 129, 129}, {299, 1000, 299}, {300, 1000,
			301}, {900, 1000, 900}, {1000, 1000, 1000}, {300, 300, 300},
	} {
		if got := h.NextOpen(c.at, c.end); got != c.want {
			t.Errorf("NextOpen(%d, %d) = %d, want %d", c.at, c.end, got, c.want)
		}
	}
	full := newHalfTable()
	for o := range int64(256) {
		full.settle(o)
	}
	if got := full.NextOpen(3, 1000); got != 256 {
		t.Errorf("behind four full words: %d", got)
	}
	h.advance(128)
	if got := h.NextOpen(0, 1000); got != 130 {
		t.Errorf("after advance: %d", got)
	}
	if got := h.NextOpen(300, 1000); got != 301 {
		t.Errorf("after advance the bits moved: %d", got)
	}
}

func TestClaims(t *testing.T) {
	h := newHalfTable()
	expect := func(offset, at int64, want Claim) {
		t.Helper()
		if a, c := h.Claim(offset); a != at || c != want {
			t.Errorf("claim(%d) = %d, %d, want %d, %d", offset, a, c, at, want)
		}
	}
	expect(7, 7, Claimed)
	expect(7, 7, ClaimIsBusy)
	h.Release(7, false)
	expect(7, 7, Claimed)
	h.Release(7, true)
	expect(7, 7, ClaimEnded)

	expect(8, 8, Claimed)
	h.moved(8, 20)
	expect(8, 20, Claimed) // the producer's own end finds the copy
	h.moved(20, 30)
	expect(30, 30, Claimed)
	h.moved(30, 40)
	h.advance(35)
	expect(30, 40, Claimed) // the answer to the question before the last
	h.Release(40, false)
	expect(8, 40, Claimed)
	h.Release(40, true)
	for _, o := range []int64{8, 30, 40} {
		expect(o, 40, ClaimEnded)
	}
	expect(20, 20, Claimed) // older than that: not followed, as in Java
	h.Release(20, false)
	h.advance(41)
	if len(h.trails)+len(h.newest)+len(h.busy) != 0 {
		t.Errorf("left behind: %v %v %v", h.trails, h.newest, h.busy)
	}
}

func TestOpLog(t *testing.T) {
	o := newOpLog()
	now := time.Now()
	if body, due := o.peek(now, 10, time.Second, nil); body != nil || due >= 0 {
		t.Fatalf("empty: %q %v", body, due)
	}
	o.add(10, 1, 1)
	if body, due := o.peek(now, 10, time.Minute, nil); body != nil || due <= 0 {
		t.Fatalf("young: %q %v", body, due)
	}
	o.add(10, 22, 333)
	o.add(10, 4444, 4444)
	body, due := o.peek(now, 10, time.Minute, nil)
	if string(body) != "1,22,333,4444," || due != 0 {
		t.Fatalf("full: %q %v", body, due) // the first comma at or behind byte 10 is the last
	}
	o.add(10, 5, 5)
	o.written(body, 70)
	body, _ = o.peek(now.Add(time.Hour), 10, time.Minute, nil)
	if string(body) != "5," {
		t.Fatalf("rest: %q", body)
	}
	o.written(body, 71)
	for _, c := range []struct{ half, want int64 }{{5, 70}, {4444, 70}, {4445, 72}} {
		if got := o.advance(c.half); got != c.want {
			t.Errorf("advance(%d) = %d, want %d", c.half, got, c.want)
		}
	}
}

// TestOpBacklog: a store that takes nothing must not make us grow.
func TestOpBacklog(t *testing.T) {
	o := newOpLog()
	for i := range int64(1_000_000) {
		o.add(4096, 1_000_000_000+i, 1_000_000_000+i)
	}
	if len(o.text) > maxOpBacklog+64 {
		t.Errorf("%d bytes", len(o.text))
	}
	eachOffset(o.text, func(half int64) {
		if half < 1_000_000_000 {
			t.Fatalf("a number was cut: %d", half)
		}
	})
	if !strings.HasSuffix(string(o.text), "1000999999,") {
		t.Error("the newest end is gone")
	}
}

func TestEachOffset(t *testing.T) {
	for body, want := range map[string][]int64{"": nil, "5": {5}, "5,6,": {5, 6}, ",,7,": {7},
		"-1,x,9223372036854775807,": {9223372036854775807}, "99999999999999999999,3": {3}} {
		var got []int64
		eachOffset([]byte(body), func(n int64) { got = append(got, n) })
		if len(got) != len(want) {
			t.Errorf("%q: %v", body, got)
			continue
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%q: %v", body, got)
			}
		}
	}
}

// FuzzOpBody: what others wrote into the op queue must not hurt.
func FuzzOpBody(f *testing.F) {
	for _, s := range []string{"5", "5,6,", "-1", "9223372036854775808,", ",", "1\x002"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		n := 0
		eachOffset(body, func(half int64) {
			if n++; half < 0 {
				t.Fatal("negative")
			}
		})
		if n > len(body) {
			t.Fatal("more offsets than bytes")
		}
	})
}

func TestQuestionPace(t *testing.T) {
	p := questionPace{most: 3, patience: time.Second}
	now := time.UnixMilli(1_000_000)
	ask := func(answered int64, after time.Duration, want bool) {
		t.Helper()
		now = now.Add(after)
		if got := p.mayAsk(answered, now); got != want {
			t.Errorf("sent %d, answered %d: %v", p.sent, answered, got)
		}
		if want {
			p.sent++
		}
	}
	for range 3 {
		ask(0, 0, true)
	}
	ask(0, 0, false)
	ask(0, 900*time.Millisecond, false)
	ask(1, 0, true) // one answer, one question
	ask(1, 0, false)
	ask(1, 999*time.Millisecond, false)
	ask(1, time.Millisecond, true) // patience is over: they count as lost
	ask(1, 0, true)
	ask(9, 0, true) // late answers
	ask(9, 0, true)
	ask(9, 0, true)
	ask(9, 0, false)
}

// TestHalvesModel compares the table with a map of what has ended, while ends come in any order and the oldest go.
func TestHalvesModel(t *testing.T) {
	for seed := range uint64(10) {
		rnd, h := rand.New(rand.NewPCG(seed, 3)), newHalfTable()
		base := rnd.Int64N(200)
		h.reset(base)
		ended := map[int64]bool{}
		for step := range 500 {
			what := fmt.Sprintf("seed %d, step %d", seed, step)
			switch at := base - 5 + rnd.Int64N(400); {
			case rnd.IntN(25) == 0:
				to := base - 3 + rnd.Int64N(150)
				h.advance(to)
				base = max(base, to)
			case rnd.IntN(2) == 0:
				h.settle(at)
				ended[at] = ended[at] || at >= base
			default:
				got, c := h.Claim(at)
				want := Claimed
				if at >= base && ended[at] {
					want = ClaimEnded
				}
				if got != at || c != want {
					t.Fatalf("%s: claim of %d: %d, %d, want %d", what, at, got, c, want)
				}
				if end := rnd.IntN(2) == 0; c == Claimed {
					h.Release(at, end)
					ended[at] = end && at >= base
				}
			}
			if h.start() != base || h.Passed(base) || !h.Passed(base-1) || h.Span()%64 != 0 || h.Span() > 640 {
				t.Fatalf("%s: begins at %d, want %d; bits for %d", what, h.start(), base, h.Span())
			}
			from, end := base-5+rnd.Int64N(400), base+rnd.Int64N(500)
			want := max(from, base)
			for want < end && ended[want] {
				want++
			}
			if got := h.NextOpen(from, end); got != min(want, end) {
				t.Fatalf("%s: the next from %d to %d is %d, want %d", what, from, end, got, min(want, end))
			}
		}
	}
}

// TestHalvesTooFar: the table follows MaxHalfSpan half messages from the oldest on, and has no bits for those behind.
func TestHalvesTooFar(t *testing.T) {
	h := newHalfTable()
	h.reset(1000)
	for offset, want := range map[int64]Claim{999: Claimed, 1000 + MaxHalfSpan - 1: Claimed, 1000 + MaxHalfSpan: ClaimTooFar,
		1 << 60: ClaimTooFar} {
		if at, c := h.Claim(offset); at != offset || c != want {
			t.Errorf("%d: %d, %d, want %d", offset, at, c, want)
		}
	}
	h.Release(999, true)
	h.settle(1000 + MaxHalfSpan)
	if h.Span() != 0 {
		t.Errorf("bits for %d", h.Span())
	}
}

// TestHalvesJoin: what was stored again before a start is one half message; what has ended, is being ended or lies below
// the table joins nothing.
func TestHalvesJoin(t *testing.T) {
	h := newHalfTable()
	h.reset(10)
	h.settle(11)
	_, _ = h.Claim(12)
	for older, want := range map[int64]bool{9: false, 11: false, 12: false, 13: true} {
		if got := h.join(older, 50+older); got != want {
			t.Errorf("%d: %v", older, got)
		}
	}
	if h.join(13, 70) {
		t.Error("it was joined with another already")
	}
	if at, c := h.Claim(13); at != 63 || c != Claimed {
		t.Errorf("its end finds %d, %d", at, c)
	}
	if h.NextOpen(13, 60) != 14 || h.Passed(13) {
		t.Error("rounds look at the older place")
	}
	if at, c := h.Claim(9); at != 9 || c != Claimed {
		t.Errorf("one below, which joins nothing: %d, %d", at, c)
	}
}
