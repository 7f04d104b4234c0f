package javastore

import (
	"testing"

	"gorocket/integration/harness"
)

// TestMain lets the tests run on demand only: they take minutes.
func TestMain(m *testing.M) {
	harness.OnDemand(m, "JAVASTORE", "javastore", "make java-store (about 5 minutes, needs a JDK and Maven)")
}
