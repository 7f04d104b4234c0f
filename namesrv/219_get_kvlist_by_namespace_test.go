package namesrv

import (
	"testing"

	"gorocket/remoting"
)

func TestGetKVList(t *testing.T) {
	p := start(t)
	p.want(p.kvCall(remoting.ReqGetKvlistByNamespace, "ns", "", ""), remoting.QueryNotFound, "No config item, Namespace: ns", "")
	p.kvCall(remoting.ReqPutKvConfig, "ns", "b", "2")
	p.kvCall(remoting.ReqPutKvConfig, "ns", "a", "1")
	p.kvCall(remoting.ReqPutKvConfig, "other", "c", "3")
	p.want(p.kvCall(remoting.ReqGetKvlistByNamespace, "ns", "", ""), remoting.Success, "", `{"table":{"a":"1","b":"2"}}`)
}
