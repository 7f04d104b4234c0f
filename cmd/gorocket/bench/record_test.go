package bench

import (
	"encoding/binary"
	"strings"
	"testing"
)

func TestVerification(t *testing.T) {
	join := func(parts ...[]byte) (all []byte) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	change := func(at int, b []byte) []byte { b[at] ^= 1; return b }
	inner := storedMessage(3, 10, "x")
	inner[recSysFlag+3] |= sysInner
	huge := storedMessage(3, 10, "x")
	binary.BigEndian.PutUint32(huge[recHosts+2*hostV4+recAfterHosts-4:], 1<<30)
	for _, c := range []struct {
		name                   string
		b                      []byte
		n, then                int64
		faulty, gaps, repeated int64
		says                   string
	}{
		{name: "in order", b: join(storedMessage(3, 10, "a"), storedMessage(3, 11, ""), storedMessage(3, 12, "ccc")), n: 3,
			then: 13},
		{name: "a gap", b: join(storedMessage(3, 10, "a"), storedMessage(3, 14, "b")), n: 2, then: 15, gaps: 3,
			says: "offset 14 where 11 was due: a gap of 3"},
		{name: "a gap at the start", b: storedMessage(3, 11, "a"), n: 1, then: 12, gaps: 1, says: "gap of 1"},
		{name: "again", b: join(storedMessage(3, 10, "a"), storedMessage(3, 10, "a")), n: 2, then: 11, repeated: 1,
			says: "offset 10 again"},
		{name: "changed body", b: change(recHosts+2*hostV4+recAfterHosts, storedMessage(3, 10, "a")), then: 11, faulty: 1,
			says: "offset 10: body CRC"},
		{name: "changed CRC", b: change(recCRC+3, storedMessage(3, 10, "a")), then: 11, faulty: 1, says: "CRC"},
		{name: "changed magic", b: change(recMagic, storedMessage(3, 10, "a")), then: 11, faulty: 1, says: "magic"},
		{name: "other queue", b: storedMessage(4, 10, "a"), n: 1, then: 11, faulty: 1, says: "belongs to queue 4"},
		{name: "cut short", b: storedMessage(3, 10, "a")[:minRecordV4], then: 11, faulty: 1, says: "bytes"},
		{name: "garbage behind", b: join(storedMessage(3, 10, "a"), []byte{1, 2}), n: 1, then: 12, faulty: 1,
			says: "2 bytes are no message"},
		{name: "inner batch", b: inner, then: 11, faulty: 1, says: "BatchCQ"},
		{name: "body length", b: huge, then: 11, faulty: 1, says: "body of"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var f findings
			n, then := f.walkRecords(c.b, "broker", 3, 10, nil)
			if n != c.n || then != c.then || f.faulty != c.faulty || f.gaps != c.gaps || f.repeated != c.repeated ||
				!strings.Contains(f.first, c.says) {
				t.Errorf("%d messages, then %d, %+v", n, then, f)
			}
		})
	}
}

func TestAddressFamilies(t *testing.T) {
	b := storedMessage(3, 10, "body")
	hosts := recHosts + hostV4 + 8 + hostV4
	v6 := append(append(append([]byte{}, b[:hosts]...), make([]byte, 2*(hostV6-hostV4))...), b[hosts:]...)
	v6[recSysFlag+3] |= sysBornV6 | sysStoreV6
	binary.BigEndian.PutUint32(v6, uint32(len(v6)))
	var r record
	if err := readRecord(v6, &r); err != nil || string(r.body) != "body" {
		t.Errorf("%v, body %q", err, r.body)
	}
}

// FuzzRecords: no panic, and no more bytes in records than there were.
func FuzzRecords(f *testing.F) {
	f.Add(storedMessage(0, 0, "body"))
	f.Add(append(storedMessage(0, 0, ""), storedMessage(0, 1, "x")...))
	f.Add(storedMessage(0, 0, "body")[:50])
	f.Fuzz(func(t *testing.T, b []byte) {
		total := 0
		var found findings
		found.walkRecords(b, "fuzz", 0, 0, func(r *record) {
			if len(r.body) > r.size {
				t.Errorf("a body of %d in a message of %d", len(r.body), r.size)
			}
			total += r.size
		})
		if total > len(b) {
			t.Errorf("%d bytes of messages in %d", total, len(b))
		}
	})
}

func TestBitset(t *testing.T) {
	var s bitset
	s.add(3)
	s.add(200)
	if !s.has(3) || !s.has(200) || s.has(4) || s.has(1<<40) {
		t.Error("wrong members")
	}
}

// TestLostAndRepeated: what was acknowledged and did not come is owed, what came twice is counted, whichever comes
// first.
func TestLostAndRepeated(t *testing.T) {
	m := &mail{run: 9, sent: 4, inFlight: 4, acks: newHist()}
	rec := newRecorder()
	w := &worker{rec: rec}
	post := &postJob{mail: m, numbers: []uint64{0, 1, 2, 3}}
	come := func(run, number uint64) {
		b := make([]byte, stampSize)
		binary.BigEndian.PutUint64(b, run)
		binary.BigEndian.PutUint64(b[8:], number)
		binary.BigEndian.PutUint64(b[16:], 100)
		m.take(rec, &record{body: b}, 5100)
	}
	acked := func(slot int32, code int32) {
		if err := post.answer(&conn{w: w}, slot, &answer{code: code}, 100, 200); err != nil {
			t.Fatal(err)
		}
	}
	come(9, 0)
	acked(0, 0)
	acked(1, 0)
	if m.settled(0) || m.owed != 1 {
		t.Errorf("message 1 is not owed: %+v", m)
	}
	come(9, 1)
	come(9, 1)
	come(8, 2) // another run's
	acked(2, 0)
	acked(3, 2) // refused
	if m.owed != 1 || m.repeated != 1 || m.acked != 3 || m.settled(0) {
		t.Errorf("owed %d, repeated %d, acknowledged %d", m.owed, m.repeated, m.acked)
	}
	come(9, 2)
	if !m.settled(0) {
		t.Errorf("not settled: %+v", m)
	}
	if come(9, 7); m.found.faulty != 1 {
		t.Error("a message that was never sent is not noticed")
	}
	if n := rec.now.hist.TotalCount(); n != 3 || rec.now.messages != 3 {
		t.Errorf("%d latencies, %d messages", n, rec.now.messages)
	}
}
