package broker

import (
	"sync"

	"gorocket/remoting"
)

// corks gathers the answers of one flush, so that those to one connection leave in one write: with 64 sends in flight
// on a few connections that is most of what a SYNC_FLUSH round costs.
type corks struct {
	mu    sync.Mutex
	conns map[*remoting.Conn]bool // guarded by mu; corked now
}

// cork keeps a connection's answers back until release.
func (k *corks) cork(c *remoting.Conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.conns[c] {
		return
	}
	if k.conns == nil {
		k.conns = map[*remoting.Conn]bool{}
	}
	k.conns[c] = true
	c.Cork()
}

// release sends what was kept back. The store calls it after each run of answers.
func (k *corks) release() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for c := range k.conns {
		c.Uncork()
	}
	clear(k.conns)
}
