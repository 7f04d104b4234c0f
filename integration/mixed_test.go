package integration

import (
	"testing"

	"gorocket/integration/goclient"
	"gorocket/integration/harness"
)

// mixedCases are enough to show that routes, topics and groups work across makers.
var mixedCases = []string{"sendSync", "pushTags", "rebalance3", "retryThenSuccess", "orderlyByKey"}

// TestMixedCluster pairs our servers with Java's, both ways.
func TestMixedCluster(t *testing.T) {
	for _, m := range []struct {
		name          string
		names, broker harness.Kind
	}{
		{"Java name server, our broker", harness.Java, harness.Go},
		{"our name server, Java broker", harness.Go, harness.Java},
	} {
		t.Run(m.name, func(t *testing.T) {
			harness.Count(t)
			c := harness.New(t)
			ns := c.Namesrv(own(m.names), nil)
			broker := c.Broker(own(m.broker), "broker-a", nil)
			runGo(t, ns, broker)
			runMixedJava(t, c)
		})
	}
	t.Run("both kinds of name server, both brokers", bothKinds)
}

// own lets GOROCKET_KIND=java run these tests with Java on both sides.
func own(k harness.Kind) harness.Kind {
	if k == harness.Go {
		return harness.DefaultKind()
	}
	return k
}

// bothKinds has two name servers and two brokers in one cluster; clients know only one name server at a time.
func bothKinds(t *testing.T) {
	harness.Count(t)
	c := harness.New(t)
	javaNames := c.Namesrv(harness.Java, nil)
	ourNames := c.Namesrv(own(harness.Go), nil)
	ours := c.Broker(own(harness.Go), "broker-a", nil)
	javas := c.Broker(harness.Java, "broker-b", nil)
	t.Run("through the Java name server", func(t *testing.T) { runGo(t, javaNames, ours) })
	t.Run("through our name server", func(t *testing.T) { runGo(t, ourNames, javas) })
	runMixedJava(t, c)
}

// runGo runs the mixed cases of the Go client through one name server; topics are made at the given broker.
func runGo(t *testing.T, ns, broker *harness.Server) {
	t.Helper()
	want := map[string]bool{}
	for _, n := range mixedCases {
		want[n] = true
	}
	t.Run("go client", func(t *testing.T) {
		e := goclient.NewEnv(t, ns.Addr(), broker.Addr(), newRunID())
		for _, cs := range goclient.Cases() {
			if want[cs.Name] {
				t.Run(cs.Name, func(t *testing.T) { t.Parallel(); cs.Run(t, e) })
			}
		}
	})
}

func runMixedJava(t *testing.T, c *harness.Cluster) {
	t.Helper()
	version := javaVersions[1]
	needJava(t, version)
	expect(t, runJava(t, c, version, newRunID(), "all", mixedCases...), mixedCases)
}
