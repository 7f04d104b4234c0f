package remoting

import (
	"testing"

	"gorocket/compat/testutil"
)

// TestMain looks for goroutines that outlive the tests.
func TestMain(m *testing.M) { testutil.Main(m) }

// TestClientThatNeverStarted can be stopped, as when what comes before it in a start fails.
func TestClientThatNeverStarted(t *testing.T) {
	table, err := NewTable()
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(table, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	}
}
