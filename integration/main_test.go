package integration

import (
	"os"
	"testing"

	"gorocket/integration/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Summary(os.Stdout)
	os.Exit(code)
}
