package ha

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/store/epoch"
	"gorocket/store/vfs"
)

// TestEpochsOfALiar: what a master says of who wrote the log is taken over where it goes on from what is here, and
// nowhere else; the list stays what it was, whatever confirm offset comes with it.
func TestEpochsOfALiar(t *testing.T) {
	have := epoch.List{{Epoch: 1, Start: 0}, {Epoch: 5, Start: 2}}
	for name, c := range map[string]struct {
		at   int64
		e    epoch.Entry
		want epoch.List // nil: it is refused
	}{
		"the newest one goes on":            {4, have[1], have},
		"a new one":                         {4, epoch.Entry{Epoch: 6, Start: 4}, append(have[:2:2], epoch.Entry{Epoch: 6, Start: 4})},
		"a huge one from 0 on":              {4, epoch.Entry{Epoch: 1 << 30, Start: 0}, nil},
		"an older one, unknown here":        {4, epoch.Entry{Epoch: 3, Start: 1}, nil},
		"an older one that is known":        {4, have[0], nil},
		"an older one, from here on":        {4, epoch.Entry{Epoch: 4, Start: 4}, nil},
		"one of the future":                 {4, epoch.Entry{Epoch: 6, Start: 9}, nil},
		"one from before 0":                 {4, epoch.Entry{Epoch: 6, Start: -9}, nil},
		"a negative one":                    {4, epoch.Entry{Epoch: -6, Start: 4}, nil},
		"what is here, as somebody else's":  {2, epoch.Entry{Epoch: 6, Start: 2}, nil},
		"the same epoch, begun elsewhere":   {4, epoch.Entry{Epoch: 5, Start: 4}, nil},
		"the same epoch, begun before that": {4, epoch.Entry{Epoch: 5, Start: 0}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			fs := vfs.NewMem()
			defer fs.Free()
			file, err := epoch.Open(fs, "/epochs")
			for _, e := range have {
				err = errors.Join(err, file.Begin(e))
			}
			if err != nil {
				t.Fatal(err)
			}
			l, s := listen(t), &memory{b: []byte("have")}
			ended, confirmed := make(chan error, 9), int64(-1)
			x := NewSlave(SlaveOptions{Master: l.Addr().String(), HeartbeatInterval: time.Second,
				HousekeepingInterval: time.Minute, Switch: &SwitchSlave{ID: 2, Epochs: file, Min: func() int64 { return 0 },
					Confirmed: func(at int64) { confirmed = at }, ConfirmedTo: func() int64 { return 0 }}}, s,
				SlaveEvents{Disconnected: func(_ string, why error) { ended <- why }})
			x.Start()
			conn := accept(t, l)
			var hi [helloSize]byte
			if _, err := io.ReadFull(conn, hi[:]); err != nil {
				t.Fatal(err)
			}
			_, _ = conn.Write(encodeAnswer(have, 4))
			var ack [ackSize]byte
			if _, err := io.ReadFull(conn, ack[:]); err != nil || binary.BigEndian.Uint64(ack[4:]) != 4 {
				t.Fatalf("%v % x", err, ack)
			}
			var head [switchHeadSize]byte
			putSwitchHead(head[:], c.at, 2, c.e, 1<<60)
			_, _ = conn.Write(append(head[:], "xy"...))
			if c.want == nil {
				if why := <-ended; why == nil || s.MaxPhyOffset() != 4 {
					t.Errorf("%v, the log ends at %d", why, s.MaxPhyOffset())
				}
				c.want = have
			} else {
				testutil.WaitFor(t, "it is stored", func() bool { return s.MaxPhyOffset() == 6 })
			}
			x.Stop()
			if !slices.Equal(file.List(), c.want) || confirmed > s.MaxPhyOffset() {
				t.Errorf("epochs %v, want %v; confirmed to %d", file.List(), c.want, confirmed)
			}
		})
	}
}
