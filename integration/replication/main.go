// Command replication kills master or slave of a pair of real brokers with SIGKILL, in turns, while producers send under
// SYNC_MASTER with inSyncReplicas=2, and while the network between the two is cut, delayed or throttled. Then both have
// every message that was acknowledged, where it was acknowledged, once; no queue has a gap; and both logs are the same
// byte by byte. With -clear nothing happens to the network.
//
//	GOROCKET_BIN=../bin go run ./replication -kills 200
//
// The network is the kernel's, where this process may make network namespaces (root, with ip, tc and nsenter): a link
// that goes down, a rate, a delay where the kernel has netem. Elsewhere, or with -proxy, it is a proxy in front of the
// master's haListenPort, which needs no rights. What was used is said, and counted.
package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"
)

var (
	kills   = flag.Int("kills", 200, "how many brokers to kill")
	seed    = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of everything random")
	load    = flag.Duration("load", 1200*time.Millisecond, "longest time of acknowledgements between two kills")
	calm    = flag.Bool("clear", false, "only kills: the network between the two stays as it is")
	proxied = flag.Bool("proxy", false, "a proxy instead of network namespaces")
	checks  = flag.Int("check", 25, "compare everything after so many kills")
)

func main() {
	flag.Parse()
	fmt.Printf("replication: %d kills, seed %d\n", *kills, *seed)
	began := time.Now()
	p := newPair()
	if !*proxied && !*calm {
		p.enter()
	}
	err := p.run()
	fmt.Printf("replication: %d kills of the master, %d of the slave, %d checks, %d messages acknowledged, %d not, in %v\n",
		p.killed["master"], p.killed["slave"], p.checked, p.ledger.count(), p.ledger.refused.Load(),
		time.Since(began).Round(time.Second))
	for _, w := range weathers {
		if longest, ok := p.slowest[w.name]; ok {
			fmt.Printf("replication: network %-9s longest pause of acknowledgements %v\n", w.name,
				longest.Round(time.Millisecond))
		}
	}
	for _, what := range slices.Sorted(maps.Keys(p.means)) {
		fmt.Printf("replication: %d kills under %s\n", p.means[what], what)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "replication: FAILED with seed %d: %v\n", *seed, err)
		os.Exit(1)
	}
}
