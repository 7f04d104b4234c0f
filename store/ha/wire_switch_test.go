package ha

import (
	"bytes"
	"errors"
	"testing"

	"gorocket/store/epoch"
)

// The bytes of Java's AutoSwitchHAConnection and AutoSwitchHAClient.
func TestSwitchBytes(t *testing.T) {
	h := hello{lastFile: true, learner: false, id: 7}
	if got, want := h.encode(), []byte{0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}; !bytes.Equal(got, want) {
		t.Errorf("hello: % x", got)
	}
	h = hello{learner: true, id: 1 << 40}
	if got := *decodeHello(h.encode()); got != h {
		t.Errorf("hello: %+v, want %+v", got, h)
	}
	if got, want := appendAck(nil, 258), []byte{0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 2}; !bytes.Equal(got, want) {
		t.Errorf("report: % x", got)
	}
	list, err := epoch.ListOf([]epoch.Entry{{Epoch: 1, Start: 0}, {Epoch: 3, Start: 256}})
	if err != nil {
		t.Fatal(err)
	}
	want := []byte{0, 0, 0, 1, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3,
		0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 1, 0}
	if got := encodeAnswer(list, 512); !bytes.Equal(got, want) {
		t.Errorf("answer: % x", got)
	}
	var head [switchHeadSize]byte
	putSwitchHead(head[:], 258, 9, epoch.Entry{Epoch: 3, Start: 256}, 257)
	want = []byte{0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 1, 0,
		0, 0, 0, 0, 0, 0, 1, 1}
	if !bytes.Equal(head[:], want) {
		t.Errorf("head: % x", head)
	}
}

// What is no answer of a master is refused.
func TestAnswerRefused(t *testing.T) {
	for name, b := range map[string][]byte{
		"state":        {0, 0, 0, 2, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3},
		"half entry":   {0, 0, 0, 1, 0, 0, 0, 13, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3},
		"too many":     {0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xf8, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3},
		"end below 0":  {0, 0, 0, 1, 0, 0, 0, 12, 0xff, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3},
		"length below": {0, 0, 0, 1, 0xff, 0xff, 0xff, 0xf4, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3},
	} {
		if n, _, err := decodeAnswerHead(b); err == nil {
			t.Errorf("%s: %d entries", name, n)
		}
	}
}

// What a slave sends comes in pieces; a second hello, and one behind a report, end the connection.
func TestAcks(t *testing.T) {
	hi := (&hello{id: 2}).encode()
	all := appendAck(appendAck(bytes.Clone(hi), 5), 9)
	for cut := 1; cut < len(all); cut++ {
		var a acks
		var got news
		for _, part := range [][]byte{all[:cut], all[cut:]} {
			n, err := a.took(copy(a.room(), part))
			if err != nil {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			if n.hello != nil {
				got.hello = n.hello
			}
			if n.reported {
				got.reported, got.offset = true, n.offset
			}
		}
		if got.hello == nil || got.hello.id != 2 || !got.reported || got.offset != 9 || a.n != 0 {
			t.Fatalf("cut at %d: %+v, %d bytes left", cut, got, a.n)
		}
	}
	for name, b := range map[string][]byte{"twice": append(bytes.Clone(hi), hi...), "behind": append(appendAck(nil, 5), hi...)} {
		var a acks
		if _, err := a.took(copy(a.room(), b)); !errors.Is(err, errAgain) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var a acks
	if _, err := a.took(copy(a.room(), []byte{0, 0, 0, 3})); err == nil {
		t.Error("a state of Java's that nobody sends is taken")
	}
}

// Whatever a peer sends, in whatever pieces: there is room for the next read, and pieces say what the whole says.
func FuzzAcks(f *testing.F) {
	f.Add(appendAck((&hello{id: 2}).encode(), 5), uint8(3))
	f.Add([]byte{0, 0, 0, 9}, uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, step uint8) {
		b = b[:min(len(b), 4096)]
		var whole, pieces acks
		want, wrong := whole.took(copy(whole.room(), b))
		var last news
		for p := 0; p < len(b); {
			n := copy(pieces.room(), b[p:min(len(b), p+int(step)+1)])
			if n == 0 {
				t.Fatal("no room")
			}
			p += n
			got, err := pieces.took(n)
			if err != nil {
				if wrong == nil {
					t.Fatalf("in pieces: %v", err)
				}
				return
			}
			if got.reported {
				last = got
			}
		}
		if wrong == nil && (want.reported != last.reported || want.offset != last.offset || pieces.n >= helloSize) {
			t.Fatalf("in pieces %+v with %d bytes left, whole %+v", last, pieces.n, want)
		}
	})
}

// An answer that is taken is one that a master can have sent.
func FuzzAnswer(f *testing.F) {
	f.Add(encodeAnswer(epoch.List{{Epoch: 1, Start: 0}, {Epoch: 3, Start: 256}}, 512))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < answerSize {
			return
		}
		n, end, err := decodeAnswerHead(b)
		if err != nil {
			return
		}
		if n < 0 || n > maxEntries || end < 0 {
			t.Fatalf("%d entries, end %d", n, end)
		}
		if len(b) < answerSize+n*entrySize {
			return
		}
		list, err := decodeEntries(b[answerSize : answerSize+n*entrySize])
		if err != nil {
			return
		}
		if again := encodeAnswer(list, end); !bytes.Equal(again[answerSize:], b[answerSize:len(again)]) {
			t.Fatalf("% x became % x", b, again)
		}
	})
}

