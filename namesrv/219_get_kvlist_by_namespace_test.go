package namesrv

import (
	"testing"

	"gorocket/remoting/wire"
)

func TestGetKVList(t *testing.T) {
	p := start(t)
	p.want(p.kvCall(wire.ReqGetKvlistByNamespace, "ns", "", ""), wire.QueryNotFound, "No config item, Namespace: ns", "")
	p.kvCall(wire.ReqPutKvConfig, "ns", "b", "2")
	p.kvCall(wire.ReqPutKvConfig, "ns", "a", "1")
	p.kvCall(wire.ReqPutKvConfig, "other", "c", "3")
	p.want(p.kvCall(wire.ReqGetKvlistByNamespace, "ns", "", ""), wire.Success, "", `{"table":{"a":"1","b":"2"}}`)
}
