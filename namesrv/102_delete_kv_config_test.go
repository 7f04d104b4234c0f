package namesrv

import (
	"os"
	"testing"

	"gorocket/remoting/wire"
)

func TestDeleteKVConfig(t *testing.T) {
	p := start(t)
	p.kvCall(wire.ReqPutKvConfig, "ns", "k", "v")
	for range 2 { // the second finds nothing, and that is no error
		p.want(p.kvCall(wire.ReqDeleteKvConfig, "ns", "k", ""), wire.Success, "", "")
	}
	p.want(p.kvCall(wire.ReqGetKvConfig, "ns", "k", ""), wire.QueryNotFound, "No config item", "")
	p.want(p.kvCall(wire.ReqGetKvlistByNamespace, "ns", "", ""), wire.Success, "", `{"table":{}}`)
	if text, err := os.ReadFile(p.config().KVConfigPath); err != nil || string(text) != `{"configTable":{"ns":{}}}` {
		t.Errorf("file: %s, %v", text, err)
	}
}
