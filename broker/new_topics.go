package broker

import (
	"time"

	"gorocket/broker/cluster"
	"gorocket/broker/meta"
	"gorocket/remoting"
)

// newTopics lets first sends wait until their topic is in topics.json and the NameServers know it. Without the file a
// kill would leave messages in the log whose topic nobody knows.
type newTopics struct {
	persist  *meta.Persister
	register *cluster.Registrar
	forwards *asides
	stop     <-chan struct{} // closed when the broker stops
}

// comesAgain lets a send wait without a worker; false when it has to go on at once.
func (n *newTopics) comesAgain(ctx *remoting.Context) bool {
	saved := n.persist.Soon()
	if saved == nil && !n.register.Unsettled() {
		return false
	}
	d := ctx.Detach()
	if d == nil {
		return false
	}
	waits := n.forwards.try(func() {
		n.awaitSaved(saved)
		n.register.Settled()
		d.Resume()
	})
	if !waits {
		d.Drop()
	}
	return waits
}

// awaitSaved waits for what Soon returned, for saveWait at most: a disk that hangs is no reason not to answer.
func (n *newTopics) awaitSaved(saved <-chan struct{}) {
	if saved == nil {
		return
	}
	limit := time.NewTimer(saveWait)
	defer limit.Stop()
	select {
	case <-saved:
	case <-limit.C:
	case <-n.stop:
	}
}

// saveWait bounds how long a first send waits for topics.json.
const saveWait = time.Second