// Who wrote what is told before the first byte of it, and a heartbeat tells only the confirm offset.
func TestBlocksOfEpochs(t *testing.T) {
	block := func(at int64, body string, e epoch.Entry, confirm int64) []byte {
		b := make([]byte, switchHeadSize)
		putSwitchHead(b, at, len(body), e, confirm)
		return append(b, body...)
	}
	one, two := epoch.Entry{Epoch: 1}, epoch.Entry{Epoch: 2, Start: 4}
	all := bytes.Join([][]byte{block(0, "ab", one, 0), block(2, "cd", one, 1), block(4, "", two, 2),
		block(4, "ef", two, 3)}, nil)
	for step := 1; step <= len(all); step++ {
		var got string
		k := blocks{from: epoch.Entry{Epoch: -1}}
		k.turn = func(e epoch.Entry) error { got += string(rune('0' + e.Epoch)); return nil }
		for p := 0; p < len(all); p += step {
			err := k.take(bytes.Clone(all[p:min(len(all), p+step)]), 4096, func(_ int64, b []byte) error {
				got += string(b)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if got != "1abcd2ef" || k.confirm != 3 {
			t.Fatalf("in pieces of %d: %q, confirmed %d", step, got, k.confirm)
		}
	}
}

// A slave that keeps up under a steady stream counts as caught up when what it has was sent; one that lags does not.
func TestLastSent(t *testing.T) {
	var s lastSent
	if _, ok := s.had(0); ok {
		t.Error("nothing was sent, and it had it")
	}
	s.note(100)
	sent := s.at
	s.note(200) // the slave has yet to have the first
	if _, ok := s.had(99); ok {
		t.Error("it lacks a byte, and had it all")
	}
	if at, ok := s.had(100); !ok || !at.Equal(sent) {
		t.Errorf("it had all at %v, %v; want %v", at, ok, sent)
	}
	if _, ok := s.had(100); ok {
		t.Error("told twice")
	}
}

// FuzzEpochBlocks: whatever a master sends, no more than that is stored.
func FuzzEpochBlocks(f *testing.F) {
	head := make([]byte, switchHeadSize)
	putSwitchHead(head, 0, 2, epoch.Entry{Epoch: 1}, 0)
	f.Add(append(head, "ab"...))
	f.Fuzz(func(t *testing.T, b []byte) {
		k := blocks{turn: func(epoch.Entry) error { return nil }}
		total := 0
		_ = k.take(bytes.Clone(b), testFile, func(_ int64, piece []byte) error { total += len(piece); return nil })
		if total > len(b) {
			t.Errorf("%d bytes of %d", total, len(b))
		}
	})
}
