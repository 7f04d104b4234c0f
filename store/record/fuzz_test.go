package record

import (
	"bytes"
	"testing"
)

func FuzzDecode(f *testing.F) {
	sealed := javaLimits
	sealed.PropCRC = true
	for _, l := range []Limits{javaLimits, sealed} {
		r := msg("Topic", 1, "body")
		r.Properties = []byte("KEYS\x01a b\x02TAGS\x01x\x02")
		b, _ := l.Append(nil, r, Stamp{1, 2, 3})
		f.Add(b)
		r.BornHost, r.StoreHost = hostV, hostV
		b, _ = l.Append(nil, r, Stamp{1, 2, 3})
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Decode(b)
		if err != nil {
			return
		}
		if len(m.Record) != int(m.Size) || int(m.Size) > len(b) {
			t.Fatalf("record of %d bytes, size %d", len(m.Record), m.Size)
		}
		ReadPropCRC(m.Record)
		m.Property("KEYS")
		r := Message{Topic: string(m.Topic), QueueID: m.QueueID, Flag: m.Flag, SysFlag: m.SysFlag,
			BornTimestamp: m.BornTimestamp, BornHost: m.BornHost, StoreHost: m.StoreHost,
			ReconsumeTimes:            m.ReconsumeTimes,
			PreparedTransactionOffset: m.PreparedTransactionOffset, Body: m.Body, Properties: m.Properties}
		again, err := javaLimits.Append(nil, &r, Stamp{m.QueueOffset, m.PhysicalOffset, m.StoreTimestamp})
		if err != nil {
			return
		}
		n, err := Decode(again)
		if err != nil || !bytes.Equal(n.Body, m.Body) || !bytes.Equal(n.Topic, m.Topic) || !NeedsCRC(m.Properties) &&
			!bytes.Equal(n.Properties, m.Properties) || n.StoreTimestamp != m.StoreTimestamp {
			t.Fatalf("not the same after encoding again: %+v %+v %v", m, n, err)
		}
	})
}

func FuzzProperties(f *testing.F) {
	f.Add([]byte("A\x01b\x02C\x01d"), "A")
	f.Fuzz(func(t *testing.T, text []byte, name string) {
		set := SetProperty(nil, text, name, "v")
		v, ok := Property(set, name)
		clean := len(name) > 0 && !bytes.ContainsAny([]byte(name), "\x01\x02")
		if clean && (!ok || string(v) != "v") {
			t.Fatalf("set %q in %q: %q %v", name, text, v, ok)
		}
		if _, ok := Property(DeleteProperty(nil, set, name), name); ok {
			t.Fatalf("deleted %q is still in %q", name, text)
		}
	})
}

// FuzzBatchItem: what is taken out of a batch body, put together again, is the same to a reader.
func FuzzBatchItem(f *testing.F) {
	f.Add(AppendBatchItem(AppendBatchItem(nil, BatchItem{Body: []byte("x"), Properties: []byte("A\x01b")}),
		BatchItem{}))
	f.Fuzz(func(t *testing.T, body []byte) {
		item, rest, err := NextBatchItem(body)
		if err != nil {
			return
		}
		if n := BatchItemMin + len(item.Body) + len(item.Properties); n+len(rest) != len(body) {
			t.Fatalf("%d bytes, an item of %d and %d left", len(body), n, len(rest))
		}
		again, rest, err := NextBatchItem(AppendBatchItem(nil, item))
		if err != nil || len(rest) != 0 || again.Flag != item.Flag || !bytes.Equal(again.Body, item.Body) ||
			!bytes.Equal(again.Properties, item.Properties) {
			t.Fatalf("%+v became %+v, %v", item, again, err)
		}
	})
}
