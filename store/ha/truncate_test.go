package ha_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/store"
	"gorocket/store/check"
	"gorocket/store/epoch"
	"gorocket/store/ha"
	"gorocket/store/vfs"
)

// node is a broker of a group whose master changes, without a broker: store, epochs, and either end of the protocol.
type node struct {
	t      *testing.T
	id     int64
	fs     *vfs.Mem
	store  *store.Store
	epochs *epoch.File
	master *ha.Master
	slave  *ha.Slave
	set    ha.SwitchSlave // what it says as a slave, beside what follow fills in
	ends   chan error     // why connections of the slave ended
	caught chan int64     // slaves that have caught up with this master

	accept, dial ha.Shield // nil: connections are plain
}

func newNode(t *testing.T, id int64) *node {
	t.Helper()
	n := &node{t: t, id: id, fs: vfs.NewMem(), caught: make(chan int64, 100)}
	n.open()
	t.Cleanup(func() { n.stop(); n.fs.Free() })
	return n
}

func (n *node) config() store.Config {
	c := config("SLAVE")
	c.EnableControllerMode = true
	return c
}

// open opens the store, as a slave of nobody.
func (n *node) open() {
	n.t.Helper()
	s, err := store.Open(n.config(), n.fs, store.EventListener{
		BackgroundError: func(what, file string, err error) { n.t.Errorf("%s %s: %v", what, file, err) }})
	if err == nil {
		err = s.Start()
	}
	if err == nil {
		n.epochs, err = epoch.Open(n.fs, "/s/epochs")
	}
	if err != nil {
		n.t.Fatal(err)
	}
	n.store = s
}

// idle ends both ends.
func (n *node) idle() {
	if n.slave != nil {
		n.slave.Stop()
		n.slave = nil
	}
	if n.master != nil {
		n.master.Stop()
		n.master = nil
		_ = n.store.BecomeSlave()
	}
}

func (n *node) stop() {
	n.idle()
	_ = n.store.Stop(context.Background())
}

// lead makes it master of an epoch, and sends messages.
func (n *node) lead(number int32, messages int) *node {
	n.t.Helper()
	n.idle()
	err := n.store.BecomeMaster()
	if err == nil && n.epochs.List().Last() != number {
		err = n.epochs.Begin(epoch.Entry{Epoch: number, Start: n.store.MaxPhyOffset()})
	}
	n.master = ha.NewMaster(ha.MasterOptions{Listen: "127.0.0.1:0", Shield: n.accept, Switch: &ha.SwitchMaster{Epochs: n.epochs.List,
		Confirm: n.store.Confirmed}}, settings(), n.store.Log(), ha.MasterEvents{
		CaughtUp: func(id int64) { n.caught <- id }})
	if err == nil {
		err = n.master.Start()
	}
	if err != nil {
		n.t.Fatal(err)
	}
	send(n.t, n.store, uint64(number)*10+uint64(n.id), messages)
	return n
}

// follow makes it the slave of a master, until the next change.
func (n *node) follow(m *node) *node {
	n.t.Helper()
	n.idle()
	ends := make(chan error, 1000)
	sw := n.set
	sw.ID, sw.Epochs, sw.Min = n.id, n.epochs, n.store.MinPhyOffset
	sw.Confirmed, sw.ConfirmedTo = n.store.SetConfirmed, n.store.Confirmed
	n.ends = ends
	n.slave = ha.NewSlave(ha.SlaveOptions{Master: m.master.Addr().String(), HeartbeatInterval: 100 * time.Millisecond,
		HousekeepingInterval: 2 * time.Second, Switch: &sw, Shield: n.dial}, n.store, ha.SlaveEvents{
		Disconnected: func(_ string, why error) { ends <- why }})
	n.slave.Start()
	return n
}

