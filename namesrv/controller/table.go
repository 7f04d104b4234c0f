package controller

import (
	"context"
	"fmt"
	"time"

	"gorocket/compat"
	"gorocket/namesrv/controller/consensus"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// entries is the dispatch table: one row per file. Codes without a row are answered REQUEST_CODE_NOT_SUPPORTED by
// remoting, as in Java. Who leads, and who is master, waits behind nobody: a master's lease depends on it.
func (s *Server) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqBrokerHeartbeat, Mode: remoting.Inline, Handle: s.brokerHeartbeat},
		{Code: wire.ReqControllerAlterSyncStateSet, Mode: remoting.Pooled, Handle: s.alterSyncStateSet},
		{Code: wire.ReqControllerElectMaster, Mode: remoting.Pooled, Handle: s.electMaster},
		{Code: wire.ReqControllerRegisterBroker, Mode: remoting.Pooled, Handle: s.registerBroker},
		{Code: wire.ReqControllerGetReplicaInfo, Mode: remoting.Inline, Handle: s.replicaInfo},
		{Code: wire.ReqControllerGetMetadataInfo, Mode: remoting.Inline, Handle: s.metadataInfo},
		{Code: wire.ReqControllerGetSyncStateData, Mode: remoting.Pooled, Handle: s.syncStateData},
		{Code: wire.ReqUpdateControllerConfig, Mode: remoting.Pooled, Handle: s.updateConfig},
		{Code: wire.ReqGetControllerConfig, Mode: remoting.Pooled, Handle: s.getConfig},
		{Code: wire.ReqCleanBrokerData, Mode: remoting.Pooled, Handle: s.cleanBrokerData},
		{Code: wire.ReqControllerGetNextBrokerId, Mode: remoting.Pooled, Handle: s.nextBrokerID},
		{Code: wire.ReqControllerApplyBrokerId, Mode: remoting.Pooled, Handle: s.applyBrokerID},
		{Code: consensus.RequestCode, Mode: remoting.Blocking, Handle: s.consensusRPC},
		{Code: ChangeMembersCode, Mode: remoting.Blocking, Handle: s.changeMembers},
	}
}

// Codes lists Java's request codes that a controller answers, for docs/support.md.
func Codes() (codes []int32) {
	for _, e := range (&Server{}).entries() {
		if e.Code != consensus.RequestCode && e.Code != ChangeMembersCode {
			codes = append(codes, e.Code)
		}
	}
	return codes
}

// fail answers SYSTEM_ERROR with the error's text, as Java does for an exception in a handler.
func fail(ctx *remoting.Context, err error) { ctx.Status(wire.SystemError, err.Error()) }

// leading tells that this one decides.
func (s *Server) leading() bool {
	node := s.node.Load()
	return node != nil && node.Leading()
}

// leads answers CONTROLLER_NOT_LEADER when this one does not.
func (s *Server) leads(ctx *remoting.Context) bool {
	if s.leading() {
		return true
	}
	notLeader(ctx)
	return false
}

func notLeader(ctx *remoting.Context) {
	ctx.Status(wire.ControllerNotLeader, "The controller is not in leader state")
}

// syncStateBody is the body of most answers.
func syncStateBody(ids []int64, epoch int32) remoting.Body {
	if ids == nil {
		ids = []int64{}
	}
	text, err := compat.Marshal(protocol.SyncStateSet{SyncStateSet: ids, SyncStateSetEpoch: epoch})
	if err != nil {
		panic(fmt.Sprintf("controller: a list of numbers cannot be encoded: %v", err))
	}
	return remoting.Body{Bytes: text}
}

// Limits of bodies, in bytes: to read one takes many times its size of memory. Those of members are bounded by frames.
const (
	maxSetBody    = 64 << 10  // 1001: a set of replicas.MaxReplicas
	maxNamesBody  = 1 << 20   // 1006
	maxConfigBody = 256 << 10 // 1009
)

// small answers a request whose body is too large, and tells whether it is not.
func small(ctx *remoting.Context, most int) bool {
	n := len(ctx.Req.Body)
	if n > most {
		ctx.Status(wire.SystemError, fmt.Sprintf("a body of %d bytes, the limit is %d", n, most))
	}
	return n <= most
}

// rpcTimeout bounds what another member's request may wait for raft and the disk.
const rpcTimeout = 10 * time.Second

// consensusRPC serves another member of the group.
func (s *Server) consensusRPC(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, consensus.Request)
	if !ok {
		return
	}
	wait, cancel := context.WithTimeout(context.Background(), rpcTimeout)
	defer cancel()
	answer, err := s.transport.Serve(wait, &h, ctx.Req.Body)
	if err != nil {
		fail(ctx, err)
		return
	}
	ctx.OK(answer)
}
