package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// everyShape calls do for messages of every combination that changes where the fields of a record lie.
func everyShape(do func(l Limits, m *Message)) {
	hosts := []netip.AddrPort{hostA, hostV, {}, netip.MustParseAddrPort("[::ffff:1.2.3.4]:5")}
	for _, born := range hosts {
		for _, stored := range hosts {
			for _, topic := range []int{1, 127, 128} {
				for _, body := range []int{0, 1, 255, 256, 320, 333} {
					for _, props := range []string{"", "TAGS\x01A\x02", "TAGS\x01A"} {
						for _, crc := range []bool{false, true} {
							do(Limits{MaxBody: 333, LongTopics: true, PropCRC: crc}, &Message{
								Topic: strings.Repeat("t", topic), QueueID: 3, Flag: 7, SysFlag: SysFlagCompressed |
									SysFlagBornHostV6 | SysFlagStoreHostV6, BornTimestamp: 11, BornHost: born,
								StoreHost: stored, ReconsumeTimes: 2, PreparedTransactionOffset: 9,
								Body: bytes.Repeat([]byte("b"), body), Properties: []byte(props)})
						}
					}
				}
			}
		}
	}
}

// TestEveryShape: whatever the addresses and lengths are, a record is decoded to what it was made of, its store time
// is found, and a new stamp changes its three fields and nothing else.
func TestEveryShape(t *testing.T) {
	everyShape(func(l Limits, m *Message) {
		first, second := Stamp{5, 0x1000, 1700000000000}, Stamp{0x0102030405060708, 1<<40 + 9, 1 << 50}
		rec, err := l.Append([]byte("before"), m, first)
		if err != nil {
			t.Fatal(err)
		}
		rec = rec[len("before"):]
		check := func(st Stamp) {
			t.Helper()
			v, err := Decode(rec)
			if err != nil {
				t.Fatal(err)
			}
			flag := int32(SysFlagCompressed)
			if isV6(m.BornHost) {
				flag |= SysFlagBornHostV6
			}
			if isV6(m.StoreHost) {
				flag |= SysFlagStoreHostV6
			}
			if v.SysFlag != flag || v.QueueOffset != st.QueueOffset || v.PhysicalOffset != st.Offset ||
				v.StoreTimestamp != st.StoreTime || StoreTime(rec) != st.StoreTime || !v.BodyCRCOK() ||
				v.Sealed() != l.PropCRC || v.BornHost.Port() != m.BornHost.Port() || v.QueueID != 3 || v.Flag != 7 ||
				v.BornTimestamp != 11 || v.ReconsumeTimes != 2 || v.PreparedTransactionOffset != 9 ||
				!bytes.Equal(v.Body, m.Body) || string(v.Topic) != m.Topic {
				t.Fatalf("%+v became %+v", m, v)
			}
			if got, _ := v.Property("TAGS"); (len(m.Properties) > 0) != (string(got) == "A") {
				t.Fatalf("properties %q became %q", m.Properties, v.Properties)
			}
		}
		check(first)
		Restamp(rec, second)
		if l.PropCRC {
			PutPropCRC(rec)
		}
		check(second)
		if again, err := l.Append(nil, m, second); err != nil || !bytes.Equal(again, rec) {
			t.Fatalf("stamped again %x, written anew %x, %v", rec, again, err)
		}
	})
}

// TestPropCRCReplaced: a record that has a property CRC is stored again with a new one in its place, also when nothing
// else is in its properties.
func TestPropCRCReplaced(t *testing.T) {
	l := Limits{MaxBody: 10, PropCRC: true}
	for _, props := range []string{"", "K\x01v\x02"} {
		m := msg("T", 1, "body")
		m.Properties = []byte(props)
		rec, err := l.Append(nil, m, Stamp{1, 2, 3})
		if err != nil {
			t.Fatal(err)
		}
		v, err := Decode(rec)
		if err != nil {
			t.Fatal(err)
		}
		again := msg("T", 1, "other")
		again.Properties = v.Properties
		second, err := l.Append(nil, again, Stamp{4, 5, 6})
		if err != nil || len(second) != len(rec)+1 {
			t.Fatalf("%q: %d bytes became %d, %v", props, len(rec), len(second), err)
		}
		if v, err := Decode(second); err != nil || !v.Sealed() || !strings.HasPrefix(string(v.Properties), props) {
			t.Errorf("%q became %q, %v", props, v.Properties, err)
		}
		second[len(second)-len(v.Properties)-3]++ // in the body
		if v, err := Decode(second); err != nil || v.Sealed() {
			t.Errorf("%q: a record that was changed is whole, %v", props, err)
		}
	}
}