// has waits until it has all of its master's log, byte for byte and epoch for epoch, and shows nothing of it before the
// master says that it is confirmed.
func (n *node) has(m *node) {
	n.t.Helper()
	testutil.WaitFor(n.t, "the slave has everything", func() bool { return n.store.MaxPhyOffset() == m.store.MaxPhyOffset() })
	for at := n.store.MinPhyOffset(); at < m.store.MaxPhyOffset(); at = m.store.Log().NextFile(at) {
		size := min(m.store.MaxPhyOffset()-at, m.store.SegmentSize())
		if !bytes.Equal(m.store.Log().Find(at).Data[:size], n.store.Log().Find(at).Data[:size]) {
			n.t.Fatalf("the files at %d differ", at)
		}
	}
	if ours, theirs := n.epochs.List(), m.epochs.List(); !slices.Equal(ours, theirs) {
		n.t.Errorf("epochs %v, the master has %v", ours, theirs)
	}
}

// confirmed compares what can be read on both when everything is confirmed.
func (n *node) confirmed(m *node) {
	n.t.Helper()
	m.store.SetConfirmed(m.store.MaxPhyOffset())
	for q := range int32(3) {
		testutil.WaitFor(n.t, "the ends of the queues are the same", func() bool {
			return n.store.MaxOffset("T", q) == m.store.MaxOffset("T", q) && m.store.MaxOffset("T", q) > 0
		})
	}
}

// ended is why the first connection ended that was answered.
func (n *node) ended() error {
	n.t.Helper()
	select {
	case err := <-n.ends:
		return err
	case <-time.After(10 * time.Second):
		n.t.Fatal("the connection does not end")
		return nil
	}
}

// cut expects that the end of its log has to go from an offset on, cuts it as broker.Host does, and looks whether what
// goes is kept.
func (n *node) cut(common int64) {
	n.t.Helper()
	var cut *ha.TruncateError
	end := n.store.MaxPhyOffset()
	if err := n.ended(); !errors.As(err, &cut) || cut.Common != common || cut.End != end {
		n.t.Fatalf("%v, want that the log, which ends at %d, is cut at %d", err, end, common)
	}
	n.slave.Stop()
	if got := n.store.MaxPhyOffset(); got != end {
		n.t.Errorf("the log ended at %d, and ends at %d before it is cut", end, got)
	}
	seg := n.store.Log().Find(common)
	goes := bytes.Clone(seg.Data[common-seg.Base : min(end, seg.End())-seg.Base])
	n.stop()
	plan, err := store.Offline{Config: n.config(), FS: n.fs}.CutTo(common, end)
	if err == nil {
		err = n.epochs.CutBehind(common)
	}
	if err != nil {
		n.t.Fatal(err)
	}
	kept, err := vfs.ReadFile(n.fs, "/s/"+plan.Aside+"/commitlog/"+seg.Name[len("/s/commitlog/"):])
	if err != nil || !bytes.HasPrefix(kept[common-seg.Base:], goes) {
		n.t.Errorf("what is cut at %d is not kept: %v", common, err)
	}
	if n.open(); n.store.MaxPhyOffset() != common {
		n.t.Errorf("the log ends at %d, want %d", n.store.MaxPhyOffset(), common)
	}
}

// verify finds nothing wrong in its store, which has to be stopped.
func (n *node) verify() {
	n.t.Helper()
	n.stop()
	r, err := store.Offline{Config: n.config(), FS: n.fs}.Verify()
	if err != nil || r.Counts[check.Damaged]+r.Counts[check.Repairable] > 0 {
		n.t.Errorf("%v, %+v", err, r.Findings)
	}
}

