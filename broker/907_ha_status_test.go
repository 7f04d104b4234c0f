package broker

import (
	"strings"
	"testing"

	"gorocket/remoting/wire"
)

// TestHAStatus: the members of Java's HARuntimeInfo, of a master without slaves.
func TestHAStatus(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "x")
	a := r.ask(wire.ReqGetBrokerHaStatus, "", "")
	a.is(t, wire.Success, "")
	for _, want := range []string{`"haConnectionInfo":[]`, `"inSyncSlaveNums":0`, `"master":true`, `"masterCommitLogMaxOffset":`,
		`"haClientRuntimeInfo":{"activated":false,"lastReadTimestamp":0,"lastWriteTimestamp":0,`} {
		if !strings.Contains(string(a.body), want) {
			t.Errorf("no %s in %s", want, a.body)
		}
	}
	if strings.Contains(string(a.body), `"masterCommitLogMaxOffset":0`) {
		t.Errorf("no end in %s", a.body)
	}
}
