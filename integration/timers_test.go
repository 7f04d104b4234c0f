package integration

import (
	"testing"

	"gorocket/integration/goclient"
	"gorocket/integration/harness"
)

// TestTimerClients: timer messages and recall with Apache's clients, old and new.
func TestTimerClients(t *testing.T) {
	t.Parallel() // waits for JVMs most of the time
	harness.Count(t)
	c := harness.New(t)
	kind := harness.DefaultKind()
	ns := c.Namesrv(kind, nil)
	broker := c.Broker(kind, "broker-a", harness.Conf{"timerWheelEnable": "true", "recallMessageEnable": "true"})
	t.Run("go", func(t *testing.T) { goclient.Timer(t, goclient.NewEnv(t, ns.Addr(), broker.Addr(), newRunID())) })
	for _, version := range javaVersions {
		t.Run("java "+version, func(t *testing.T) {
			needJava(t, version)
			expect(t, runJava(t, c, version, newRunID(), "timer"), []string{"timer", "recall"})
		})
	}
}
