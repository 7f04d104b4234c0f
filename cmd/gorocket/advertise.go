package main

import (
	"fmt"
	"io"
	"net"
	"time"

	"gorocket/broker"
)

// reachTimeout is how long the self-dial waits.
const reachTimeout = time.Second

// reachable dials an address and says in words what happened. It shows the classic mistake of containers and several networks:
// clients are told an address that nobody can reach.
func reachable(addr string) string {
	c, err := net.DialTimeout("tcp", addr, reachTimeout)
	if err != nil {
		return fmt.Sprintf("NOT reachable from here: %v (set brokerIP1 or --advertise)", err)
	}
	_ = c.Close()
	return "reachable from here"
}

// printBroker tells where the broker listens and what its clients will be told.
func printBroker(out io.Writer, b *broker.Broker) {
	c := b.Config()
	fmt.Fprintf(out, "Broker      %s in cluster %s listens on %s:%d (fast port %d)\n", c.BrokerName, c.BrokerClusterName, c.BindAddress, c.ListenPort, c.ListenPort-2)
	fmt.Fprintf(out, "            clients are told %s: %s\n", c.Addr(), reachable(c.Addr()))
	fmt.Fprintf(out, "            store %s, %s\n", c.StorePathRootDir, c.FlushDiskType)
	if addr := b.MetricsAddr(); addr != "" {
		fmt.Fprintf(out, "            metrics http://%s/metrics\n", addr)
	}
}

// freePorts finds n free ports in a row with a start that leaves room for them, on the loopback address.
func freePorts(n int) (int, error) {
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		base := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		if base+n <= 65535 && allFree(base, n) {
			return base, nil
		}
	}
	return 0, fmt.Errorf("no %d free ports in a row", n)
}

func allFree(base, n int) bool {
	for p := base; p < base+n; p++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}
