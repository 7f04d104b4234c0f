package broker

import (
	"context"
	"fmt"
	"time"

	"gorocket/broker/replicas"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/epoch"
)

// NOTIFY_BROKER_ROLE_CHANGED (1008), from a controller: who is master; without enableControllerMode it changes nothing.
// GET_BROKER_EPOCH_CACHE (1007), from mqadmin getBrokerEpoch: who wrote which part of the log. Java:
// AdminBrokerProcessor. HAND_OVER (621003) is ours, see replicas.Service.HandOver.
type replicaInfos struct {
	liveConfig
	replicas *replicas.Service // nil without enableControllerMode
	written  *epoch.File       // nil without enableControllerMode
	store    *store.Store
}

func (r *replicaInfos) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqGetBrokerEpochCache, Mode: remoting.Pooled, Handle: r.epochs},
		{Code: wire.ReqNotifyBrokerRoleChanged, Mode: remoting.Pooled, Handle: with(wire.BrokerRoleChanged, r.roleChanged)},
		{Code: wire.ReqHandOver, Mode: remoting.Pooled, Handle: with(wire.HandOverRequest, r.handOver)},
	}
}

func (r *replicaInfos) roleChanged(ctx *remoting.Context, h *wire.BrokerRoleChangedHeader) {
	if n := len(ctx.Req.Body); n > maxNotice {
		fail(ctx, fmt.Errorf("a body of %d bytes, the limit is %d", n, maxNotice))
		return
	}
	var set protocol.SyncStateSet
	if err := compat.Unmarshal(ctx.Req.Body, &set); err != nil {
		fail(ctx, err)
		return
	}
	if r.replicas != nil {
		r.replicas.Told(replicas.Master{ID: h.MasterBrokerID, Addr: h.MasterAddress, Epoch: h.MasterEpoch},
			set.SyncStateSetEpoch)
	}
	ctx.OK(nil)
}

// maxNotice bounds the body of 1008, in bytes: a set of brokers.
const maxNotice = 64 << 10

// handOver is ours: a controller asks a master to let another broker take its place without loss.
func (r *replicaInfos) handOver(ctx *remoting.Context, h *wire.HandOverHeader) {
	if r.replicas == nil || h.BrokerName != r.cfg().BrokerName {
		ctx.Status(wire.SystemError, "this broker has no controllers, or is another one")
		return
	}
	wait, cancel := context.WithTimeout(context.Background(), handOverPatience)
	defer cancel()
	if err := r.replicas.HandOver(wait, h.BrokerID, h.MasterEpoch); err != nil {
		fail(ctx, err)
		return
	}
	ctx.OK(nil)
}

// handOverPatience bounds it: the loop that does it may be asking a controller.
const handOverPatience = 2 * time.Second

func (r *replicaInfos) epochs(ctx *remoting.Context) {
	if r.replicas == nil {
		ctx.Status(wire.SystemError, "this request only for controllerMode ")
		return
	}
	c, list := r.cfg(), r.written.List()
	cache := protocol.EpochEntryCache{BrokerID: c.BrokerID, BrokerName: c.BrokerName, ClusterName: c.BrokerClusterName,
		MaxOffset: r.store.MaxPhyOffset(), EpochList: []protocol.EpochEntry{}}
	for i, e := range list {
		cache.EpochList = append(cache.EpochList, protocol.EpochEntry{EndOffset: list.End(i), Epoch: e.Epoch,
			StartOffset: e.Start})
	}
	respondJSON(ctx, cache)
}
