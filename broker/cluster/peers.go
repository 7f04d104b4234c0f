package cluster

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

// Peers knows the addresses of the masters in the cluster and asks them. Java: ClientMetadata, which asks every 5 s;
// here the first request that needs it asks.
type Peers struct {
	r *Registrar

	mu    sync.Mutex        // held while a NameServer is asked: the others want the same answer
	addrs map[string]string // guarded by mu; broker name -> host:port of the master
	asked time.Time         // guarded by mu
}

// NewPeers finds masters through the NameServers of r.
func NewPeers(r *Registrar) *Peers { return &Peers{r: r} }

const (
	peerLife   = 5 * time.Second // Java: scheduleAtFixedRate(refreshMetadata, 10, 5, SECONDS)
	askTimeout = time.Second     // for one NameServer
)

// Ask sends a request to the master of a broker name and returns its answer, whatever its code. Not on an event loop.
// Java: RpcClientImpl.invoke.
func Ask[T any](p *Peers, name string, code int32, ht *wire.HeaderType[T], h *T) (*wire.Command, error) {
	ctx, cancel := context.WithTimeout(context.Background(), p.r.d.Self().ForwardTimeout)
	defer cancel()
	addr, err := p.masterOf(ctx, name)
	if err != nil {
		return nil, err
	}
	c, err := p.r.d.Client.Conn(ctx, addr)
	if err != nil {
		p.forget()
		return nil, err
	}
	return remoting.Invoke(ctx, c, code, ht, h, nil)
}

// ErrRemote is Java's text for an answer that is not SUCCESS.
var ErrRemote = errors.New("unknown remote error")

// AskOffset asks the master of a broker name for an offset.
func AskOffset[T any](p *Peers, name string, code int32, ht *wire.HeaderType[T], h *T) (int64, error) {
	resp, err := Ask(p, name, code, ht, h)
	if err != nil {
		return 0, err
	}
	if resp.Code != wire.Success {
		return 0, ErrRemote
	}
	var out wire.OffsetResponseHeader
	err = wire.OffsetResponse.Decode(resp, nil, &out)
	return out.Offset, err
}

// forget makes the next request ask again.
func (t *Peers) forget() {
	t.mu.Lock()
	t.asked = time.Time{}
	t.mu.Unlock()
}

// masterOf returns the address of a broker name's master.
func (t *Peers) masterOf(ctx context.Context, name string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.addrs[name] == "" || time.Since(t.asked) > peerLife {
		if addrs := t.askMasters(ctx); addrs != nil {
			t.addrs, t.asked = addrs, time.Now()
		}
	}
	if addr := t.addrs[name]; addr != "" {
		return addr, nil
	}
	return "", errors.New("cannot find addr for broker " + name)
}

// Slaves are the addresses of the brokers of a name that are no master, as the NameServers know them; nil when none of
// these answers.
func (t *Peers) Slaves(ctx context.Context, cluster, name string) (addrs []string) {
	info := t.askCluster(ctx)
	if info == nil || info.BrokerAddrTable[name] == nil || info.BrokerAddrTable[name].Cluster != cluster {
		return nil
	}
	for id, addr := range info.BrokerAddrTable[name].BrokerAddrs {
		if id != protocol.MasterID {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

// askMasters asks for the addresses of all masters; nil when no NameServer answers.
func (t *Peers) askMasters(ctx context.Context) map[string]string {
	info := t.askCluster(ctx)
	if info == nil {
		return nil
	}
	addrs := map[string]string{}
	for name, d := range info.BrokerAddrTable {
		if d != nil {
			addrs[name] = d.BrokerAddrs[protocol.MasterID]
		}
	}
	return addrs
}

// askCluster asks the NameServers, one after the other, for the cluster; nil when none answers.
func (t *Peers) askCluster(ctx context.Context) *protocol.ClusterInfo {
	for _, l := range t.r.links() {
		one, cancel := context.WithTimeout(ctx, askTimeout)
		resp, err := remoting.Call(one, t.r.d.Client, l.addr, wire.ReqGetBrokerClusterInfo, wire.None,
			new(wire.NoHeader), nil)
		cancel()
		var info protocol.ClusterInfo
		if err == nil && compat.Unmarshal(resp.Body, &info) == nil {
			return &info
		}
	}
	return nil
}
