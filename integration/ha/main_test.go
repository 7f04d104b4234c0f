package ha

import (
	"testing"

	"gorocket/integration/harness"
)

// TestMain lets the tests run on demand only: Java's brokers take their time.
func TestMain(m *testing.M) {
	harness.OnDemand(m, "HA", "ha", "make ha (about 9 minutes, needs a JDK and Maven)")
}
