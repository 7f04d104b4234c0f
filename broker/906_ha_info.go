package broker

// EXCHANGE_BROKER_HA_INFO (906): a slave asks a master for the address of its haListenPort, or a master tells a slave;
// brokers of a group with acting masters do so before they come online. RESET_MASTER_FLUSH_OFFSET (908): mqadmin
// resetMasterFlushOffset. Java: AdminBrokerProcessor.updateBrokerHaInfo, resetMasterFlushOffset.
//
// Quirks kept: a slave that is asked answers SUCCESS without a header; 908 changes nothing on a master. The offset
// itself, where the master's log ended when it was started, is shown by 907 and kept in the checkpoint, and nothing
// follows from it, as in Java 5.5. Differences: haMasterAddress wins over what 906 tells; the answer to a master names
// the transactions that this slave has ended in its place, as actedTransactions.json does.

import (
	"gorocket/broker/members"
	"gorocket/broker/replication"
	"gorocket/broker/trans"
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// haInfos tell and hear where a master's log is.
type haInfos struct {
	liveConfig
	replica *replication.Service
	members *members.Service
	store   *store.Store
	trans   *trans.Service
}

func (h *haInfos) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqExchangeBrokerHaInfo, Mode: remoting.Blocking, Handle: with(wire.HAInfoRequest, h.exchange)},
		{Code: wire.ReqResetMasterFlushOffset, Mode: remoting.Pooled, Handle: h.reset},
	}
}

func (h *haInfos) exchange(ctx *remoting.Context, told *wire.HAInfoHeader) {
	switch c := h.cfg(); {
	case told.HAAddr != "":
		h.members.Yield() // before the answer: the master asks next for what was done in its place
		h.replica.Found(told.Addr, told.HAAddr)
		if c.SyncMasterFlushOffsetWhenStartup && told.FlushOffset >= 0 && h.store.MasterFlushedOffset() == 0 {
			h.store.SetMasterFlushedOffset(told.FlushOffset)
		}
		body, err := h.trans.Acted.Report()
		respondText(ctx, body, err)
		return
	case !c.IsSlave():
		remoting.Respond(&ctx.Replier, wire.Success, "", wire.HAInfoResponse, &wire.HAInfoHeader{HAAddr: c.HAAddr(),
			FlushOffset: h.store.OpenedEnd(), Addr: c.Addr()}, remoting.Body{})
		return
	}
	ctx.OK(nil)
}

func (h *haInfos) reset(ctx *remoting.Context) {
	if h.cfg().IsSlave() && len(ctx.Req.Fields) > 0 { // Java does not miss what is missing in a request without any field
		var q wire.ResetMasterFlushOffsetHeader
		if err := wire.ResetMasterFlushOffset.Decode(ctx.Req, ctx.In, &q); err != nil {
			fail(ctx, err)
			return
		}
		h.store.SetMasterFlushedOffset(q.FlushOffset)
	}
	ctx.OK(nil)
}
