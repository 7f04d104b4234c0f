package broker

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/config"
	"gorocket/broker/stats"
)

// Host runs a broker, and opens it anew when the end of its log has to go, which the controllers' election of another
// master may ask for: stop, truncate, start, some milliseconds in all. What is truncated is kept in a folder beside the
// log. Without enableControllerMode it is the broker.
type Host struct {
	log     zerolog.Logger
	options Options

	mu      sync.Mutex // held over Start, Stop and a start anew
	broker  *Broker    // guarded by mu
	stopped bool       // guarded by mu

	quit   chan struct{} // closed by Stop
	failed chan error    // one element
	wg     sync.WaitGroup
}

// NewHost checks the configuration and prepares a broker.
func NewHost(cfg config.Config, log zerolog.Logger, o Options) (*Host, error) {
	o.changes = new(stats.Roles)
	b, err := NewWith(cfg, log, o)
	if err != nil {
		return nil, err
	}
	return &Host{log: log, options: o, broker: b, quit: make(chan struct{}), failed: make(chan error, 1)}, nil
}

// Broker is the broker that runs now.
func (h *Host) Broker() *Broker {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.broker
}

// Start starts it, see Broker.Start.
func (h *Host) Start(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.broker.Start(ctx); err != nil {
		return err
	}
	h.wg.Go(h.watch)
	return nil
}

// Stop stops it, see Broker.Stop.
func (h *Host) Stop(ctx context.Context) error {
	h.mu.Lock()
	if !h.stopped {
		h.stopped = true
		close(h.quit)
	}
	b := h.broker
	h.mu.Unlock()
	err := b.Stop(ctx)
	h.wg.Wait()
	return err
}

// Failed delivers the reason why the broker cannot go on, if that comes to pass.
func (h *Host) Failed() <-chan error { return h.failed }

// watch opens the broker anew when it asks for that.
func (h *Host) watch() {
	for {
		b := h.Broker()
		select {
		case <-h.quit:
			return
		case err := <-b.Failed():
			h.failed <- err
			return
		case c := <-b.again:
			if err := h.anew(b, c); err != nil {
				h.failed <- err
				return
			}
		}
	}
}

// anew stops the broker, truncates its log and starts it again.
func (h *Host) anew(b *Broker, c truncation) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped || c.turn != b.turns.Load() {
		return nil
	}
	confirmed := b.store.Confirmed()
	if err := b.Stop(context.Background()); err != nil {
		return fmt.Errorf("broker: stopping to truncate the log: %w", err)
	}
	if c.turn == b.turns.Load() { // else it became master before it stopped, or has another one: what it has counts
		if err := h.truncate(b, c, confirmed); err != nil {
			return err
		}
	}
	next, err := NewWith(b.Config(), h.log, h.options)
	if err == nil {
		err = next.Start(context.Background())
	}
	if err != nil {
		return fmt.Errorf("broker: opening the truncated log: %w", err)
	}
	h.broker = next
	return nil
}

// truncate takes the end from the log of a broker that has stopped, and keeps it.
func (h *Host) truncate(b *Broker, c truncation, confirmed int64) error {
	ev, what := h.log.Warn(), "the end of this log is of a master that was cut off: it is truncated, and kept in a "+
		"folder beside the log; none of it was acknowledged with allAckInSyncStateSet"
	if c.Common < confirmed {
		ev, what = h.log.Error(), "a broker became master that was not of the sync state set (enableElectUncleanMaster?): "+
			"what it does not have is truncated here, acknowledged messages among it, and kept in a folder beside the log"
	}
	ev.Str("master", c.Master).Int64("end", c.End).Int64("common", c.Common).Int64("confirmed", confirmed).Msg(what)
	begin, cfg := time.Now(), b.Config()
	offline := cfg.Offline(cfg.StorePathRootDir)
	offline.FS = b.fs
	plan, err := offline.CutTo(c.Common, b.store.MaxPhyOffset())
	if err != nil {
		return fmt.Errorf("broker: truncating the log at %d: %w", c.Common, err)
	}
	if err := b.epochs.CutBehind(c.Common); err != nil { // who wrote what is truncated
		return err
	}
	b.changes.Truncations.Add(1)
	b.changes.Truncated.Add(c.End - c.Common)
	b.changes.Confirmed.Add(max(0, min(confirmed, c.End)-c.Common))
	h.log.Warn().Str("kept", plan.Aside).Int64("bytes", c.End-c.Common).Int64("tookMillis",
		time.Since(begin).Milliseconds()).Msg("the log is truncated")
	return nil
}
