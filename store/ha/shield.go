package ha

import (
	"context"
	"fmt"
	"net"
	"time"
)

// Shield makes of a connection one that nobody between reads or changes, and whose other side has shown who it is. It
// waits for that side, as long as ctx; sock may be closed meanwhile, and is still closed by who has given it.
type Shield func(ctx context.Context, sock net.Conn) (net.Conn, error)

// shieldLimit is how long the two sides have for it.
const shieldLimit = 10 * time.Second

// over runs the shield, if there is one.
func (s Shield) over(ctx context.Context, sock net.Conn) (net.Conn, error) {
	if s == nil {
		return sock, nil
	}
	ctx, cancel := context.WithTimeout(ctx, shieldLimit)
	defer cancel()
	safe, err := s(ctx, sock)
	if err != nil {
		return nil, fmt.Errorf("ha: haTlsEnable: %w", err)
	}
	return safe, nil
}
