package remoting

import (
	"context"
	"errors"
	"net"
	"time"
)

// resolveTimeout bounds the look for the address of a host name.
const resolveTimeout = 5 * time.Second

// CheckListenHost tells why a server cannot listen on host: it is neither an IP address nor a name that is known
// here. An empty one means all addresses. It may ask a name server and must not be called on an event loop.
func CheckListenHost(host string) error {
	if host == "" || net.ParseIP(host) != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), resolveTimeout)
	defer cancel()
	if _, err := net.DefaultResolver.LookupHost(ctx, host); err != nil {
		return errors.New("is neither an IP address nor a host name that is known here")
	}
	return nil
}
