package recovery

import (
	"bytes"
	"strings"
	"testing"

	"gorocket/store/record"
	"gorocket/store/storetest"
)

// limits are those of Java's default configuration.
var limits = record.Limits{MaxBody: 4 << 20, LongTopics: true}

func msg(topic string, queue int32, body string) record.Message {
	return record.Message{Topic: topic, QueueID: queue, BornTimestamp: 1700000000000, Body: []byte(body)}
}

// rawRecord encodes a record as other programs do: without a property CRC.
func rawRecord(m record.Message, offset, queueOffset, storeTime int64) []byte {
	given := m.Properties
	m.Properties = bytes.Repeat([]byte("x"), len(given)) // those themselves would get one
	st := record.Stamp{QueueOffset: queueOffset, Offset: offset, StoreTime: storeTime}
	b, err := limits.Append(nil, &m, st)
	if err != nil {
		panic(err)
	}
	copy(b[len(b)-len(given):], given)
	return b
}

// TestTornRecords holds the two crash models against records cut at any page or sector: what a crash can leave is torn,
// nothing else is.
func TestTornRecords(t *testing.T) {
	r := msg("SomeTopic", 0, strings.Repeat("b", 300))
	for _, props := range []string{"", "KEYS\x01k\x02", strings.Repeat("KEYS\x01some keys\x02", 800)} {
		r.Properties = []byte(props)
		for p := int64(3500); p < 4100; p += 3 {
			whole := rawRecord(r, 0, 0, 1)
			seg := make([]byte, 64<<10)
			copy(seg[p:], whole)
			m, err := record.Decode(seg[p:])
			if err != nil || cutShort(&m, p, seg[p+int64(m.Size):]) || lostSector(&m, p) {
				t.Fatalf("position %d, %d bytes of properties: whole, but %v torn", p, len(props), err)
			}
			for _, unit := range []int64{KillPage, sectorLen} {
				for at := (p/unit + 1) * unit; at < p+int64(len(whole)); at += unit {
					cut := bytes.Clone(seg)
					clear(cut[at : p+int64(len(whole))])
					m, err := record.Decode(cut[p:])
					lost := err != nil || !m.BodyCRCOK() || bytes.Equal(cut, seg)
					if unit == KillPage && !lost && !cutShort(&m, p, cut[p+int64(m.Size):]) {
						t.Fatalf("position %d, %d bytes of properties: killed at %d and taken for whole", p,
							len(props), at)
					}
					one := bytes.Clone(seg) // one sector is missing
					clear(one[at:min(at+unit, p+int64(len(whole)))])
					n, err := record.Decode(one[p:])
					if err == nil && n.BodyCRCOK() && !bytes.Equal(one, seg) && !lostSector(&n, p) {
						t.Fatalf("position %d, %d bytes of properties: sector at %d lost and taken for whole", p,
							len(props), at)
					}
				}
			}
		}
	}
}

// TestOtherProgramsZeros: a record without CRC, with zeros that end in no page or not behind everything, is whole after
// a kill.
func TestOtherProgramsZeros(t *testing.T) {
	for _, props := range storetest.ZeroProperties() {
		r := msg("T", 0, "body")
		r.Properties = props
		seg := make([]byte, 64<<10)
		copy(seg[100:], rawRecord(r, 100, 0, 1))
		m, err := record.Decode(seg[100:])
		if err != nil {
			t.Fatal(err)
		}
		copy(seg[100+int(m.Size):], "the next record")
		if cutShort(&m, 100, seg[100+int(m.Size):]) {
			t.Errorf("%.30q: something follows, but torn", props)
		}
	}
}

// FuzzTorn: no record, whatever it holds, leads the tests of the crash models out of its bytes.
func FuzzTorn(f *testing.F) {
	r := msg("Topic", 1, "body")
	r.Properties = []byte("KEYS\x01a b\x02TAGS\x01x\x02")
	b, _ := limits.Append(nil, &r, record.Stamp{})
	f.Add(b, int64(4000))
	f.Fuzz(func(t *testing.T, b []byte, p int64) {
		m, err := record.Decode(b)
		if err != nil || p < 0 || p > 1<<30 {
			return
		}
		if (lostSector(&m, p) || cutShort(&m, p, nil)) && m.Sealed() {
			t.Fatal("a record whose property CRC fits is whole")
		}
	})
}
