package remoting

import (
	"testing"

	"gorocket/remoting/wire"
)

// TestClientDefaults: a client takes headers of any length unless it is told otherwise: the answer to a large batch has
// all ids in one. It has one event loop and two workers at least.
func TestClientDefaults(t *testing.T) {
	table, err := NewTable()
	if err != nil {
		t.Fatal(err)
	}
	for given, want := range map[int]int{0: wire.HeaderMask, -1: wire.HeaderMask, 1: 1, 1000: 1000} {
		c, err := NewClient(table, Options{MaxHeader: given})
		if err != nil {
			t.Fatal(err)
		}
		if o := c.engine.opts; o.MaxHeader != want || o.EventLoops != 1 || o.Workers != 2 {
			t.Errorf("MaxHeader %d became %d, with %d loops and %d workers", given, o.MaxHeader, o.EventLoops, o.Workers)
		}
	}
}
