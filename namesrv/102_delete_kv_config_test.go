package namesrv

import (
	"os"
	"testing"

	"gorocket/remoting"
)

func TestDeleteKVConfig(t *testing.T) {
	p := start(t)
	p.kvCall(remoting.ReqPutKvConfig, "ns", "k", "v")
	for range 2 { // the second finds nothing, and that is no error
		p.want(p.kvCall(remoting.ReqDeleteKvConfig, "ns", "k", ""), remoting.Success, "", "")
	}
	p.want(p.kvCall(remoting.ReqGetKvConfig, "ns", "k", ""), remoting.QueryNotFound, "No config item", "")
	p.want(p.kvCall(remoting.ReqGetKvlistByNamespace, "ns", "", ""), remoting.Success, "", `{"table":{}}`)
	if text, err := os.ReadFile(p.config().KVConfigPath); err != nil || string(text) != `{"configTable":{"ns":{}}}` {
		t.Errorf("file: %s, %v", text, err)
	}
}
