package promtool

import (
	"os/exec"
	"strings"
	"testing"

	"gorocket/integration/harness"
)

// TestMain lets the test run on demand only: few machines have the tool.
func TestMain(m *testing.M) {
	harness.OnDemand(m, "PROMTOOL", "promtool", "make promtool (needs promtool on the PATH)")
}

// TestPromtool: Prometheus's own tool takes the alert rules, and their unit tests pass.
func TestPromtool(t *testing.T) {
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatal("promtool is not on the PATH: it comes with Prometheus (apt-get install prometheus)")
	}
	for _, args := range []string{"check rules alerts.yml", "test rules alerts_test.yml"} {
		c := exec.Command(tool, strings.Fields(args)...)
		c.Dir = "../../docs/monitoring"
		out, err := c.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "SUCCESS") {
			t.Errorf("promtool %s: %v\n%s", args, err, out)
		}
		t.Logf("%s", out)
	}
}
