package ha

import (
	"bytes"
	"encoding/hex"
	"slices"
	"testing"

	"gorocket/store/epoch"
)

// TestSwitchLayouts: every message of the controller mode byte for byte, as Java's AutoSwitchHAClient and
// AutoSwitchHAConnection have them.
func TestSwitchLayouts(t *testing.T) {
	head := make([]byte, switchHeadSize)
	putSwitchHead(head, 0x1122, 5, epoch.Entry{Epoch: 3, Start: 0x77}, 0x1000)
	for what, c := range map[string]struct {
		got  []byte
		want string
	}{
		"hello":  {(&hello{lastFile: true, id: 9}).encode(), "00000001" + "0001" + "0000" + "0000000000000009"},
		"report": {appendAck(nil, 0x55), "00000002" + "0000000000000055"},
		"answer": {encodeAnswer(epoch.List{{Epoch: 2, Start: 7}}, 0x99), "00000001" + "0000000c" + "0000000000000099" +
			"00000002" + "00000002" + "0000000000000007"},
		"block": {head, "00000002" + "00000005" + "0000000000001122" + "00000003" + "0000000000000077" +
			"0000000000001000"},
	} {
		if got := hex.EncodeToString(c.got); got != c.want {
			t.Errorf("%s: %s, want %s", what, got, c.want)
		}
	}
}

// TestAcks reads what a slave sends cut anywhere: the hello first and once, then the newest report.
func TestAcks(t *testing.T) {
	stream := (&hello{learner: true, id: 4}).encode()
	for i := range int64(50) {
		stream = appendAck(stream, i*1000)
	}
	for cut := 1; cut < len(stream); cut += 7 {
		var a acks
		var said *hello
		last := int64(-1)
		for p := 0; p < len(stream); {
			n := copy(a.room(), stream[p:min(p+cut, len(stream))])
			p += n
			got, err := a.took(n)
			if err != nil {
				t.Fatal(err)
			}
			if got.hello != nil {
				said = got.hello
			}
			if got.reported {
				last = got.offset
			}
		}
		if said == nil || *said != (hello{learner: true, id: 4}) || last != 49_000 {
			t.Errorf("cut %d: %+v, %d", cut, said, last)
		}
	}
	for what, b := range map[string][]byte{"another state": {0, 0, 0, 3},
		"two hellos": append((&hello{id: 1}).encode(), (&hello{id: 1}).encode()...)} {
		var a acks
		if _, err := a.took(copy(a.room(), b)); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
}

// TestSwitchBlocks: who wrote a block is told before its first byte, once for blocks that follow each other; a heartbeat
// tells nothing but the confirm offset.
func TestSwitchBlocks(t *testing.T) {
	first, second := epoch.Entry{Epoch: 1, Start: 0}, epoch.Entry{Epoch: 2, Start: 6}
	block := func(at int64, e epoch.Entry, body string, confirm int64) []byte {
		head := make([]byte, switchHeadSize)
		putSwitchHead(head, at, len(body), e, confirm)
		return append(head, body...)
	}
	in := slices.Concat(block(0, first, "abc", 0), block(3, first, "def", 3), block(6, second, "", 4),
		block(6, second, "gh", 6))
	for cut := 1; cut <= len(in); cut++ {
		var log []byte
		k := blocks{from: epoch.Entry{Epoch: -1}}
		k.turn = func(e epoch.Entry) error {
			log = append(log, byte('0'+e.Epoch))
			return nil
		}
		for p := 0; p < len(in); p += cut {
			if err := k.take(bytes.Clone(in[p:min(p+cut, len(in))]), testFile, func(_ int64, b []byte) error {
				log = append(log, b...)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		if string(log) != "1abcdef2gh" || k.confirm != 6 {
			t.Errorf("cut %d: %s, %d", cut, log, k.confirm)
		}
	}
}

// FuzzSwitch: nothing that a peer of the controller mode sends panics, or is taken for more than it is.
func FuzzSwitch(f *testing.F) {
	f.Add((&hello{id: 9}).encode())
	f.Add(encodeAnswer(epoch.List{{Epoch: 2, Start: 7}, {Epoch: 3, Start: 9}}, 0x99))
	f.Fuzz(func(t *testing.T, b []byte) {
		var a acks
		for rest := b; len(rest) > 0; {
			n := copy(a.room(), rest)
			if _, err := a.took(n); err != nil {
				break
			}
			rest = rest[n:]
		}
		if len(b) >= answerSize {
			if n, end, err := decodeAnswerHead(b); err == nil && (n > maxEntries || end < 0) {
				t.Errorf("%d entries, end %d", n, end)
			}
			if l, err := decodeEntries(b[answerSize:]); err == nil && len(l)*entrySize > len(b) {
				t.Errorf("%d entries of %d bytes", len(l), len(b))
			}
		}
		k := blocks{turn: func(epoch.Entry) error { return nil }}
		total := 0
		_ = k.take(bytes.Clone(b), testFile, func(_ int64, piece []byte) error { total += len(piece); return nil })
		if total > len(b) {
			t.Errorf("%d bytes of %d", total, len(b))
		}
	})
}
