package broker

import (
	"net/netip"
	"testing"
)

// TestResolve: an address is itself; a name gives an IPv4 address where it has one, since message ids of 4.x have room
// for no other.
func TestResolve(t *testing.T) {
	for _, text := range []string{"10.0.0.1", "::1"} {
		if got, err := resolve(text); err != nil || got != netip.MustParseAddr(text) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if got, err := resolve("localhost"); err != nil || got != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("localhost: %v, %v", got, err)
	}
	if got, err := resolve("no.such.host.invalid"); err == nil {
		t.Errorf("a name that nobody has: %v", got)
	}
}
