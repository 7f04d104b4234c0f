package ha

import (
	"fmt"
	"os"
	"testing"

	"gorocket/integration/harness"
)

// TestMain lets the tests run on demand only: Java's brokers take their time.
func TestMain(m *testing.M) {
	if os.Getenv("HA") == "" {
		fmt.Println("ha: not run: set HA=1, or make ha (about 3 minutes, needs a JDK and Maven)")
		return
	}
	code := m.Run()
	harness.Summary(os.Stdout)
	os.Exit(code)
}

// need counts the test and skips it where our binary, a JDK or Maven is missing.
func need(t *testing.T) {
	t.Helper()
	harness.Count(t)
	if why := harness.Go.Missing(); why != "" {
		t.Fatalf("%s; run make build first, or set GOROCKET_BIN", why)
	}
	if why := harness.MissingJava(); why != "" {
		harness.Skip(t, why)
	}
}
