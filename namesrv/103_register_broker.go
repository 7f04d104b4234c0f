package namesrv

import (
	"fmt"
	"hash/crc32"
	"strconv"
	"time"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// REGISTER_BROKER (103). Java: DefaultRequestProcessor.registerBroker, RouteInfoManager.registerBroker.
//
// 3.x to 5.x senders: before V3_0_11 the body is a bare topic table; 4.x may deflate it (compressed=true); from V5_0_0
// on the deflated form has a mapping part. bodyCrc32 is checked over the body as sent. The answer tells a slave its
// master, and carries the order topic configuration. Without a cluster, name or address the answer is SUCCESS and
// nothing happens, as in Java; without a brokerId it is an error.
func (s *Server) registerBroker(ctx *remoting.Context) {
	g, ok := s.readRegistration(ctx)
	if !ok {
		return
	}
	g.conn = ctx.Conn()
	g.conn.Attachment.Store(brokerConn{})
	res := s.routes.register(g)
	s.counts.registrations.Add(1)
	if res.refused != "" || res.ignored != "" {
		s.counts.noRegistrations.Add(1)
	}
	if g.conn.Closed() { // its end may have been handled before the broker was in the tables
		s.connClosed(g.conn, remoting.ErrConnClosed)
	}
	s.logRegistration(g, res)
	for _, c := range res.left {
		s.notifyMinID(c)
	}
	if res.refused != "" {
		ctx.Status(wire.SystemError, res.refused)
		return
	}
	s.notifyMinID(res.minID)
	s.answerRegistration(ctx, res)
}

func (s *Server) readRegistration(ctx *remoting.Context) (*registration, bool) {
	h, ok := remoting.Header(ctx, wire.RegisterBrokerRequest)
	if !ok {
		return nil, false
	}
	if h.BodyCRC32 != 0 && h.BodyCRC32 != int32(crc32.ChecksumIEEE(ctx.Req.Body)&0x7fffffff) {
		s.peerWarn().Str("peer", ctx.Conn().RemoteAddr()).Msg("registration: crc32 not match")
		ctx.Status(wire.SystemError, "crc32 not match")
		return nil, false
	}
	data, err := protocol.DecodeRegisterBroker(ctx.Req.Body, h.Compressed, int(ctx.Req.Version))
	if err != nil {
		ctx.Status(wire.SystemError, decodeRemark+"Failed to decode RegisterBrokerBody, "+err.Error())
		return nil, false
	}
	if !hasID(ctx) {
		missing(ctx, "brokerId")
		return nil, false
	}
	if s.incomplete(ctx, &h.BrokerIdentityHeader) {
		return nil, false
	}
	for _, name := range []string{h.ClusterName, h.BrokerName, h.BrokerAddr, h.HAServerAddr, h.ZoneName} {
		if len(name) > maxBrokerName {
			ctx.Status(wire.SystemError, fmt.Sprintf("register broker failed, %.64q... has %d bytes, more than %d",
				name, len(name), maxBrokerName))
			return nil, false
		}
	}
	_, knowsActing := ctx.Req.Get("enableActingMaster")
	g := &registration{brokerKey: brokerKey{h.ClusterName, h.BrokerAddr}, name: h.BrokerName, id: h.BrokerID,
		haAddr:    h.HAServerAddr,
		oldSender: !knowsActing, actingMaster: h.EnableActingMaster, data: data,
		deleteOthers: s.config().DeleteTopicWithBrokerRegistration}
	if h.HeartbeatTimeoutMillis > 0 {
		g.timeout = time.Duration(min(h.HeartbeatTimeoutMillis, maxHeartbeatTimeout)) * time.Millisecond
	}
	if _, given := ctx.Req.Get("__ZONE_NAME"); given {
		g.zone = &h.ZoneName
	}
	return g, true
}

// decodeRemark begins the remark of a body that cannot be read, as Java prints its exception.
const decodeRemark = "org.apache.rocketmq.remoting.exception.RemotingCommandException: "

// maxHeartbeatTimeout keeps a broker from staying for ever, in milliseconds (a day).
const maxHeartbeatTimeout = 24 * 60 * 60 * 1000

// hasID says whether the request has a readable brokerId. The header type reads an absent or unreadable one as 0, which
// is the master's.
func hasID(ctx *remoting.Context) bool {
	text, _ := ctx.Req.Get("brokerId")
	_, err := strconv.ParseInt(string(text), 10, 64)
	return err == nil
}

// incomplete says whether a broker left out who it is. Java answers SUCCESS then, its exception being caught inside; so
// do we, with a line in the log and nothing done.
func (s *Server) incomplete(ctx *remoting.Context, h *wire.BrokerIdentityHeader) bool {
	if h.ClusterName != "" && h.BrokerAddr != "" && h.BrokerName != "" {
		return false
	}
	s.peerWarn().Int32("code", ctx.Req.Code).Str("peer", ctx.Conn().RemoteAddr()).Str("cluster", h.ClusterName).Str("addr",
		h.BrokerAddr).
		Str("broker", h.BrokerName).Msg("a broker does not say who it is: request without effect")
	ctx.OK(nil)
	return true
}

// addressComplete answers for a broker that does not say where it is.
func addressComplete(ctx *remoting.Context, cluster, addr string) bool {
	switch {
	case cluster == "":
		missing(ctx, "clusterName")
	case addr == "":
		missing(ctx, "brokerAddr")
	default:
		return true
	}
	return false
}

func (s *Server) logRegistration(g *registration, res registered) {
	switch {
	case res.refused != "" || res.ignored != "":
		s.peerWarn().Str("cluster", g.cluster).Str("broker", g.name).Int64("id", g.id).Str("addr", g.addr).
			Str("peer", g.conn.RemoteAddr()).Msg("registration without effect: " + res.refused + res.ignored)
	case res.isNew:
		line := s.log.Info().Str("cluster", g.cluster).Str("broker", g.name).Int64("id", g.id).Str("addr", g.addr).
			Str("ha", g.haAddr).Str("peer", g.conn.RemoteAddr()).Int("topics", res.changedTopics)
		if res.replaced != "" {
			line = line.Str("replaces", res.replaced)
		}
		line.Msg("new broker registered")
	case res.otherID: // controllers made it master, or slave; or its acting master gave way
		s.log.Info().Str("cluster", g.cluster).Str("broker", g.name).Int64("id", g.id).Str("addr", g.addr).
			Str("peer", g.conn.RemoteAddr()).Msg("broker has another id now; clients send to id 0, the master")
	case res.replaced != "": // both are there, and take the route from each other
		s.peerWarn().Str("cluster", g.cluster).Str("broker", g.name).Int64("id", g.id).Str("addr", g.addr).
			Str("replaces", res.replaced).Str("peer", g.conn.RemoteAddr()).
			Msg("two brokers register under one name and id: clients go to the one or the other")
	default:
		s.log.Debug().Str("cluster", g.cluster).Str("broker", g.name).Int64("id", g.id).Str("addr", g.addr).
			Str("peer", g.conn.RemoteAddr()).Int("changedTopics", res.changedTopics).Msg("broker registered again")
	}
	if res.droppedTopics > 0 {
		s.peerWarn().Str("broker", g.name).Str("addr", g.addr).Int("dropped", res.droppedTopics).Int("limit", maxTopics).
			Int("limitOfAllBrokers", maxPairs).
			Msg("topics of a registration find no room: clients will not find them")
	}
}

func (s *Server) answerRegistration(ctx *remoting.Context, res registered) {
	var order []byte
	if s.config().ReturnOrderTopicConfigToBroker {
		var err error
		if order, err = s.kv.list(compat.OrderTopicNamespace); err != nil {
			fail(ctx, err)
			return
		}
	}
	h := wire.RegisterBrokerResponseHeader{HAServerAddr: res.haAddr, MasterAddr: res.masterAddr}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.RegisterBrokerResponse, &h, remoting.Body{Bytes: order})
}
