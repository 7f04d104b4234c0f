package members

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// Slaves is how a master that comes back speaks with one of its slaves, host:port.
type Slaves struct {
	Tell   func(ctx context.Context, addr string) error // where the master's log is (906)
	Joined func(addr string) bool                       // the slave follows the log
	Take   func(ctx context.Context, addr string) error // what the slave knows better
}

// between two tries of what has failed.
const onlineRetry = 500 * time.Millisecond

// atOnce is how many slaves are heard at the same time: who is registered need not exist.
const atOnce = 64

// Online hears the slaves of a master, all at the same time, before it serves: what consumers committed and what was
// delivered while it was away. It returns when all have been heard, ctx ends, or Deadline has passed for those that do
// not answer, twice that if others come meanwhile: a master that waits for ever, as Java's does, serves nobody. Java:
// BrokerPreOnlineService.
func (s *Service) Online(ctx context.Context) {
	heard := map[int64]bool{s.d.Settings().ID: true}
	start := time.Now()
	for began := start; ctx.Err() == nil; {
		addrs, err := s.d.Ask(ctx)
		switch {
		case err == nil:
			began = time.Now()
		case time.Since(began) > s.d.Settings().Deadline:
			s.d.Log.Warn().Err(err).Msg("no NameServer tells of slaves: coming online without what they know")
			return
		default:
			pause(ctx, onlineRetry)
			start = time.Now() // nobody has been asked yet
			continue
		}
		maps.DeleteFunc(addrs, func(id int64, _ string) bool { return heard[id] })
		if len(addrs) == 0 {
			return
		}
		if time.Since(start) > s.d.Settings().Deadline {
			s.d.Log.Warn().Int("slaves", len(addrs)).Msg("other slaves come on and on: coming online without what they know")
			return
		}
		s.hearAll(ctx, addrs)
		for id := range addrs {
			heard[id] = true
		}
	}
}

// hearAll hears slaves, host:port by id, until their deadline.
func (s *Service) hearAll(ctx context.Context, addrs map[int64]string) {
	ctx, cancel := context.WithTimeout(ctx, s.d.Settings().Deadline)
	defer cancel()
	slots := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for _, id := range slices.Sorted(maps.Keys(addrs)) {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			s.hear(ctx, id, addrs[id])
		})
	}
	wg.Wait()
}

// hear tries to hear one slave until ctx ends.
func (s *Service) hear(ctx context.Context, id int64, addr string) {
	for {
		err := s.hearOnce(ctx, addr)
		if err == nil {
			s.d.Log.Info().Int64("brokerId", id).Str("slave", addr).Msg("heard what a slave knows")
			return
		}
		if pause(ctx, onlineRetry); ctx.Err() != nil {
			s.d.Log.Warn().Int64("brokerId", id).Str("slave", addr).Err(err).
				Msg("a slave does not say what it knows: coming online without that")
			return
		}
	}
}

func (s *Service) hearOnce(ctx context.Context, addr string) error {
	if err := s.d.Slaves.Tell(ctx, addr); err != nil {
		return err
	}
	for !s.d.Slaves.Joined(addr) {
		if pause(ctx, 50*time.Millisecond); ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return s.d.Slaves.Take(ctx, addr)
}

// pause waits for d, or for the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
