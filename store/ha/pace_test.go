package ha_test

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/store/ha"
)

// obedient is a slave that reports what it got and keeps nothing. It counts blocks of size bytes, and smaller ones that
// do not end a file.
type obedient struct{ whole, small int }

func (o *obedient) follow(c net.Conn, size int) {
	for {
		var head [12]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return
		}
		at, n := int64(binary.BigEndian.Uint64(head[:])), int64(binary.BigEndian.Uint32(head[8:]))
		if _, err := io.CopyN(io.Discard, c, n); err != nil {
			return
		}
		switch {
		case n == int64(size):
			o.whole++
		case n > 0 && (at+n)%fileSize != 0:
			o.small++
		}
		if _, err := c.Write(report(at + n)); err != nil {
			return
		}
	}
}

// TestPace: where nobody waits for the slave, blocks that are not whole leave one pace apart, however often the log
// grows and the slave reports; everything leaves all the same, and its reports are believed.
func TestPace(t *testing.T) {
	master := open(t, newMem(t), "ASYNC_MASTER")
	set := settings()
	set.Pace, set.BatchSize = 20*time.Millisecond, 128
	m := startMaster(t, master, set, ha.MasterEvents{})
	var slave obedient
	var reader sync.WaitGroup
	c, begin := dial(t, m, report(0)), time.Now()
	reader.Go(func() { slave.follow(c, 32*set.BatchSize) })
	for i := range uint64(300) {
		send(t, master, i, 1)
		time.Sleep(time.Millisecond)
	}
	send(t, master, 300, 200) // more than a block at once
	testutil.WaitFor(t, "its reports", func() bool { return m.Confirmed(1) == master.MaxPhyOffset() })
	took := time.Since(begin)
	m.Stop()
	reader.Wait()
	if most := int(took/set.Pace) + 2; slave.small > most || slave.whole == 0 {
		t.Errorf("%d small blocks, at most %d in %v; %d whole ones", slave.small, most, took, slave.whole)
	}
}
