package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"

	"gorocket/integration/load/client"
)

// send is one message of the victim: when it was due, how long its good answer took (victimWait: none came).
type send struct {
	Due  time.Time
	Took time.Duration
}

// place is where the broker said that a message is.
type place struct {
	Queue  int
	Offset int64
}

// victimResult is what the victim prints at its end.
type victimResult struct {
	Sends   []send           // by number
	Acked   map[uint64]place // by number
	Failure string           // the last
}

// victimProcess is the victim as the attacker sees it.
type victimProcess struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	stdout io.Reader
	ended  bool
	result victimResult // once it has ended
}

func startVictim(addr string, impatient bool) (v *victimProcess, err error) {
	v = &victimProcess{cmd: exec.Command(os.Args[0], "-victim", addr, fmt.Sprintf("-impatient=%t", impatient))}
	v.cmd.Stderr = os.Stderr
	if v.stdin, err = v.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if v.stdout, err = v.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	return v, v.cmd.Start()
}

// stop ends the victim and takes its result. Idempotent.
func (v *victimProcess) stop() error {
	if v.ended {
		return nil
	}
	v.ended = true
	_ = v.stdin.Close()
	return errors.Join(json.NewDecoder(v.stdout).Decode(&v.result), v.cmd.Wait())
}

// p99 is that of the sends that were due between two moments, and how many of them had no good answer.
func (v *victimProcess) p99(from, to time.Time) (time.Duration, int) {
	var all []time.Duration
	bad := 0
	for _, s := range v.result.Sends {
		if s.Due.Before(from) || !s.Due.Before(to) {
			continue
		}
		if all = append(all, s.Took); s.Took >= victimWait {
			bad++
		}
	}
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	return all[(len(all)*99)/100], bad
}

// readBack pulls the topic and compares it with the ledger: each acknowledged message where the broker said, once.
func (v *victimProcess) readBack(addr string) error {
	c, err := client.Dial(addr, 10*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	found := map[uint64]place{}
	for q := range victimQueues {
		_, err := c.ReadQueue(victimTopic, q, 0, func(r *client.Record) error {
			if len(r.Body) != 64 {
				return nil
			}
			n := binary.BigEndian.Uint64(r.Body)
			if _, twice := found[n]; twice {
				return fmt.Errorf("message %d is there twice: %s", n, r)
			}
			found[n] = place{q, r.QueueOffset}
			return nil
		})
		if err != nil {
			return err
		}
	}
	var errs []error
	for n, p := range v.result.Acked {
		if found[n] != p && len(errs) < 5 {
			errs = append(errs, fmt.Errorf("message %d was acknowledged at %v and is at %v", n, p, found[n]))
		}
	}
	return errors.Join(errs...)
}
