package integration

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"gorocket/integration/harness"
)

// listWithin is how long `mqadmin clusterList` may take as a process, from its start to its end.
const listWithin = 30 * time.Millisecond

// TestClusterListIsFast: scripts call mqadmin often. Of 40 runs the fastest counts: the machine may be busy, not every
// time.
func TestClusterListIsFast(t *testing.T) {
	harness.Count(t)
	c := harness.New(t)
	c.Namesrv(harness.Go, nil)
	b := c.Broker(harness.Go, "broker-a", nil)
	best := time.Hour
	for range 40 {
		begin := time.Now()
		out, err := exec.Command(harness.Binary("mqadmin"), "clusterList", "-n", c.Names()).CombinedOutput()
		took := time.Since(begin)
		if err != nil || !strings.Contains(string(out), b.Addr()) {
			t.Fatalf("%v\n%s", err, out)
		}
		best = min(best, took)
	}
	t.Logf("%v at best", best)
	if best >= listWithin {
		t.Errorf("clusterList took %v at best, it may take %v", best, listWithin)
	}
}
