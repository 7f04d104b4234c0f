package integration

import (
	"testing"
	"time"

	"gorocket/integration/goclient"
	"gorocket/integration/harness"
)

// mixedCases are enough to show that routes, topics and groups work across makers.
var mixedCases = []string{"sendSync", "pushTags", "rebalance3", "retryThenSuccess", "orderlyByKey"}

// TestMixedCluster pairs our servers with Java's, both ways.
func TestMixedCluster(t *testing.T) {
	t.Parallel() // waits for JVMs most of the time
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
			start := time.Now()
			runGo(t, ns, broker)
			runMixedJava(t, c)
			staysRegistered(t, start, broker)
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
	start := time.Now()
	t.Run("through the Java name server", func(t *testing.T) { runGo(t, javaNames, ours) })
	t.Run("through our name server", func(t *testing.T) { runGo(t, ourNames, javas) })
	runMixedJava(t, c)
	staysRegistered(t, start, ours, javas)
}

// staysRegistered watches the brokers until two rounds of a Java name server's 5 s scan have passed: it drops a broker
// that gave no sign of life for as long as the broker itself promised.
func staysRegistered(t *testing.T, start time.Time, brokers ...*harness.Server) {
	t.Helper()
	end := time.Now().Add(6 * time.Second) // at least one round
	if two := start.Add(11 * time.Second); two.After(end) {
		end = two
	}
	for ; time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		for _, b := range brokers {
			if err := b.Registered(); err != nil {
				t.Fatalf("%v after %v", err, time.Since(start).Round(time.Second))
			}
		}
	}
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
