package namesrv

import (
	"strings"
	"testing"

	"gorocket/remoting/wire"
)

func TestGetKVConfig(t *testing.T) {
	p := start(t)
	p.want(p.bare(wire.ReqGetKvConfig, ""), wire.QueryNotFound, "No config item, Namespace: null Key: null", "")
	p.want(p.kvCall(wire.ReqGetKvConfig, "ns", "k", ""), wire.QueryNotFound, "No config item, Namespace: ns Key: k", "")
	for _, value := range []string{"v", "a=b;c\nd"} {
		p.kvCall(wire.ReqPutKvConfig, "ns", "k", value)
		got := p.kvCall(wire.ReqGetKvConfig, "ns", "k", "")
		if text, has := got.Get("value"); got.Code != wire.Success || !has || string(text) != value {
			t.Errorf("value %q: got %d %q %v", value, got.Code, text, has)
		}
	}
	p.kvCall(wire.ReqPutKvConfig, "ns", "k", "") // our client leaves an empty value out
	p.want(p.kvCall(wire.ReqGetKvConfig, "ns", "k", ""), wire.QueryNotFound, "No config item, Namespace: ns Key: k", "")
}

func TestGetKVConfigEmptyValue(t *testing.T) {
	conn := dialRaw(t, start(t).Server)
	rawCall(t, conn, 513, 100, `"namespace":"ns","key":"k","value":""`)
	if head, _ := rawCall(t, conn, 513, 101, `"namespace":"ns","key":"k"`); !strings.Contains(head, `"code":0`) ||
		!strings.Contains(head, `"value":""`) {
		t.Errorf("header %s", head)
	}
}
