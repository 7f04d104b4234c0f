package remotingtest

import (
	"testing"

	"gorocket/remoting"
)

// Client starts a client that answers its peers with these entries. It ends with the test.
func Client(t testing.TB, entries ...remoting.Entry) *remoting.Client {
	t.Helper()
	table, err := remoting.NewTable(entries...)
	if err != nil {
		t.Fatal(err)
	}
	c, err := remoting.NewClient(table, remoting.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Errorf("the end of a client of the test: %v", err)
		}
	})
	return c
}
