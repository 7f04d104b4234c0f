package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

// life is one store directory through its rounds. Not for concurrent use.
type life struct {
	t      *totals
	seed   uint64
	r      *rand.Rand // of the running round: what one round draws does not move the next one
	l      *ledger
	broker *harness.Server
	took   time.Duration // of the last start
	check  bool          // the binary has `gorocket verify`
}

// runStore kills brokers on one new directory *perStore times, then reads everything once more.
func runStore(t *totals, names string, r *rand.Rand) (err error) {
	dir, err := os.MkdirTemp("", "crash-")
	if err != nil {
		return err
	}
	conf := randomConf(r)
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w\nconfiguration %v, directory %s (-keep keeps it)", err, conf, dir)
		}
		if err == nil || !*keep {
			os.RemoveAll(dir)
		}
	}()
	broker, err := harness.NewBroker(harness.Go, dir, "broker-a", names, conf)
	if err != nil {
		return err
	}
	f := &life{t: t, seed: r.Uint64(), l: newLedger(r.Uint64()), broker: broker, check: canVerify()}
	t.verifyMissing = !f.check
	defer func() { broker.Kill(); t.add(f.l) }()
	if _, err := answer(broker); err != nil {
		return err
	}
	if err := setUp(broker.Addr()); err != nil {
		return err
	}
	for round := 0; round < *perStore && !t.over(); round++ {
		if err := f.round(round); err != nil {
			return fmt.Errorf("round %d: %w%s", round, err, tail(broker))
		}
	}
	return f.last()
}

// setUp makes the topic of inner batches and waits until it is on disk: unlike other topics it cannot be made again
// from what is in the log.
func setUp(addr string) error {
	c, err := client.Dial(addr, 5*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	defer time.Sleep(500 * time.Millisecond)
	return c.CreateTopic(manyTopic, queues, 6, "+queue.type=BatchCQ")
}

func tail(s *harness.Server) string { return "\nend of the broker's log:\n" + s.Process().Tail(12) }

// randomConf varies what recovery depends on: file sizes, flush mode, how often the checkpoint moves.
func randomConf(r *rand.Rand) harness.Conf {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	return harness.Conf{
		"flushDiskType":                     pick("ASYNC_FLUSH", "SYNC_FLUSH"),
		"mappedFileSizeCommitLog":           pick("4194304", "16777216", "67108864"),
		"mappedFileSizeConsumeQueue":        pick("6000", "60000", "6000000"),
		"flushConsumeQueueThoroughInterval": pick("500", "2000", "60000"),
		"maxIndexNum":                       pick("2000", "200000"),
		"maxHashSlotNum":                    pick("500", "50000"),
		"enabledAppendPropCRC":              pick("false", "false", "true"),
		"flushConsumerOffsetInterval":       fmt.Sprint(offsetInterval.Milliseconds()),
		"flushDelayOffsetInterval":          "500",
		"enableMultiDispatch":               "true", "enableLmq": "true",
	}
}

// round loads the broker, ends it at a random moment, restarts it and compares.
func (f *life) round(n int) error {
	f.r = rand.New(rand.NewPCG(f.seed, uint64(n)))
	end, clean, err := f.loadAndEnd(n)
	if err != nil {
		return err
	}
	if err := checkFiles(f.broker); err != nil {
		return err
	}
	if f.check && f.r.IntN(4) == 0 {
		if err := verify(f.broker); err != nil {
			return err
		}
		f.t.verified++
	}
	if err := f.restart(); err != nil {
		return err
	}
	return f.compare(end, clean, false)
}

// loadAndEnd returns when the process was ended and whether it was asked to stop instead of killed.
func (f *life) loadAndEnd(n int) (end time.Time, clean bool, err error) {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() { f.l.drive(f.broker.Addr(), n, stop); close(done) }()
	time.Sleep(time.Duration(f.r.Int64N(int64(*longest))))
	clean = f.r.IntN(16) == 0
	end = time.Now()
	if clean {
		f.t.clean++
		_, err = f.broker.Stop()
	} else {
		f.t.kills++
		err = f.broker.Process().Signal(syscall.SIGKILL)
		f.broker.Kill()
	}
	close(stop)
	<-done
	return end, clean, err
}

// restart starts the broker; sometimes it is killed while it starts.
func (f *life) restart() error {
	for f.r.IntN(4) == 0 {
		if err := f.broker.Launch(); err != nil {
			return err
		}
		time.Sleep(time.Duration(f.r.Int64N(int64(max(40*time.Millisecond, f.took)))))
		f.broker.Kill()
		f.t.early++
		if err := checkFiles(f.broker); err != nil {
			return err
		}
	}
	took, err := answer(f.broker)
	f.took, f.t.slowest = took, max(f.t.slowest, took)
	return err
}

func (f *life) compare(end time.Time, clean, all bool) error {
	if err := f.l.check(f.broker.Addr(), all); err != nil {
		return err
	}
	c, err := client.Dial(f.broker.Addr(), 20*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := f.l.checkCommits(c, end, clean); err != nil {
		return err
	}
	return f.l.checkKeys(c, f.r)
}

// last reads everything once more, when each delayed message has had the time to be delivered.
func (f *life) last() error {
	deadline := time.Now().Add(20 * time.Second)
	for all := true; ; all = false {
		if err := f.compare(time.Now(), false, all); err != nil {
			return fmt.Errorf("at the end: %w%s", err, tail(f.broker))
		}
		missing := f.l.undelivered()
		if missing == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("at the end: %d delayed messages were never delivered%s", missing, tail(f.broker))
		}
		time.Sleep(500 * time.Millisecond)
	}
}