// TestFollowTheSameLog: a slave that is behind, or has everything, goes on where it is, also under a new master.
func TestFollowTheSameLog(t *testing.T) {
	a, b, c := newNode(t, 1), newNode(t, 2), newNode(t, 3)
	a.lead(1, 200)
	b.follow(a).has(a)
	c.follow(a).has(a)
	c.idle() // it is behind from here on
	send(t, a.store, 9, 100)
	b.has(a)
	a.idle()
	b.lead(2, 100)
	a.follow(b).has(b)
	c.follow(b).has(b)
	a.idle()
	a.lead(3, 0) // a master that writes nothing, of whom nobody hears
	b.follow(a)
	testutil.WaitFor(t, "it is answered", func() bool { return b.slave.State().Connected })
	b.lead(4, 50)
	a.follow(b).has(b)
	c.follow(b).has(b)
	if got := b.epochs.List(); len(got) != 3 || got[2].Epoch != 4 {
		t.Errorf("epochs %v: epoch 3 wrote nothing", got)
	}
	for _, n := range []*node{a, c} {
		n.confirmed(b)
		n.verify()
	}
}

// TestEpochsAreTakenOver: a slave whose log is of the time before the controllers, and the same as its master's, knows who
// wrote it as soon as it follows: the master may die before it sends a byte, and follows when it is back.
func TestEpochsAreTakenOver(t *testing.T) {
	a, b := newNode(t, 1), newNode(t, 2)
	a.lead(1, 10)
	b.follow(a).has(a)
	a.lead(3, 5)
	b.follow(a).has(a)
	b.idle()
	if err := b.fs.Remove("/s/epochs"); err != nil {
		t.Fatal(err)
	}
	var err error
	if b.epochs, err = epoch.Open(b.fs, "/s/epochs"); err != nil || len(b.epochs.List()) > 0 {
		t.Fatal(err)
	}
	b.follow(a)
	testutil.WaitFor(t, "it knows who wrote the log", func() bool { return slices.Equal(b.epochs.List(), a.epochs.List()) })
	a.idle()
	b.lead(4, 0)
	a.follow(b)
	send(t, b.store, 99, 3)
	a.has(b)
}

// TestConfirmedGoesOver: nothing can be read on a slave before its master says that it is confirmed.
func TestConfirmedGoesOver(t *testing.T) {
	a, b := newNode(t, 1), newNode(t, 2)
	a.lead(1, 90)
	b.follow(a).has(a)
	if n := b.store.MaxOffset("T", 0); n != 0 || b.store.Confirmed() != 0 {
		t.Errorf("%d messages can be read, confirmed %d", n, b.store.Confirmed())
	}
	b.confirmed(a)
	send(t, a.store, 2, 9)
	b.has(a)
	if n := b.store.MaxOffset("T", 0); n != 30 {
		t.Errorf("%d messages can be read, want 30", n)
	}
}

// TestCutAtEpoch: what a master wrote that was cut off is truncated where the next master began.
func TestCutAtEpoch(t *testing.T) {
	a, b := newNode(t, 1), newNode(t, 2)
	a.lead(1, 200)
	b.follow(a).has(a)
	b.idle()
	common := b.store.MaxPhyOffset()
	send(t, a.store, 9, 1500) // over several files
	if a.store.MaxPhyOffset() < common+2*fileSize {
		t.Fatalf("the log ends at %d", a.store.MaxPhyOffset())
	}
	b.lead(2, 100)
	a.follow(b).cut(common)
	a.follow(b).has(b)
	a.confirmed(b)
	a.verify()
}

// TestCutByEpochNotOffset: the masters of both logs came from a third one's, at different offsets: what they have in
// common ends where the first of them went on, though both logs have bytes of one offset behind it.
func TestCutByEpochNotOffset(t *testing.T) {
	a, b, c := newNode(t, 1), newNode(t, 2), newNode(t, 3)
	c.lead(1, 100)
	a.follow(c).has(c)
	a.idle()
	common := a.store.MaxPhyOffset()
	send(t, c.store, 9, 100)
	b.follow(c).has(c)
	c.idle()
	a.lead(2, 400) // elected without having everything
	b.lead(3, 50)
	if a.store.MaxPhyOffset() < b.store.MaxPhyOffset() {
		t.Fatalf("%d, %d", a.store.MaxPhyOffset(), b.store.MaxPhyOffset())
	}
	a.follow(b).cut(common)
	a.follow(b).has(b)
	c.follow(b).has(b)
	a.confirmed(b)
	a.verify()
	b.idle() // and the other way round: who follows has the newer epoch
	b.stop()
	b.open()
	d := newNode(t, 4)
	d.lead(5, 100)
	b.follow(d)
	var strange *ha.UnrelatedError
	if err := b.ended(); !errors.As(err, &strange) || strange.Theirs.Last() != 5 || strange.Ours.Last() != 3 {
		t.Errorf("logs of different origin: %v", err)
	}
}

