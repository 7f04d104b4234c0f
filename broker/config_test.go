package broker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"gorocket/broker/config"
	"gorocket/compat"
	keys "gorocket/compat/config"
)

// Whatever the table lets in over the wire must let the next start in too, and neither may panic: each numeric key at
// the ends of its range.
func TestEveryBoundIsAccepted(t *testing.T) {
	for _, k := range keys.BrokerFile {
		if k.Choices != nil || k.Min == k.Max {
			continue
		}
		if k.Min < 0 && k.Name != "brokerId" && k.Name != "defaultPopShareQueueNum" { // -1: a controller gives it, with all
			t.Errorf("%s has no lower bound", k.Name)
		}
		for _, n := range []int64{k.Min, k.Max} {
			key, value := k.Name, fmt.Sprint(n)
			c := config.Default()
			c.StorePathRootDir = t.TempDir()
			p := &compat.Properties{}
			p.Set(key, value)
			if _, err := c.Bind(p); err != nil {
				t.Errorf("%s=%s: %v", key, value, err)
				continue
			}
			if _, err := New(c, zerolog.Nop()); err != nil {
				t.Errorf("%s=%s: %v", key, value, err)
			}
		}
	}
}

// TestBrokerHost: clients are told a host name as it stands; message ids carry its address.
func TestBrokerHost(t *testing.T) {
	c := config.Default()
	c.BrokerIP1, c.StorePathRootDir = "localhost", t.TempDir()
	b, err := New(c, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if got := b.Config().Addr(); got != "localhost:10911" || !b.storeHost.Addr().IsLoopback() {
		t.Errorf("told %s, stored %s", got, b.storeHost)
	}
	c.BrokerIP1 = "no such host"
	if _, err := New(c, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "brokerIP1=no such host") {
		t.Errorf("bad host: %v", err)
	}
}
