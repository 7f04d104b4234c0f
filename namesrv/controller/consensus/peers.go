package consensus

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Peer is one member of the group.
type Peer struct {
	ID   string // "n0"
	Addr string // host:port of its controller
}

// MaxPeers is how many members a group may have.
const MaxPeers = 9

// ParsePeers reads Java's controllerDLegerPeers: "n0-127.0.0.1:9877;n1-127.0.0.1:9878". Errors name the part.
func ParsePeers(text string) (peers []Peer, err error) {
	ids, addrs := map[string]bool{}, map[string]bool{}
	for part := range strings.SplitSeq(text, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		id, addr, found := strings.Cut(part, "-")
		host, port, splitErr := net.SplitHostPort(addr)
		n, portErr := strconv.Atoi(port)
		switch {
		case !found || id == "" || splitErr != nil || host == "" || portErr != nil || n < 1 || n > 65535:
			return nil, fmt.Errorf("%q is no member: want id-host:port, such as n0-10.0.0.1:9877", part)
		case ids[id]:
			return nil, fmt.Errorf("two members have the id %q", id)
		case addrs[addr]:
			return nil, fmt.Errorf("two members have the address %q", addr)
		}
		ids[id], addrs[addr] = true, true
		peers = append(peers, Peer{id, addr})
	}
	if len(peers) == 0 || len(peers) > MaxPeers {
		return nil, fmt.Errorf("%d members: want 1 to %d", len(peers), MaxPeers)
	}
	return peers, nil
}
