package namesrv

import (
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// QUERY_DATA_VERSION (322). Java: DefaultRequestProcessor.queryBrokerTopicConfig. Since 4.2.
//
// Says whether the broker has to register (its version differs from ours, or we do not know it) and counts as a sign of
// life. The body of the answer is the version that we hold, absent if none. Newer brokers send it one-way as a
// heartbeat for old nameservers.
func (s *Server) queryDataVersion(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.QueryDataVersionRequest)
	if !ok || !addressComplete(ctx, h.ClusterName, h.BrokerAddr) {
		return
	}
	var theirs *compat.DataVersion
	if len(ctx.Req.Body) > 0 {
		if err := compat.Unmarshal(ctx.Req.Body, &theirs); err != nil {
			fail(ctx, err)
			return
		}
	}
	key := brokerKey{h.ClusterName, h.BrokerAddr}
	ours, known := s.routes.version(key)
	s.routes.touch(key)
	var text []byte
	if known {
		var err error
		if text, err = compat.Marshal(ours); err != nil {
			fail(ctx, err)
			return
		}
	}
	out := wire.ChangedResponseHeader{Changed: !known || theirs == nil || *theirs != ours}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.QueryDataVersionResponse, &out, remoting.Body{Bytes: text})
}
