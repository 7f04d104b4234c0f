package main

import (
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker"
)

// reachTimeout is how long the self-dial waits.
const reachTimeout = time.Second

// reachable dials an address and says in words what happened. It shows the classic mistake of containers and several
// networks: clients are told an address that nobody can reach.
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
	fmt.Fprintf(out, "Broker      %s in cluster %s listens on %s:%d (fast port %d)\n", c.BrokerName, c.BrokerClusterName,
		c.BindAddress, c.ListenPort, c.ListenPort-2)
	fmt.Fprintf(out, "            clients are told %s: %s\n", c.Addr(), reachable(c.Addr()))
	fmt.Fprintf(out, "            store %s, %s\n", c.StorePathRootDir, c.FlushDiskType)
	printMetrics(out, b.MetricsAddr(), b.MetricsErr())
}

// printMetrics tells where metrics and health are, or why they are not there.
func printMetrics(out io.Writer, addr string, err error) {
	switch {
	case err != nil:
		fmt.Fprintf(out, "            metrics and health are NOT served: %v\n", err)
	case addr != "":
		fmt.Fprintf(out, "            metrics http://%s/metrics, health http://%s/health\n", addr, addr)
	}
}

// logBroker is printBroker as a line of the log.
func logBroker(log zerolog.Logger, b *broker.Broker) {
	c := b.Config()
	log.Info().Str("broker", c.BrokerName).Str("cluster", c.BrokerClusterName).Str("bindAddress", c.BindAddress).
		Int("port", c.ListenPort).Int("fastPort", c.ListenPort-2).Str("advertised", c.Addr()).
		Str("reachable", reachable(c.Addr())).Str("store", c.StorePathRootDir).Str("flush", c.FlushDiskType).
		Str("metrics", b.MetricsAddr()).AnErr("noMetrics", b.MetricsErr()).Str("namesrv", c.NamesrvAddr).
		Msg("The broker boot success")
}

// portTries is how many ports freePort looks at: client connections of the machine may hold many of those that the
// system offers.
const portTries = 1000

// freePort finds a port of the loopback address that can be listened on, and where below is not 0 the one that much
// below it too. None of taken.
func freePort(below int, taken ...int) (int, error) {
	for range portTries {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		port := l.Addr().(*net.TCPAddr).Port
		ok := !slices.Contains(taken, port) && (below == 0 || isFree(port-below))
		_ = l.Close()
		if ok {
			return port, nil
		}
	}
	return 0, fmt.Errorf("%d ports of 127.0.0.1 tried, none is free", portTries)
}

func isFree(port int) bool {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}
