package broker

import (
	"errors"

	"gorocket/compat"
	keys "gorocket/compat/config"
)

// errNotRunning says that there is nothing yet that could be changed.
var errNotRunning = errors.New("broker: it does not run yet")

// settings are the handlers of the configuration, kept for Reload.
func (b *Broker) settings() *configAdmin {
	c := &configAdmin{liveConfig: b.config(), confMu: &b.confMu, confVer: compat.NewDataVersion(), store: b.store,
		fs: b.fs, topics: b.topics, register: b.register, replica: b.replica, log: b.log, throttled: b.throttled}
	b.admin.Store(c)
	return c
}

// Reload applies what has changed in the file of -c since it was last, by the rules of a change that a peer sends; the
// file is not written. now is a file that the start takes. Any goroutine.
func (b *Broker) Reload(now, last *compat.Properties) (*keys.Reread, error) {
	c := b.admin.Load()
	if c == nil {
		return nil, errNotRunning
	}
	r, err := c.reload(now, last)
	if err == nil {
		c.republish(r.Changed)
	}
	return r, err
}

func (c *configAdmin) reload(now, last *compat.Properties) (*keys.Reread, error) {
	c.confMu.Lock()
	defer c.confMu.Unlock()
	cfg := c.cfg()
	return keys.Reload(now, last, cfg, cfg.ConfigBlackList, c.apply)
}

// Reload reads the file again for the broker that runs now, see Broker.Reload.
func (h *Host) Reload(now, last *compat.Properties) (*keys.Reread, error) {
	return h.Broker().Reload(now, last)
}
