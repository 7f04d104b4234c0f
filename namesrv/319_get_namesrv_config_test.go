package namesrv

import (
	"slices"
	"strings"
	"testing"

	"gorocket/remoting/wire"
)

func TestGetNamesrvConfig(t *testing.T) {
	p := start(t)
	resp := p.bare(wire.ReqGetNamesrvConfig, "")
	lines := strings.Split(strings.TrimSpace(string(resp.Body)), "\n")
	if resp.Code != wire.Success || !slices.IsSorted(lines) {
		t.Errorf("answer %d %q", resp.Code, lines)
	}
	for _, want := range []string{"scanNotActiveBrokerInterval=5000",
		"configBlackList=configBlackList;configStorePath;kvConfigPath", "kvConfigPath=" + p.config().KVConfigPath} {
		if !slices.Contains(lines, want) {
			t.Errorf("%q is missing in %q", want, lines)
		}
	}
}
