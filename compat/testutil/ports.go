package testutil

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// handedOut are ports that a test of this process got: another one must not get them before they are bound.
var handedOut sync.Map

// FreePort returns a port that is free on 127.0.0.1, as are those at the given distances from it. It lies below those
// that the system gives to outgoing connections, which would take it while a test starts its server again.
func FreePort(t testing.TB, distances ...int) int {
	t.Helper()
	for range 1000 {
		port := 10000 + rand.IntN(2000)*8 + 3
		if _, taken := handedOut.LoadOrStore(port, true); taken {
			continue
		}
		if allFree(port, append([]int{0}, distances...)) {
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

func allFree(port int, distances []int) bool {
	for _, d := range distances {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+d))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}
