package pop

import (
	"strings"
	"testing"

	"gorocket/broker/config"
	"gorocket/broker/service"
	"gorocket/store"
	"gorocket/store/record"
)

// benchRig has a topic of 8 queues with messages of 1 KiB.
func benchRig(b *testing.B, messages int, edit ...func(*config.Config)) *rig {
	r := newRig(b, append(edit, func(c *config.Config) {
		c.StorePathRootDir, c.MappedFileSizeCommitLog = b.TempDir(), 1<<30
	})...)
	r.topic("T", 8)
	r.group("g")
	rec := store.Record{Message: record.Message{Topic: "T", BornTimestamp: birth, BornHost: host, StoreHost: host,
		Body: []byte(strings.Repeat("x", 1024))}}
	for i := range messages {
		rec.QueueID = int32(i % 8)
		if _, err := r.store.Append(&rec); err != nil {
			b.Fatal(err)
		}
	}
	return r
}

// BenchmarkPopAck pops and acknowledges messages, each operation is one message.
func BenchmarkPopAck(b *testing.B) {
	for _, c := range []struct {
		name  string
		batch int32
		merge bool
	}{{"one", 1, true}, {"batch", 32, true}, {"one,stored", 1, false}, {"batch,stored", 32, false}} {
		b.Run(c.name, func(b *testing.B) {
			r := benchRig(b, min(b.N, 200_000)+64, func(cfg *config.Config) { cfg.EnablePopBufferMerge = c.merge })
			p := r.ask("T", "g", func(p *Pop) { p.MaxCount = c.batch })
			a := &Ack{Group: "g", Topic: "T"}
			h := Handle{Broker: "broker-a"}
			var handle []byte
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; {
				p.NoWait = true
				err := r.Pop(p)
				if err == service.ErrWouldWait { // a worker does it
					p.Release()
					p.NoWait = false
					err = r.Pop(p)
				}
				if err != nil {
					b.Fatal(err)
				}
				if p.Count == 0 { // all are popped: from the beginning again
					b.StopTimer()
					for q := range int32(8) {
						_ = r.d.Committed.AssignReset("g", "T", q, 0)
					}
					b.StartTimer()
				}
				h.PopTime, h.Invisible, h.ReviveQueue = p.PopTime, p.Invisible, p.ReviveQueue
				for _, res := range p.results[:p.used] {
					for i, offset := range res.QueueOffsets {
						h.Start = res.QueueOffsets[0]
						m, err := record.Decode(res.Slices[i])
						if err != nil {
							b.Fatal(err)
						}
						if a.NoWait = true; n%64 == 0 && a.End > 0 { // as at the end of an event loop's turn
							if err := r.publish(a.End); err != nil {
								b.Fatal(err)
							}
						}
						handle = h.Append(handle[:0], "T", m.QueueID, offset)
						a.QueueID, a.Offset, a.Handle = m.QueueID, offset, string(handle)
						if err := r.Ack(a); err != nil {
							b.Fatal(err)
						}
						n++
					}
				}
				p.Release()
			}
		})
	}
}

// BenchmarkCheckPointJSON writes and reads a check point.
func BenchmarkCheckPointJSON(b *testing.B) {
	c := CheckPoint{Start: 5, PopTime: 1700000000000, Invisible: 60000, Num: 2, QueueID: 1, Topic: "topic", Group: "group",
		Diffs: []int32{0, 2}, Broker: "broker-a"}
	var buf []byte
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf = c.Append(buf[:0])
		}
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := c.parse(buf, "own"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
