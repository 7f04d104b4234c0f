package broker

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorocket/broker/config"
	"gorocket/remoting"
	"gorocket/remoting/secure"
	"gorocket/remoting/wire"
)

// TestNetOptions: what the configuration says reaches the network, in its units.
func TestNetOptions(t *testing.T) {
	b, _ := loggedBroker(t)
	var err error
	if b.certs, err = secure.New(b.cfg().Settings, "", nil); err != nil { // as serve does
		t.Fatal(err)
	}
	set := func(edit func(*config.Config)) remoting.Options {
		c := *b.cfg()
		edit(&c)
		b.live.Store(&c)
		return b.netOptions()
	}
	o := set(func(c *config.Config) {
		c.ListenPort, c.ServerChannelMaxIdleTimeSeconds, c.MaxOutboundBytes, c.MaxConnections = 5000, 77, 1234, 99
		c.MaxHeaderBytes, c.FrameTimeout, c.MaxWaitingBytes, c.MaxOpenConsumeQueueFiles = 4321, 2500, 0, 10
	})
	if o.FastPort != 4998 || o.IdleTimeout != 77*time.Second || o.MaxOutbound != 1234 || o.MaxConnections != 99 ||
		o.MaxHeader != 4321 || o.FrameTimeout != 2500*time.Millisecond || o.MaxWaiting != 0 {
		t.Errorf("%+v", o)
	}
	if o.ReserveFiles != 10+otherFiles || b.queueFiles() != 10 {
		t.Errorf("%d descriptors, %d of them queue files", o.ReserveFiles, b.queueFiles())
	}
	if o := set(func(c *config.Config) { c.MaxWaitingBytes = 1 }); o.MaxWaiting != 2*wire.MaxFrame {
		t.Errorf("a budget in which no frame has room: %d", o.MaxWaiting)
	}
	if o := set(func(c *config.Config) { c.MaxWaitingBytes = 5 * wire.MaxFrame }); o.MaxWaiting != 5*wire.MaxFrame {
		t.Errorf("budget %d", o.MaxWaiting)
	}
	set(func(c *config.Config) { c.MaxOpenConsumeQueueFiles = 1 << 30 })
	if n := b.queueFiles(); n != remoting.DescriptorLimit()/4 {
		t.Errorf("%d queue files of %d descriptors", n, remoting.DescriptorLimit())
	}
	if set(func(c *config.Config) { c.MaxOpenConsumeQueueFiles = 0 }); b.queueFiles() != 1 {
		t.Errorf("%d queue files", b.queueFiles())
	}
	set(func(c *config.Config) { c.BindAddress = "::1" })
	if got := b.listen(123); got != "[::1]:123" {
		t.Errorf("listens on %s", got)
	}
}

// TestNetworkEnds: the reason why the broker cannot go on is told once, and nobody blocks to tell another.
func TestNetworkEnds(t *testing.T) {
	b, lines := loggedBroker(t)
	first, second := errors.New("first"), errors.New("second")
	b.fail(first)
	b.fail(second)
	select {
	case err := <-b.Failed():
		if err != first {
			t.Errorf("told %v", err)
		}
	default:
		t.Fatal("nothing is told")
	}
	if line := lines.find(remoting.LogFailed); line["error"] != "second" || line["level"] != "error" {
		t.Errorf("the log says %v", line)
	}
	b.tooMany("1.2.3.4:5", 77)
	if line := lines.find(remoting.LogTooMany); line["peer"] != "1.2.3.4:5" || line["connections"] != 77.0 {
		t.Errorf("the log says %v", line)
	}
	b.acceptFailed(first)
	if line := lines.find(remoting.LogAcceptFailed); line["error"] != "first" {
		t.Errorf("the log says %v", line)
	}
}

// TestHealthOfAStop: a broker that serves is whole; one whose server has stopped says so.
func TestHealthOfAStop(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	if err, warnings := r.b.whole(); err != nil || len(warnings) != 0 {
		t.Errorf("%v %v", err, warnings)
	}
	r.stop()
	if err, _ := r.b.whole(); err == nil {
		t.Error("a broker that has stopped is whole")
	}
}

// TestAsides: so many at a time, each once; whoever finds no room is told and may try again later.
func TestAsides(t *testing.T) {
	var wg sync.WaitGroup
	a, hold, ran := newAsides(2, &wg), make(chan struct{}), atomic.Int64{}
	work := func() { <-hold; ran.Add(1) }
	if !a.try(work) || !a.try(work) || a.try(work) {
		t.Error("not two of three run")
	}
	close(hold)
	wg.Wait()
	if ran.Load() != 2 || len(a.slots) != 0 {
		t.Errorf("%d ran, %d slots are taken", ran.Load(), len(a.slots))
	}
	if !a.try(work) {
		t.Error("no room after the others have ended")
	}
	wg.Wait()
}
