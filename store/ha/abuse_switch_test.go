package ha_test

import (
	"context"
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/store/ha"
)

// words are what a stranger sends to the master of a switching group: never as broker 2.
func words(rnd *rand.Rand, end int64) []byte {
	hello := func(id int64) []byte {
		b := binary.BigEndian.AppendUint32(nil, 1)
		b = binary.BigEndian.AppendUint32(b, rnd.Uint32()&0x00010001)
		return binary.BigEndian.AppendUint64(b, uint64(id))
	}
	ack := func(at int64) []byte {
		return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, 2), uint64(at))
	}
	ids := []int64{0, -1, 1, 3, 77, math.MinInt64, math.MaxInt64}
	id := ids[rnd.IntN(len(ids))]
	switch rnd.IntN(7) {
	case 0:
		return ack(end) // without a hello
	case 1:
		return slices.Concat(hello(id), hello(id))
	case 2:
		return slices.Concat(hello(id), ack(rnd.Int64()-rnd.Int64()))
	case 3:
		return slices.Concat(hello(id), ack(0), ack(end), ack(math.MaxInt64))
	case 4:
		return hello(id)[:rnd.IntN(16)]
	case 5:
		return slices.Concat(hello(id), ack(0)) // and reads, or not
	}
	b := make([]byte, rnd.IntN(4096))
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

// TestStrangersOfASwitchingGroup: whatever strangers say to the master of a switching group, its slave goes on, and
// nothing counts as had by it that it does not have.
func TestStrangersOfASwitchingGroup(t *testing.T) {
	m := newNode(t, 1).lead(1, 50)
	s := newNode(t, 2).follow(m)
	s.has(m)
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	var peers sync.WaitGroup
	addr := m.master.Addr().String()
	for i := range uint64(20) {
		rnd := rand.New(rand.NewPCG(i, 7))
		peers.Go(func() {
			for ctx.Err() == nil {
				c, err := net.Dial("tcp", addr)
				if err != nil {
					return
				}
				_, _ = c.Write(words(rnd, m.store.MaxPhyOffset()))
				_ = c.SetReadDeadline(time.Now().Add(time.Duration(rnd.IntN(50)) * time.Millisecond))
				_, _ = io.Copy(io.Discard, c)
				_ = c.Close()
			}
		})
	}
	for n := uint64(0); ctx.Err() == nil; n++ {
		send(t, m.store, n, 3)
		at, ok := m.master.ConfirmedBy([]int64{2})
		if has := s.store.MaxPhyOffset(); ok && at > has {
			t.Fatalf("%d counts as had by broker 2, which has %d", at, has)
		}
		if st := m.master.State(); len(st.Slaves)+st.Waiting > ha.DefaultMaxConnections {
			t.Fatalf("%d connections", len(st.Slaves)+st.Waiting)
		}
		time.Sleep(5 * time.Millisecond)
	}
	peers.Wait()
	s.has(m)
	testutil.WaitFor(t, "the strangers are gone", func() bool {
		st := m.master.State()
		return len(st.Slaves) == 1 && st.Waiting == 0 && st.Slaves[0].ID == 2
	})
	if got := m.epochs.List(); len(got) != 1 {
		t.Errorf("epochs %v", got)
	}
}
