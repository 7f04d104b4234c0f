package main

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"gorocket/integration/load/client"
)

// TestSpecIsAFunctionOfItsNumber: the ledger does not keep what was sent.
func TestSpecIsAFunctionOfItsNumber(t *testing.T) {
	kinds := map[kind]int{}
	for op := range uint64(500) {
		a, b := specOf(7, 3, op), specOf(7, 3, op)
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("operation %d differs", op)
		}
		kinds[a.kind]++
		for i, m := range a.items {
			if n, j, err := nameOf(&client.Record{Body: m.Body, SysFlag: sysFlag(a.kind)}); err != nil || n != op || j != i {
				t.Fatalf("operation %d item %d: body names %d %d, %v", op, i, n, j, err)
			}
		}
	}
	if len(kinds) != 5 {
		t.Errorf("only kinds %v", kinds)
	}
}

// TestLedgerFindsEachKindOfDamage: a checker that cannot fail checks nothing.
func TestLedgerFindsEachKindOfDamage(t *testing.T) {
	for _, c := range []struct {
		name, want string
		spoil      func(e *entry, records []*client.Record) []*client.Record
	}{
		{"nothing", "", func(_ *entry, r []*client.Record) []*client.Record { return r }},
		{"lost", "lost:", func(_ *entry, r []*client.Record) []*client.Record { return r[:len(r)-1] }},
		{"twice", "twice", func(_ *entry, r []*client.Record) []*client.Record { return append(r, r[0]) }},
		{"other offset", "acknowledged at offset", func(_ *entry,
			r []*client.Record) []*client.Record {
			r[0].QueueOffset += 9
			return r
		}},
		{"other body", "differs", func(_ *entry, r []*client.Record) []*client.Record {
			r[0].Body = append([]byte(nil), r[0].Body...)
			r[0].Body[len(r[0].Body)-1] ^= 1
			return r
		}},
		{"never sent", "phantom", func(_ *entry,
			r []*client.Record) []*client.Record {
			r[0].Body = []byte("op 99 item 0 x")
			return r
		}},
		{"came back", "phantom", func(e *entry, r []*client.Record) []*client.Record { e.gone = true; return r }},
		{"half a batch", "half a batch", func(e *entry,
			r []*client.Record) []*client.Record {
			e.acked = false
			return r[:1]
		}},
		{"not acknowledged, not stored", "", func(e *entry,
			r []*client.Record) []*client.Record {
			e.acked = false
			return nil
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, q, e, records := oneBatch(t)
			err := readBack(l, q, c.spoil(e, records))
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// oneBatch is a ledger with one acknowledged batch and the records that a sound broker would return.
func oneBatch(t *testing.T) (*ledger, queue, *entry, []*client.Record) {
	l := newLedger(1)
	for {
		op, e := l.begin(0)
		s := specOf(1, 0, op)
		if s.kind != batch {
			continue
		}
		e.kind, e.count, e.acked, e.base = batch, uint8(len(s.items)), true, 40
		var records []*client.Record
		for i, m := range s.items {
			records = append(records, &client.Record{Topic: s.topic, Queue: int32(s.queue), QueueOffset: 40 + int64(i),
				Born: m.Born, Flag: int32(m.Flag),
				Body: m.Body, Properties: m.Props, StoreHost: netip.MustParseAddrPort("127.0.0.1:1")})
		}
		return l, queue{s.topic, s.queue}, e, records
	}
}

func readBack(l *ledger, q queue, records []*client.Record) error {
	r := &reader{ledger: l}
	for _, rec := range records {
		if err := r.found(q, rec); err != nil {
			return err
		}
	}
	return l.settle()
}

func sysFlag(k kind) int32 {
	if k == inner {
		return 0x80
	}
	return 0
}
