// Package remotingtest starts servers for the tests of other packages: peers that answer as the test says.
package remotingtest

import (
	"context"
	"testing"
	"time"

	"gorocket/remoting"
)

// stopTime bounds the end of a server.
const stopTime = 10 * time.Second

// Serve starts a server of these entries on a free loopback port and returns its address. It ends with the test.
func Serve(t testing.TB, entries ...remoting.Entry) (addr string) {
	t.Helper()
	table, err := remoting.NewTable(entries...)
	if err != nil {
		t.Fatal(err)
	}
	return ServeTable(t, table, remoting.Options{})
}

// ServeTable is Serve for a table that is there already, and with limits.
func ServeTable(t testing.TB, table *remoting.Table, opts remoting.Options) (addr string) {
	t.Helper()
	s, err := remoting.NewServer(table, opts, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Errorf("the end of a server of the test: %v", err)
		}
	})
	return s.Addrs()[0]
}