// TestFirstBytesUnconfirmed: the first master of a set dies before anybody has what it wrote, and the others begin their
// log at 0: its own goes, and is kept beside. Once a byte was confirmed, nothing is deleted.
func TestFirstBytesUnconfirmed(t *testing.T) {
	a, b := newNode(t, 1), newNode(t, 2)
	a.lead(1, 5)
	b.lead(2, 40)
	a.follow(b).cut(0)
	a.follow(b).has(b)
	a.confirmed(b)
	a.verify()
	c := newNode(t, 3)
	c.lead(3, 5)
	c.store.SetConfirmed(1)
	b.lead(4, 0)
	c.follow(b)
	var strange *ha.UnrelatedError
	if err := c.ended(); !errors.As(err, &strange) {
		t.Errorf("a byte was confirmed: %v", err)
	}
	d := newNode(t, 4)
	d.lead(9, 5)
	d.follow(b)
	if err := d.ended(); !errors.As(err, &strange) {
		t.Errorf("the master's log began under an older epoch: %v", err)
	}
}

// TestCutOfNewerEpoch: a slave whose log has an epoch that its master does not know, and which is newer, loses it.
func TestCutOfNewerEpoch(t *testing.T) {
	a, b := newNode(t, 1), newNode(t, 2)
	a.lead(1, 60)
	b.follow(a).has(a)
	b.idle()
	common := b.store.MaxPhyOffset()
	b.lead(7, 30)
	b.follow(a).cut(common)
	b.follow(a).has(a)
	if l := b.epochs.List(); l.Last() != 1 {
		t.Errorf("epochs %v", l)
	}
}

// TestCutInTheSameEpoch: a slave that has more of its master's own epoch than the master itself, which lost it with its
// power, is cut at the master's end.
func TestCutInTheSameEpoch(t *testing.T) {
	a, b := newNode(t, 1), newNode(t, 2)
	a.lead(1, 60)
	early := a.fs.Clone()
	end := a.store.MaxPhyOffset()
	send(t, a.store, 9, 60)
	b.follow(a).has(a)
	a.stop()
	a.fs.Free()
	a.fs = early // as after the cut
	a.open()
	if a.store.MaxPhyOffset() != end {
		t.Fatalf("the log ends at %d, want %d", a.store.MaxPhyOffset(), end)
	}
	a.lead(1, 0)
	b.follow(a).cut(end)
	b.follow(a).has(a)
	a.lead(2, 10)
	b.follow(a).has(a)
}

// TestLogThatBeginsLater: a slave with the last file only follows as any other, and is truncated as any other; but when
// what both have in common ends in front of its log, nothing is taken over or deleted.
func TestLogThatBeginsLater(t *testing.T) {
	a, b, c := newNode(t, 1), newNode(t, 2), newNode(t, 3)
	a.lead(1, 100)
	b.follow(a).has(a)
	b.idle()
	early := b.store.MaxPhyOffset()
	send(t, a.store, 9, 1500)
	c.set.LastFile = true
	c.follow(a).has(a)
	if first := c.store.MinPhyOffset(); first == 0 || first != a.store.MaxPhyOffset()/fileSize*fileSize {
		t.Fatalf("the log of the third one begins at %d", first)
	}
	c.idle()
	common := c.store.MaxPhyOffset()
	a.lead(2, 10)
	c.lead(3, 20)
	a.follow(c).cut(common) // the master's log begins later than the slave's
	a.follow(c)
	testutil.WaitFor(t, "it has everything", func() bool { return a.store.MaxPhyOffset() == c.store.MaxPhyOffset() })
	b.lead(4, 10)
	end := c.store.MaxPhyOffset()
	c.follow(b)
	var strange *ha.UnrelatedError
	if err := c.ended(); !errors.As(err, &strange) {
		t.Errorf("in common is what is in front of %d, and the log begins at %d: %v", early, c.store.MinPhyOffset(), err)
	}
	if c.store.MaxPhyOffset() != end {
		t.Errorf("the log ends at %d, want %d", c.store.MaxPhyOffset(), end)
	}
}

