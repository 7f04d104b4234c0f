package harness

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// handedOut are the ports of this process's servers: two tests that run at the same time do not get the same.
var handedOut sync.Map

// FreePort returns a port p such that p-2 (fast port), p and p+1 (HA) are free on this machine, below the range from
// which the kernel takes ports for outgoing connections. Those of different servers do not overlap, though neither may
// have bound its own yet.
func FreePort() (int, error) {
	for range 200 {
		p := 18000 + rand.IntN(3450)*4 // p-2 to p+1
		if _, taken := handedOut.LoadOrStore(p, true); taken {
			continue
		}
		if free(p-2) && free(p) && free(p+1) {
			return p, nil
		}
	}
	return 0, fmt.Errorf("harness: no three free ports in 18000..31800")
}

func free(port int) bool {
	l, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		return false
	}
	l.Close()
	return true
}
