package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
	"gorocket/integration/load/client"
	"gorocket/integration/wire"
)

// attack is one way to break a broker.
type attack struct {
	name, about string
	conf        harness.Conf // of the broker
	nofile      int          // descriptors the broker may have; 0: as this process
	impatient   bool         // the victim does not wait for slaves or the disk
	kill        bool         // kill -9 behind it: what was acknowledged must be there afterwards
	run         func(a *arena) error
	check       func(a *arena) error // more that must hold afterwards; may be nil
}

// arena is a name server, a broker and a victim, in a folder of their own.
type arena struct {
	dir           string
	names, broker *harness.Server
	victim        *victimProcess
	peak          int // KiB of RssAnon
}

// report is what an attack did.
type report struct {
	before, during time.Duration // the victim's p99
	peak           int           // KiB
	took           time.Duration
	acknowledged   int
}

func (r report) String() string {
	return fmt.Sprintf("took %6s  victim p99 %8s -> %8s  RssAnon at most %4d MB  %d acknowledged",
		r.took.Round(100*time.Millisecond), r.before.Round(10*time.Microsecond), r.during.Round(10*time.Microsecond),
		r.peak>>10, r.acknowledged)
}

// play runs the attack on fresh servers and judges it.
func (k *attack) play() (r report, err error) {
	a := &arena{}
	if a.dir, err = os.MkdirTemp("", "gorocket-attack-"); err != nil {
		return r, err
	}
	defer os.RemoveAll(a.dir)
	if err := a.start(k); err != nil {
		return r, err
	}
	defer a.names.Kill()
	defer func() { a.broker.Kill() }()
	if a.victim, err = newVictim(a.broker.Addr(), k.impatient); err != nil {
		return r, err
	}
	defer func() { _ = a.victim.stop() }()
	time.Sleep(calmBefore)
	begin := time.Now()
	stop := a.watch()
	err = k.run(a)
	end := time.Now()
	if err == nil {
		err = a.servedAgain(end, k.impatient)
	}
	time.Sleep(calmAfter)
	stop()
	if verr := a.victim.stop(); verr != nil {
		return r, fmt.Errorf("victim: %w", verr)
	}
	r = report{took: end.Sub(begin), peak: a.peak, acknowledged: len(a.victim.result.Acked)}
	r.before, _ = a.victim.p99(begin.Add(-calmBefore), begin)
	during, lost := a.victim.p99(begin, end)
	r.during = during
	return r, errors.Join(err, k.judge(a, r, lost, end), k.afterwards(a))
}

func (a *arena) start(k *attack) (err error) {
	if a.names, err = harness.NewNamesrv(harness.Go, a.dir, "namesrv", nil); err != nil {
		return err
	}
	if err = a.names.Start(); err != nil {
		return err
	}
	conf := harness.BigFiles(harness.Conf{"mappedFileSizeCommitLog": "268435456", "timerWheelEnable": "true"})
	for key, v := range k.conf {
		conf[key] = v
	}
	if a.broker, err = harness.NewBroker(harness.Go, a.dir, "broker-a", a.names.Addr(), conf); err != nil {
		return err
	}
	a.broker.Descriptors = k.nofile
	return a.broker.Start()
}

// watch samples the broker's memory until the function that it returns is called.
func (a *arena) watch() (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			a.peak = max(a.peak, load.RssAnon(a.broker.Process().PID()))
			select {
			case <-quit:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() { close(quit); <-done }
}

// servedAgain tries a new client until it is served: connection, heartbeat, send, route.
func (a *arena) servedAgain(end time.Time, impatient bool) (err error) {
	for time.Since(end) < servedAgain {
		if err = a.newcomer(end.Add(servedAgain), impatient); err == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("a new client is not served %s after the end: %w", servedAgain, err)
}

func (a *arena) newcomer(until time.Time, impatient bool) error {
	wait := max(time.Until(until), time.Millisecond)
	c, err := client.Dial(a.broker.Addr(), wait)
	if err != nil {
		return err
	}
	defer c.Close()
	beat := `{"clientID":"new@1","consumerDataSet":[],"producerDataSet":[{"groupName":"new"}]}`
	if _, err := c.OK(34, nil, []byte(beat)); err != nil {
		return err
	}
	m := client.Message{Topic: victimTopic, Queue: 0, Body: []byte("newcomer")}
	if impatient {
		m.Props = client.Props("WAIT", "false")
	}
	sent, err := c.Send(&m)
	if err == nil && sent.Code != 0 {
		err = fmt.Errorf("send answered %d %s", sent.Code, sent.Remark)
	}
	if err != nil {
		return err
	}
	r, err := wire.Call(a.names.Addr(), wire.Request{Code: 105, Ext: map[string]any{"topic": victimTopic}}, wait)
	if err == nil && r.Code != 0 {
		err = fmt.Errorf("route answered %d %s", r.Code, r.Remark)
	}
	return err
}

func (k *attack) judge(a *arena, r report, lost int, end time.Time) error {
	var errs []error
	if r.peak > maxRssAnon {
		errs = append(errs, fmt.Errorf("RssAnon %d MB, more than %d", r.peak>>10, maxRssAnon>>10))
	}
	if bound := max(leastBound, maxFactor*r.before); r.during > bound {
		errs = append(errs, fmt.Errorf("the victim's p99 is %s, more than %s (%d sends without a good answer)", r.during,
			bound, lost))
	}
	if _, bad := a.victim.p99(end.Add(servedAgain), time.Now()); bad > 0 {
		errs = append(errs, fmt.Errorf("%d sends of the victim fail after it is over: %v", bad, a.victim.result.Failure))
	}
	if a.broker.Process().Ended() {
		errs = append(errs, fmt.Errorf("the broker has ended:\n%s", a.broker.Process().Tail(30)))
	}
	return errors.Join(errs...)
}

// afterwards reads back what was acknowledged, behind a kill where the attack asks for one.
func (k *attack) afterwards(a *arena) error {
	if k.kill {
		a.broker.Kill()
		if err := verify(a.broker.Dir+"/server.properties", a.broker.Store()); err != nil {
			return err
		}
		if err := a.broker.Start(); err != nil {
			return fmt.Errorf("the start behind kill -9: %w", err)
		}
	}
	if err := a.victim.readBack(a.broker.Addr()); err != nil {
		return err
	}
	if k.check != nil {
		return k.check(a)
	}
	return nil
}

// verify runs `gorocket verify`; what a kill leaves is fine, damage is not.
func verify(conf, store string) error {
	out, err := exec.Command(harness.Binary("gorocket"), "verify", "-c", conf, store).CombinedOutput()
	if err != nil {
		return fmt.Errorf("verify %s: %w\n%s", filepath.Base(store), err, out)
	}
	return nil
}