// TestSlaveOfDeletedFiles: a slave that ends in front of its master's log is refused, and keeps what it has.
func TestSlaveOfDeletedFiles(t *testing.T) {
	a, b, c := newNode(t, 1), newNode(t, 2), newNode(t, 3)
	a.lead(1, 50)
	b.follow(a).has(a)
	b.idle()
	send(t, a.store, 9, 1500)
	c.set.LastFile = true
	c.follow(a).has(a)
	c.lead(2, 10)
	end := b.store.MaxPhyOffset()
	if b.follow(c); b.ended() == nil || b.store.MaxPhyOffset() != end {
		t.Errorf("the log ends at %d, want %d", b.store.MaxPhyOffset(), end)
	}
}

// TestLearner: a learner says so, has everything, and nobody is told that it has caught up.
func TestLearner(t *testing.T) {
	a, b, c := newNode(t, 1), newNode(t, 2), newNode(t, 3)
	b.set.Learner = true
	a.lead(1, 50)
	b.follow(a).has(a)
	c.follow(a).has(a)
	if id := <-a.caught; id != 3 {
		t.Errorf("broker %d has caught up", id)
	}
	testutil.WaitFor(t, "both have reported", func() bool {
		slaves := a.master.State().Slaves
		return len(slaves) == 2 && slaves[0].Behind == 0 && slaves[1].Behind == 0
	})
	for _, s := range a.master.State().Slaves {
		if s.Learner != (s.ID == 2) || s.ID != 2 && s.ID != 3 {
			t.Errorf("%+v", s)
		}
	}
	end := a.store.MaxPhyOffset()
	for _, x := range []struct {
		ids []int64
		ok  bool
	}{{nil, true}, {[]int64{2}, true}, {[]int64{2, 3}, true}, {[]int64{3, 4}, false}} {
		if at, ok := a.master.ConfirmedBy(x.ids); ok != x.ok || ok && at != end {
			t.Errorf("%v have everything below %d, %v", x.ids, at, ok)
		}
	}
	if at, ok := a.master.ConfirmedAmong([]int64{3, 4}, 1); !ok || at != end {
		t.Errorf("one of two has everything below %d, %v", at, ok)
	}
	if _, ok := a.master.ConfirmedAmong([]int64{3, 4}, 2); ok {
		t.Error("two of which one is not there")
	}
	select {
	case id := <-a.caught:
		t.Errorf("broker %d has caught up, too", id)
	default:
	}
}

// TestOneIdentityTwice: two brokers with one id: the one that came last follows; both go on trying, and none is counted
// twice.
func TestOneIdentityTwice(t *testing.T) {
	a, b, c := newNode(t, 1), newNode(t, 2), newNode(t, 2)
	a.lead(1, 50)
	b.follow(a).has(a)
	c.follow(a)
	if err := b.ended(); err == nil {
		t.Error("the older one stays")
	}
	c.has(a)
	b.has(a)
	end := a.store.MaxPhyOffset()
	for range 20 {
		if at, ok := a.master.ConfirmedAmong([]int64{2, 3}, 2); ok {
			t.Fatalf("two brokers have everything below %d, and there is one", at)
		}
	}
	if end != b.store.MaxPhyOffset() {
		t.Errorf("%d, %d", end, b.store.MaxPhyOffset())
	}
}