// TestRecordLengths: a record whose lengths do not add up is refused, cut anywhere and with any length changed.
func TestRecordLengths(t *testing.T) {
	everyShape(func(l Limits, m *Message) {
		if len(m.Body) > 1 || len(m.Topic) == 127 {
			return
		}
		rec, err := l.Append(nil, m, Stamp{})
		if err != nil {
			t.Fatal(err)
		}
		n := PosBornHost + hostLen(isV6(m.BornHost)) + 8 + hostLen(isV6(m.StoreHost)) + 12
		for _, body := range []int{-1, len(m.Body) - 1, len(m.Body) + 1, len(rec) - n - 4, len(rec) - n - 5, len(rec)} {
			bad := bytes.Clone(rec)
			binary.BigEndian.PutUint32(bad[n:], uint32(int32(body)))
			if v, err := Decode(bad); err == nil && len(v.Body) == len(m.Body) || err != nil && !errors.Is(err, ErrBad) {
				t.Fatalf("body length %d of %d: %v", body, len(m.Body), err)
			}
		}
		for size := range len(rec) {
			binary.BigEndian.PutUint32(rec, uint32(size))
			if _, err := Decode(rec[:max(size, 8)]); !errors.Is(err, ErrBad) {
				t.Fatalf("size %d of %d: %v", size, len(rec), err)
			}
			if size >= MinSize {
				if _, err := Decode(rec[:size:size]); !errors.Is(err, ErrBad) {
					t.Fatalf("cut to %d of %d: %v", size, len(rec), err)
				}
			}
		}
	})
}

// TestFullTail: a record may end with its body's length, with no room for a topic, with a topic that fills it: each is
// refused, and the smallest record of all is taken.
func TestFullTail(t *testing.T) {
	rec := make([]byte, MinSize)
	binary.BigEndian.PutUint32(rec, MinSize)
	binary.BigEndian.PutUint32(rec[PosMagic:], MagicV1)
	if v, err := Decode(rec); err != nil || len(v.Body)+len(v.Topic)+len(v.Properties) != 0 {
		t.Errorf("the smallest: %+v, %v", v, err)
	}
	for body, want := range map[uint32]string{0: "", 1: "topic", 2: "topic", 3: "topic", 4: "body"} {
		binary.BigEndian.PutUint32(rec[MinSize-7:], body)
		if _, err := Decode(rec); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("a body of %d in a record without room: %v", body, err)
		}
	}
	binary.BigEndian.PutUint32(rec[PosMagic:], MagicV2)
	binary.BigEndian.PutUint32(rec[MinSize-7:], 1)
	if _, err := Decode(rec); err == nil || !strings.Contains(err.Error(), "topic") {
		t.Errorf("two bytes for a topic of two bytes: %v", err)
	}
}

// TestBelongs: bytes that do not reach to the offset could belong anywhere; others say where.
func TestBelongs(t *testing.T) {
	rec, err := javaLimits.Append(nil, msg("T", 1, "b"), Stamp{Offset: 77})
	if err != nil {
		t.Fatal(err)
	}
	for n := range PosSysFlag + 2 {
		if Belongs(rec[:n], 77) != true || Belongs(rec[:n], 78) != (n < PosSysFlag) {
			t.Errorf("%d bytes: %v at its offset, %v at another", n, Belongs(rec[:n], 77), Belongs(rec[:n], 78))
		}
	}
}

// TestHasQueueEntry: plain and committed messages are in a queue, whatever the other bits are.
func TestHasQueueEntry(t *testing.T) {
	for flag := range int32(256) {
		kind := flag & SysFlagTransaction
		if got, want := HasQueueEntry(flag), kind != SysFlagPrepared && kind != SysFlagRollback; got != want {
			t.Errorf("%#x: %v", flag, got)
		}
	}
}

// TestDescribe: a record is told by its place, what is none by what is wrong with it.
func TestDescribe(t *testing.T) {
	rec, err := javaLimits.Append(nil, msg("T", 1, "b"), Stamp{QueueOffset: 8})
	if err != nil {
		t.Fatal(err)
	}
	if s := Describe(rec); !strings.HasPrefix(s, "message 8 of queue 1 of T, stored 1970-01-01T00:00:00.000Z") {
		t.Error(s)
	}
	if s := Describe(rec[:5]); !strings.HasPrefix(s, "what is no record (") {
		t.Error(s)
	}
}

// TestBatchEdges: an item that ends with the body is taken, one that goes on behind it is not; the longest properties.
func TestBatchEdges(t *testing.T) {
	empty := AppendBatchItem(nil, BatchItem{})
	if len(empty) != BatchItemMin || binary.BigEndian.Uint32(empty) != BatchItemMin {
		t.Errorf("an empty item %x", empty)
	}
	for _, props := range []int{0, 1, MaxPropertiesLength - 1, MaxPropertiesLength, MaxPropertiesLength + 1} {
		b := AppendBatchItem(nil, BatchItem{Body: []byte("bo"), Properties: make([]byte, props)})
		if got := int(binary.BigEndian.Uint32(b)); got != len(b) {
			t.Errorf("%d properties: size %d of %d bytes", props, got, len(b))
		}
		item, rest, err := NextBatchItem(b)
		if (err == nil) != (props <= MaxPropertiesLength) || err == nil && (len(rest) > 0 || len(item.Properties) != props) {
			t.Errorf("%d properties: %v", props, err)
		}
		if _, _, err := NextBatchItem(b[:len(b)-1]); err == nil {
			t.Errorf("%d properties: a cut item is taken", props)
		}
	}
	if _, _, err := NextBatchItem(empty[:BatchItemMin-1]); err == nil {
		t.Error("an item that is shorter than the shortest is taken")
	}
}

// TestHostStamp: an address that is not there is written as zeros over what was in the buffer.
func TestHostStamp(t *testing.T) {
	b := bytes.Repeat([]byte{0xff}, 8)
	if n := putHost(b, netip.AddrPort{}); n != 8 || !bytes.Equal(b, make([]byte, 8)) {
		t.Errorf("%d: %x", n, b)
	}
}
