package namesrv

import (
	"fmt"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// entries is the dispatch table: one row per file. Codes without a row are answered REQUEST_CODE_NOT_SUPPORTED by
// remoting.
func (s *Server) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqPutKvConfig, Mode: remoting.Pooled, Handle: s.putKVConfig},
		{Code: wire.ReqGetKvConfig, Mode: remoting.Pooled, Handle: s.getKVConfig},
		{Code: wire.ReqDeleteKvConfig, Mode: remoting.Pooled, Handle: s.deleteKVConfig},
		{Code: wire.ReqRegisterBroker, Mode: remoting.Pooled, Handle: s.registerBroker},
		{Code: wire.ReqUnregisterBroker, Mode: remoting.Pooled, Handle: s.unregisterBroker},
		{Code: wire.ReqGetRouteinfoByTopic, Mode: remoting.Inline, Handle: s.getRouteInfo},
		{Code: wire.ReqGetBrokerClusterInfo, Mode: remoting.Pooled, Handle: s.getClusterInfo},
		{Code: wire.ReqWipeWritePermOfBroker, Mode: remoting.Pooled, Handle: s.wipeWritePerm},
		{Code: wire.ReqGetAllTopicListFromNameserver, Mode: remoting.Pooled, Handle: s.getAllTopics},
		{Code: wire.ReqDeleteTopicInNamesrv, Mode: remoting.Pooled, Handle: s.deleteTopic},
		{Code: wire.ReqRegisterTopicInNamesrv, Mode: remoting.Pooled, Handle: s.registerTopic},
		{Code: wire.ReqGetKvlistByNamespace, Mode: remoting.Pooled, Handle: s.getKVList},
		{Code: wire.ReqGetTopicsByCluster, Mode: remoting.Pooled, Handle: s.getTopicsByCluster},
		{Code: wire.ReqGetSystemTopicListFromNs, Mode: remoting.Pooled, Handle: s.getSystemTopics},
		{Code: wire.ReqGetUnitTopicList, Mode: remoting.Pooled, Handle: s.getUnitTopics},
		{Code: wire.ReqGetHasUnitSubTopicList, Mode: remoting.Pooled, Handle: s.getHasUnitSubTopics},
		{Code: wire.ReqGetHasUnitSubUnunitTopicList, Mode: remoting.Pooled, Handle: s.getHasUnitSubUnunitTopics},
		{Code: wire.ReqUpdateNamesrvConfig, Mode: remoting.Pooled, Handle: s.updateNamesrvConfig},
		{Code: wire.ReqGetNamesrvConfig, Mode: remoting.Pooled, Handle: s.getNamesrvConfig},
		{Code: wire.ReqQueryDataVersion, Mode: remoting.Pooled, Handle: s.queryDataVersion},
		{Code: wire.ReqAddWritePermOfBroker, Mode: remoting.Pooled, Handle: s.addWritePerm},
		{Code: wire.ReqGetBrokerMemberGroup, Mode: remoting.Pooled, Handle: s.getBrokerMemberGroup},
		{Code: wire.ReqBrokerHeartbeat, Mode: remoting.Pooled, Handle: s.brokerHeartbeat},
	}
}

// Codes lists the request codes that a NameServer answers, for docs/support.md.
func Codes() []int32 {
	var codes []int32
	for _, e := range (&Server{}).entries() {
		codes = append(codes, e.Code)
	}
	return codes
}

// fail answers SYSTEM_ERROR with the error's text, as Java does for an exception in a handler.
func fail(ctx *remoting.Context, err error) { ctx.Status(wire.SystemError, err.Error()) }

// missing answers a request without a field that Java cannot do without (its handlers end in a NullPointerException,
// code 1).
func missing(ctx *remoting.Context, field string) {
	ctx.Status(wire.SystemError, fmt.Sprintf("the custom field <%s> is null", field))
}

// orNull is a header value as Java prints it in a remark: a field that is absent is null.
func orNull(ctx *remoting.Context, field, value string) string {
	if _, given := ctx.Req.Get(field); !given {
		return "null"
	}
	return value
}

// reply answers SUCCESS with a body in fastjson's dialect.
func reply(ctx *remoting.Context, v any) {
	text, err := compat.Marshal(v)
	if err != nil {
		fail(ctx, err)
		return
	}
	ctx.OK(text)
}

// disabled answers when a list is switched off.
func disabled(ctx *remoting.Context) { ctx.Status(wire.SystemError, "disable") }
