package badinput

import (
	"errors"
	"fmt"
	"os"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/wire"
)

// Target is a running name server and broker, configured by ProfileConf. Not for concurrent use.
type Target struct {
	Namesrv, Broker *harness.Server
	norm            normaliser
}

// ProfileConf is what the broker of a profile has set, on top of the harness's own settings.
func ProfileConf(p Profile) harness.Conf {
	// the recordings show the delay levels of a default broker, and a timer
	c := harness.Conf{"timerWheelEnable": "true", "messageDelayLevel": "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m " +
		"30m 1h 2h"}
	if p == Strict {
		c["autoCreateTopicEnable"], c["autoCreateSubscriptionGroup"] = "false", "false"
	}
	return c
}

// StartTarget starts fresh servers of a kind below dir.
func StartTarget(kind harness.Kind, dir string, p Profile) (*Target, error) {
	ns, err := harness.NewNamesrv(kind, dir, "namesrv", nil)
	if err != nil {
		return nil, err
	}
	b, err := harness.NewBroker(kind, dir, "broker-a", ns.Addr(), ProfileConf(p))
	if err != nil {
		return nil, err
	}
	t := &Target{Namesrv: ns, Broker: b}
	for _, s := range []*harness.Server{ns, b} {
		if err := s.Start(); err != nil {
			t.Close()
			return nil, err
		}
	}
	host, _ := os.Hostname()
	t.norm = newNormaliser(b.Addr(), ns.Addr(), dir, host)
	return t, nil
}

// Close kills both processes.
func (t *Target) Close() {
	t.Broker.Kill()
	t.Namesrv.Kill()
}

// Run sends every step of a case and returns the answers, one per step.
func (t *Target) Run(c Case) ([]*Answer, error) {
	conns := map[string]*wire.Conn{}
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	var out []*Answer
	for i, s := range c.Steps {
		a, err := t.step(conns, s, int32(i+1))
		if err != nil {
			return out, fmt.Errorf("badinput: case %s step %d: %w", c.Name, i, err)
		}
		out = append(out, a)
	}
	return out, nil
}

func (t *Target) step(conns map[string]*wire.Conn, s Step, opaque int32) (*Answer, error) {
	addr := t.Broker.Addr()
	if s.To == "namesrv" {
		addr = t.Namesrv.Addr()
	}
	if conns[addr] == nil {
		c, err := wire.Dial(addr)
		if err != nil {
			return nil, err
		}
		conns[addr] = c
	}
	if s.RawHex != "" {
		opaque = 1 // the one inside the raw frames
	}
	frame, err := s.bytes(opaque)
	if err != nil {
		return nil, err
	}
	wait := 5 * time.Second
	if s.WaitMs > 0 {
		wait = time.Duration(s.WaitMs) * time.Millisecond
	}
	got, err := conns[addr].Exchange(frame, opaque, wait)
	switch {
	case errors.Is(err, wire.ErrClosed):
		conns[addr].Close()
		delete(conns, addr)
		return &Answer{Closed: true}, nil
	case errors.Is(err, wire.ErrNoAnswer):
		return &Answer{NoAnswer: true}, nil
	case err != nil:
		return nil, err
	}
	return newAnswer(got, t.norm), nil
}

// Record fills the answers of every case of f.
func (t *Target) Record(f *File) error {
	for ci := range f.Cases {
		answers, err := t.Run(f.Cases[ci])
		if err != nil {
			return err
		}
		for si, a := range answers {
			s := &f.Cases[ci].Steps[si]
			if s.Setup {
				continue
			}
			s.Answer, s.Compared = a, level(a.Remark)
		}
	}
	return nil
}

// Report is what a comparison found, as lines that name the step.
type Report struct {
	Different []string // not Java's answer
	Accepted  []string // not Java's answer, for a reason in Deviations
	Unknown   []string // codes outside the first slice, answered as unknown
}

// Compare runs a recorded case and compares each answer with the recorded one.
func (t *Target) Compare(c Case) (Report, error) {
	var r Report
	answers, err := t.Run(c)
	if err != nil {
		return r, err
	}
	for i, s := range c.Steps {
		name := fmt.Sprintf("step %d (code %d, %s)", i, s.Code, s.Why)
		diffs := s.differs(answers[i])
		switch reason := Reason(c.Name, s.Why); {
		case len(diffs) == 0:
		case s.answeredAsUnknown(answers[i]):
			r.Unknown = append(r.Unknown, name)
		case reason != "":
			r.Accepted = append(r.Accepted, name+": "+reason)
		default:
			for _, d := range diffs {
				r.Different = append(r.Different, name+": "+d)
			}
		}
	}
	return r, nil
}
