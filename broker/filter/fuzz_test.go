package filter

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzCompile: no panic, bounded time and texts, and evaluation that agrees with itself.
func FuzzCompile(f *testing.F) {
	if text, err := os.ReadFile(refusedFile); err == nil {
		for line := range strings.Lines(string(text)) {
			expr, _, _ := strings.Cut(line, "\t")
			f.Add(strings.Trim(expr, `"`), "a\x011\x02b\x01x\x02")
		}
	}
	g := newGenerator(3)
	for range 100 {
		f.Add(g.expression(), g.properties())
	}
	f.Fuzz(func(t *testing.T, expr, properties string) {
		start := time.Now()
		e, err := Compile(expr)
		if err != nil {
			if len(err.Error()) > maxErrorText || !utf8.ValidString(err.Error()) {
				t.Fatalf("error of %d bytes: %.100q", len(err.Error()), err)
			}
		} else {
			raw := []byte(properties)
			first := e.EvalProperties(raw)
			if again := e.EvalProperties(raw); again != first || string(raw) != properties {
				t.Fatalf("%v, then %v; properties %q", first, again, raw)
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Fatalf("took %s", took)
		}
	})
}

// FuzzConsumerFilterJSON: what is read can be written, and what is written reads the same.
func FuzzConsumerFilterJSON(f *testing.F) {
	if text, err := os.ReadFile(recordedTop); err == nil {
		f.Add(text)
	}
	m := newTestManager(f, 64)
	m.register1("g", "t", "a = 1", 1)
	text, err := m.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{filterDataByTopic:{"t":{groupFilterData:{"g":null}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m := newTestManager(t, 64)
		if _, err := m.Decode(text); err != nil {
			return
		}
		first, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		n := newTestManager(t, 64)
		if _, err := n.Decode(first); err != nil {
			t.Fatalf("cannot read what was written: %v\n%s", err, first)
		}
		second, err := n.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Fatalf("written\n%s\nthen\n%s", first, second)
		}
	})
}

// FuzzBitsArray: any bit map and any positions; marking makes a hit and clears nothing.
func FuzzBitsArray(f *testing.F) {
	f.Add(uint8(20), uint16(32), []byte("0123456789abcd"), "g#t", int32(5), int32(112))
	f.Add(uint8(1), uint16(1), []byte{0xff, 0xff}, "", int32(-1), int32(16))
	f.Fuzz(func(t *testing.T, rate uint8, consumers uint16, bitMap []byte, key string, position, length int32) {
		b, err := NewBloom(int(rate), int(consumers))
		if err != nil {
			return
		}
		odd := &BloomData{BitNum: length, BitPos: []int32{position, position + 1, 0}}
		b.Mark(odd, bitMap)
		b.Hit(odd, bitMap)
		b.Hit(nil, bitMap)
		before := bytes.Clone(bitMap)
		d := b.Positions(key)
		if !b.Valid(d) {
			t.Fatalf("invalid positions %v of %d bits", d, b.Bits())
		}
		b.Mark(d, bitMap)
		if !b.Hit(d, bitMap) {
			t.Fatal("no hit on its own bits")
		}
		for i := range before {
			if before[i]&^bitMap[i] != 0 {
				t.Fatal("a bit is gone")
			}
		}
	})
}
