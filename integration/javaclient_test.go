package integration

import (
	"context"
	"fmt"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/javaclient"
)

// javaVersions are the client releases that must work: the last 4.9 and the newest.
var javaVersions = []string{"4.9.8", "5.5.0"}

func TestJavaClient498(t *testing.T) { testJavaClient(t, javaVersions[0]) }

func TestJavaClient550(t *testing.T) { testJavaClient(t, javaVersions[1]) }

func testJavaClient(t *testing.T, version string) {
	harness.Count(t)
	needJava(t, version)
	c := harness.New(t)
	c.Pair(harness.DefaultKind())
	expect(t, runJava(t, c, version, newRunID(), "all"), javaclient.Cases)
}

// needJava builds the client project, or skips.
func needJava(t *testing.T, version string) {
	t.Helper()
	if why := harness.MissingJava(); why != "" {
		harness.Skip(t, why)
	}
	if err := javaclient.Build(version); err != nil {
		t.Fatal(err)
	}
}

func newRunID() string { return fmt.Sprintf("%x", time.Now().UnixMilli()&0xffffffff) }

// runJava runs one phase of the Java client and shows its output if a case failed.
func runJava(t *testing.T, c *harness.Cluster, version, runID, phase string, cases ...string) []javaclient.Result {
	t.Helper()
	dir, err := javaclient.MkDir(c.Dir(), "client-"+version+"-"+phase)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	start := time.Now()
	results, out, err := javaclient.Run(ctx, version, dir, c.Names(), runID, phase, cases...)
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(out))
	}
	t.Logf("java client %s, %s: %d cases in %v", version, phase, len(results), time.Since(start).Round(time.Millisecond))
	for _, r := range results {
		if !r.Pass {
			t.Logf("output of the client:\n%s", tail(out))
			break
		}
	}
	return results
}

func tail(s string) string { return s[max(0, len(s)-6000):] }

// expect makes a subtest of each result and fails for each wanted case that did not report.
func expect(t *testing.T, results []javaclient.Result, want []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, r := range results {
		seen[r.Name] = true
		t.Run(r.Name, func(t *testing.T) {
			if !r.Pass {
				t.Fatalf("%s ms: %s", r.Millis, r.Detail)
			}
			t.Logf("%s ms: %s", r.Millis, r.Detail)
		})
	}
	for _, name := range want {
		if !seen[name] {
			t.Errorf("case %s did not report", name)
		}
	}
}
