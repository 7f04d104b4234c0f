package secure

import (
	"testing"

	"gorocket/compat/testutil"
)

// TestMain looks for goroutines that outlive the tests.
func TestMain(m *testing.M) { testutil.Main(m) }
