package store

import (
	"testing"

	"gorocket/compat/testutil"
)

// TestMain fails the run when a goroutine of the package outlives its store.
func TestMain(m *testing.M) { testutil.Main(m) }
