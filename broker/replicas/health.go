package replicas

import (
	"errors"
	"fmt"
	"time"
)

// Health says why this broker is no part of its set, or takes no messages though it is master; nil when all is well.
// What is over within a few seconds makes nobody sick.
func (s *Service) Health() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.fenced:
		return errors.New("this master takes no messages: no controller that leads answers it, and another one may be " +
			"elected")
	case s.err != nil && time.Since(s.since) > sickAfter && !s.onItsOwn():
		return fmt.Errorf("this broker is not what the controllers want since %s: %w", s.since.Format(time.RFC3339), s.err)
	}
	return nil
}

// Warning says that the broker goes on as what it is, though the controllers do not answer; "" when there is nothing to
// say. A restart would take its role from it, so it is not sick.
func (s *Service) Warning() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fenced || s.err == nil || time.Since(s.since) <= sickAfter || !s.onItsOwn() {
		return ""
	}
	return fmt.Sprintf("no controller that leads answers since %s; this broker goes on as what it is, and no master is "+
		"replaced: %v", s.since.Format(time.RFC3339), s.err)
}

// onItsOwn tells that nothing is wrong but that no controller that leads answers. Caller holds mu.
func (s *Service) onItsOwn() bool { return s.now.ID > 0 && errors.As(s.err, new(unheardError)) }

const sickAfter = 5 * time.Second

// note keeps, and tells, why a turn did not work.
func (s *Service) note(err error) {
	s.mu.Lock()
	if s.err == nil {
		s.since = time.Now()
	}
	s.err = err
	alone := s.onItsOwn()
	s.mu.Unlock()
	switch {
	case err == nil:
	case alone:
		s.d.Throttled.Warn("replicas").Err(err).
			Msg("no controller that leads answers; this broker goes on as what it is, and asks again")
	default:
		s.d.Throttled.Warn("replicas").Err(err).Msg("this broker is not yet what the controllers say; trying again")
	}
}
