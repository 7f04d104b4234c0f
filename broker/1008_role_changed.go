package broker

import (
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
// AdminBrokerProcessor.
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
	}
}

func (r *replicaInfos) roleChanged(ctx *remoting.Context, h *wire.BrokerRoleChangedHeader) {
	var set protocol.SyncStateSet
	if err := compat.Unmarshal(ctx.Req.Body, &set); err != nil {
		fail(ctx, err)
		return
	}
	if r.replicas != nil {
		r.replicas.Told(replicas.Master{ID: h.MasterBrokerID, Addr: h.MasterAddress, Epoch: h.MasterEpoch},
			set.SyncStateSet, set.SyncStateSetEpoch)
	}
	ctx.OK(nil)
}

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
	text, err := compat.Marshal(cache)
	if err != nil {
		fail(ctx, err)
		return
	}
	ctx.OK(text)
}
