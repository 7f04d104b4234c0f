package integration

import (
	"testing"
	"time"

	"gorocket/integration/goclient"
	"gorocket/integration/harness"
)

// TestRestartKeepsOffsets stops the broker with SIGTERM between two lives of a group's consumer: what was read stays
// read, what was not read arrives once.
func TestRestartKeepsOffsets(t *testing.T) {
	harness.Count(t)
	c := harness.New(t)
	ns, broker := c.Pair(harness.DefaultKind())
	run := newRunID()
	t.Run("go client", func(t *testing.T) {
		goclient.BeforeRestart(t, goclient.NewEnv(t, ns.Addr(), broker.Addr(), run))
	})
	version, java := javaVersions[1], harness.MissingJava() == ""
	if java {
		needJava(t, version)
		expect(t, runJava(t, c, version, run, "restart-1"), []string{"offsetRestartBefore"})
	}
	restart(t, broker)
	t.Run("go client after", func(t *testing.T) {
		goclient.AfterRestart(t, goclient.NewEnv(t, ns.Addr(), broker.Addr(), run))
	})
	if java {
		expect(t, runJava(t, c, version, run, "restart-2"), []string{"offsetRestartAfter"})
	}
}

func restart(t *testing.T, s *harness.Server) {
	t.Helper()
	start := time.Now()
	code, err := s.Stop()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s ended with status %d after %v", s.Name, code, time.Since(start).Round(time.Millisecond))
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
}
