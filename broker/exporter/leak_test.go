package exporter

import (
	"net/http"
	"testing"

	"gorocket/compat/testutil"
)

// TestMain looks for goroutines that outlive the tests.
func TestMain(m *testing.M) { testutil.Main(m, http.DefaultClient.CloseIdleConnections) }
