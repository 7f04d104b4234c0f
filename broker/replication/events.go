package replication

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"gorocket/store/ha"
)

// masterEvents writes what slaves do into the log.
func (s *Service) masterEvents() ha.MasterEvents {
	return ha.MasterEvents{
		Acknowledged: s.Confirm,
		CaughtUp:     func(int64) { s.looked() },
		Connected: func(addr string, asked, from int64) {
			s.looked()
			s.d.Throttled.Info("slave came").Str("slave", addr).Int64("asked", asked).Int64("from", from).
				Msg("a slave follows this master's log")
		},
		Disconnected: func(addr string, why error) {
			s.Confirm()
			s.looked()
			if errors.Is(why, ha.ErrStopped) {
				s.d.Throttled.Info("slaves sent away").Str("slave", addr).
					Msg("a slave was sent away: this broker stops, or is master no more")
				return
			}
			s.d.Throttled.Warn("slave gone").Str("slave", addr).Err(why).Msg("a slave does not follow any more")
		},
		Failed: func(err error) {
			s.d.Throttled.Warn("ha accept").Err(err).Msg("no slave can connect; trying again")
		},
	}
}

// slaveEvents writes what happens to the connection to the master into the log.
func (s *Service) slaveEvents() ha.SlaveEvents {
	return ha.SlaveEvents{
		Connected: func(master string, from int64) {
			s.d.Joined()
			s.d.Throttled.Info("master found").Str("master", master).Int64("from", from).Msg("following the master's log")
		},
		Disconnected: func(master string, why error) {
			if cut := (*ha.TruncateError)(nil); s.d.Switch != nil && errors.As(why, &cut) {
				s.d.Switch.Truncate(cut)
			}
			if errors.Is(why, ha.ErrStopped) || errors.Is(why, ha.ErrMoved) {
				s.d.Throttled.Info("master left").Str("master", master).
					Msg("does not follow this master's log any more: this broker stops, or has another role or master")
				return
			}
			s.d.Throttled.Warn("master lost").Str("master", master).Err(why).
				Msg("does not follow the master's log; trying again")
		},
	}
}

// Health says why this slave is not the copy that it should be; nil for a master, and for a slave that follows. A
// master that restarts makes no slave sick: only one that is away for longer, or whose log is another one.
func (s *Service) Health() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.slave == nil:
		return nil
	case s.diverged != nil:
		return s.diverged
	case !s.lostAt.IsZero() && time.Since(s.lostAt) > sickAfter:
		return unfollowed(s.slave.State(), time.Since(s.lostAt), s.d.Switch != nil)
	}
	return nil
}

// errSaidNothing is why a slave that is connected does not follow: its master may hang, or be none.
var errSaidNothing = errors.New("it has not said a word yet")

// unfollowed says why a slave has not followed its master for so long; controllers are asked who that is, or else the
// NameServers.
func unfollowed(st ha.SlaveStatus, lasts time.Duration, controllers bool) error {
	lasts = lasts.Round(time.Second)
	switch {
	case st.Master != "":
		return fmt.Errorf("this slave has not followed its master %s for %s: %w", st.Master, lasts,
			cmp.Or(st.Err, errSaidNothing))
	case controllers:
		return fmt.Errorf("this slave knows no master for %s: the controllers tell of none that can be reached", lasts)
	}
	return fmt.Errorf("this slave knows no master for %s: no NameServer tells of a broker with its brokerClusterName and "+
		"brokerName and brokerId 0; look at these keys and at namesrvAddr of both (mqadmin clusterList)", lasts)
}
