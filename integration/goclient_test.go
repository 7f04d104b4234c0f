package integration

import (
	"testing"

	"gorocket/integration/goclient"
	"gorocket/integration/harness"
)

// TestGoClient runs every case of Apache's Go client, all at once, against one cluster.
func TestGoClient(t *testing.T) {
	harness.Count(t)
	c := harness.New(t)
	ns, broker := c.Pair(harness.DefaultKind())
	// the parallel subtests end after this function's body: the producer must live until then
	e := goclient.NewEnv(t, ns.Addr(), broker.Addr(), newRunID())
	for _, cs := range goclient.Cases() {
		t.Run(cs.Name, func(t *testing.T) {
			t.Parallel()
			cs.Run(t, e)
		})
	}
}
