package main

import (
	"errors"
	"strings"
	"testing"
)

func TestWhy(t *testing.T) {
	const now = 1_000_000
	at := func(member int32, ms int64) delivery { return delivery{at: now + ms, member: member} }
	left := func(member int32, ms int64, politely bool) []change {
		return []change{{now + ms, member, false, politely}}
	}
	for _, c := range []struct {
		name          string
		first, second delivery
		changes       []change
		want          string
	}{
		{"killed before its commit", at(1, 0), at(2, 4000), left(1, 3000, false), "its member was killed before its commit"},
		{"left", at(1, 0), at(2, 200), left(1, 100, true), "its member left"},
		{"another one came", at(1, 0), at(2, 200), []change{{now + 100, 3, true, false}},
			"its queue moved to another member"},
		{"the old owner went on after the change", at(1, 500), at(2, 600), []change{{now, 3, true, false}},
			"its queue moved to another member"},
		{"order of the reports does not matter", at(2, 4000), at(1, 0), left(1, 3000, false),
			"its member was killed before its commit"},
		{"nothing changed", at(1, 0), at(2, 200), nil, ""},
		{"away and back", at(1, 0), at(1, 200), []change{{now + 100, 3, true, false}}, "its queue moved away and came back"},
		{"twice at one member", at(1, 0), at(1, 200), []change{{now - 10_000, 3, true, false}}, ""},
		{"changed only afterwards", at(1, 0), at(2, 200), left(1, 300, false), ""},
		{"killed long after its commit", at(1, 0), at(2, 60_000), left(1, 59_000, false), ""},
		{"changed long before", at(1, 60_000), at(2, 61_000), left(1, 0, false), ""},
	} {
		if got := why(c.first, c.second, c.changes); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*ledger)
		want string // part of the error; "" for none
	}{
		{"all came", func(l *ledger) { l.acked(0, nil); l.delivered(0, delivery{at: 1}) }, ""},
		{"delivered before its acknowledgement", func(l *ledger) { l.delivered(0, delivery{at: 1}); l.acked(0, nil) }, ""},
		{"not acknowledged, did not come", func(l *ledger) { l.acked(0, errors.New("time-out")) }, ""},
		{"lost", func(l *ledger) { l.acked(0, nil) }, "did not come"},
		{"repeated without a reason", func(l *ledger) {
			l.acked(0, nil)
			l.delivered(0, delivery{at: 1, member: 1})
			l.delivered(0, delivery{at: 2, member: 2})
		}, "no rule allows"},
		{"stored twice", func(l *ledger) {
			l.acked(0, nil)
			l.delivered(0, delivery{at: 1, offset: 1})
			l.delivered(0, delivery{at: 2, offset: 2})
		}, "cannot be"},
		{"never sent", func(l *ledger) { l.delivered(7, delivery{at: 1}) }, "cannot be"},
	} {
		l := newLedger(1)
		c.do(l)
		err := l.verdict(nil)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
