package broker

import (
	"context"
	"errors"
	"sync"
	"time"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// peerTable knows the addresses of the masters in the cluster. Java: ClientMetadata, which asks every 5 s; here the first request that needs it asks.
type peerTable struct {
	mu    sync.Mutex        // held while a NameServer is asked: the others want the same answer
	addrs map[string]string // guarded by mu; broker name -> host:port of the master
	asked time.Time         // guarded by mu
}

// Limits of what goes on aside.
const (
	peerLife    = 5 * time.Second // Java: scheduleAtFixedRate(refreshMetadata, 10, 5, SECONDS)
	askTimeout  = time.Second     // for one NameServer
	maxForwards = 256             // requests that wait for another broker at a time
)

// aside runs fn on a goroutine of its own, because it waits for another broker; when too many wait already the answer is 2. fn answers through
// its argument. Stop waits for it, forwardTimeout at most.
func (b *Broker) aside(r *remoting.Replier, fn func(r *remoting.Replier)) {
	if !b.tryAside(r, fn) {
		r.Status(wire.SystemBusy, "[OVERLOAD]system busy, too many requests wait for other brokers")
	}
}

// tryAside is aside that only tells when too many wait.
func (b *Broker) tryAside(r *remoting.Replier, fn func(r *remoting.Replier)) bool {
	select {
	case b.forwards <- struct{}{}:
	default:
		return false
	}
	later := r.Later()
	b.wg.Add(1)
	go func() {
		defer b.wg.Done()
		defer func() { <-b.forwards }()
		fn(&later)
	}()
	return true
}

// askPeer sends a request to the master of a broker name and returns its answer, whatever its code. Not on an event loop. Java: RpcClientImpl.invoke.
func askPeer[T any](b *Broker, name string, code int32, ht *wire.HeaderType[T], h *T) (*wire.Command, error) {
	ctx, cancel := context.WithTimeout(context.Background(), ms(b.cfg().ForwardTimeout))
	defer cancel()
	addr, err := b.masterOf(ctx, name)
	if err != nil {
		return nil, err
	}
	c, err := b.client.Conn(ctx, addr)
	if err != nil {
		b.peers.forget()
		return nil, err
	}
	return remoting.Invoke(ctx, c, code, ht, h, nil)
}

// errRemote is Java's text for an answer that is not SUCCESS.
var errRemote = errors.New("unknown remote error")

// askPeerOffset asks for an offset.
func askPeerOffset[T any](b *Broker, name string, code int32, ht *wire.HeaderType[T], h *T) (int64, error) {
	resp, err := askPeer(b, name, code, ht, h)
	if err != nil {
		return 0, err
	}
	if resp.Code != wire.Success {
		return 0, errRemote
	}
	var out wire.OffsetResponseHeader
	err = wire.OffsetResponse.Decode(resp, nil, &out)
	return out.Offset, err
}

// forget makes the next request ask again.
func (t *peerTable) forget() {
	t.mu.Lock()
	t.asked = time.Time{}
	t.mu.Unlock()
}

// masterOf returns the address of a broker name's master.
func (b *Broker) masterOf(ctx context.Context, name string) (string, error) {
	t := &b.peers
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.addrs[name] == "" || time.Since(t.asked) > peerLife {
		if addrs := b.askMasters(ctx); addrs != nil {
			t.addrs, t.asked = addrs, time.Now()
		}
	}
	if addr := t.addrs[name]; addr != "" {
		return addr, nil
	}
	return "", errors.New("cannot find addr for broker " + name)
}

// askMasters asks the NameServers, one after the other, for the cluster; nil when none answers.
func (b *Broker) askMasters(ctx context.Context) map[string]string {
	for _, l := range b.register.links() {
		one, cancel := context.WithTimeout(ctx, askTimeout)
		resp, err := remoting.Call(one, b.client, l.addr, wire.ReqGetBrokerClusterInfo, wire.HeartbeatRequest, new(wire.HeartbeatRequestHeader), nil)
		cancel()
		var info protocol.ClusterInfo
		if err != nil || compat.Unmarshal(resp.Body, &info) != nil {
			continue
		}
		addrs := map[string]string{}
		for name, d := range info.BrokerAddrTable {
			if d != nil {
				addrs[name] = d.BrokerAddrs[protocol.MasterID]
			}
		}
		return addrs
	}
	return nil
}
