// Package controller has our controllers elect masters among brokers of Java 5.5.0, which are killed and come back.
package controller

import (
	"testing"

	"gorocket/integration/harness"
)

// TestMain lets the tests run on demand only: Java's brokers take their time.
func TestMain(m *testing.M) {
	harness.OnDemand(m, "HA", "controller", "make ha SCENARIO=controller (about 5 minutes, needs a JDK and Maven)")
}
