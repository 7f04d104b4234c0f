package replicas

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A planned switch (mqadmin electMaster under our controllers) loses nothing, also without allAckInSyncStateSet: before
// the controllers elect, the master stops taking messages and waits until the other one has its whole log.

const (
	handOverWait = 700 * time.Millisecond // for the other broker; nothing is taken meanwhile
	handOverRest = 2 * time.Second        // and then, until the controllers have elected, or this one goes on
)

// order asks the loop to hand over.
type order struct {
	to    int64 // broker id
	epoch int32
	done  chan error // capacity 1
}

// HandOver stops this master from taking messages and returns when another broker has its whole log; it goes on by
// itself after handOverRest if that one is not elected. An error: it goes on at once. Any goroutine.
func (s *Service) HandOver(ctx context.Context, to int64, epoch int32) error {
	o := order{to, epoch, make(chan error, 1)}
	select {
	case s.orders <- o:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-o.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// handOver does it. Loop.
func (s *Service) handOver(ctx context.Context, o *order) error {
	m := s.Master()
	switch {
	case !s.leads() || m.Epoch != o.epoch:
		return fmt.Errorf("this broker is not the master of epoch %d: it knows broker %d, epoch %d", o.epoch, m.ID, m.Epoch)
	case o.to == s.ID():
		return errors.New("this broker is the master already")
	case !slices.Contains(s.Others(), o.to):
		return fmt.Errorf("broker %d is not of the sync state set", o.to)
	}
	s.loop.quiet = time.Now().Add(handOverRest)
	s.lease()
	end := s.d.Role.State().End
	for limit := time.Now().Add(handOverWait); ; {
		if has(s.d.Role.Slaves(), o.to, end) {
			return nil
		}
		if time.Now().After(limit) || ctx.Err() != nil {
			s.loop.quiet = time.Time{}
			s.lease()
			return fmt.Errorf("broker %d does not have this master's log up to %d after %s", o.to, end, handOverWait)
		}
		time.Sleep(time.Millisecond)
	}
}
