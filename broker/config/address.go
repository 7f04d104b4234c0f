package config

import (
	"net"
	"os"

	"gorocket/compat"
)

func hostName() string {
	h, err := os.Hostname()
	if err != nil || h == "" || len(h) > compat.TopicMaxLength {
		return "DEFAULT_BROKER"
	}
	return h
}

// LocalAddress guesses the address that clients can reach: the first IPv4 that is neither loopback nor link-local, else
// such an IPv6, else 127.0.0.1. Java: NetworkUtil.getLocalAddress.
func LocalAddress() string {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "127.0.0.1"
	}
	v6 := ""
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.IsLoopback() || n.IP.IsLinkLocalUnicast() {
			continue
		}
		if n.IP.To4() != nil {
			return n.IP.String()
		}
		if v6 == "" {
			v6 = n.IP.String()
		}
	}
	if v6 != "" {
		return v6
	}
	return "127.0.0.1"
}
