package replicas

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// controllers asks whichever controller leads. Java: ReplicasManager.updateControllerMetadata,
// scanAvailableControllerAddresses.
type controllers struct {
	client *remoting.Client
	list   func() (addrs []string, byName bool) // controllerAddr; byName: hosts stand for several

	mu     sync.Mutex
	leader string    // guarded by mu; host:port, "" when it has to be found
	found  time.Time // guarded by mu
	known  []string  // guarded by mu; with byName: what the names stood for last
	looked time.Time // guarded by mu
}

const (
	askTimeout = 3 * time.Second // Java: BrokerOuterAPI, for requests to controllers
	nameLife   = 2 * time.Minute // Java: updateControllerAddr
)

// errNoController says that no controller is leader, or none is reached.
var errNoController = errors.New("no controller that leads is reached")

// addrs are the controllers' addresses.
func (c *controllers) addrs(ctx context.Context) []string {
	list, byName := c.list()
	if !byName {
		return list
	}
	c.mu.Lock()
	known, fresh := c.known, time.Since(c.looked) < nameLife
	c.mu.Unlock()
	if fresh && len(known) > 0 {
		return known
	}
	var found []string
	for _, addr := range list {
		host, port, _ := net.SplitHostPort(addr)
		ips, err := net.DefaultResolver.LookupHost(ctx, host)
		if err != nil {
			continue
		}
		for _, ip := range ips {
			found = append(found, net.JoinHostPort(ip, port))
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(found) > 0 {
		slices.Sort(found)
		c.known, c.looked = slices.Compact(found), time.Now()
	}
	return c.known
}

// find is the leader's address: the last one, unless it is older than period.
func (c *controllers) find(ctx context.Context, period time.Duration) (string, error) {
	c.mu.Lock()
	leader, fresh := c.leader, time.Since(c.found) < period
	c.mu.Unlock()
	if leader != "" && fresh {
		return leader, nil
	}
	if now := c.ask(ctx); now != "" {
		c.mu.Lock()
		c.leader, c.found = now, time.Now()
		c.mu.Unlock()
		return now, nil
	}
	if leader == "" {
		return "", errNoController
	}
	return leader, nil
}

// ask asks all controllers at once who leads, and takes the first answer that names one.
func (c *controllers) ask(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	addrs := c.addrs(ctx)
	answers := make(chan string, len(addrs))
	for _, addr := range addrs {
		go func() {
			h, err := remoting.AskHeader(ctx, c.client, addr, wire.ReqControllerGetMetadataInfo, wire.ControllerMetadataResponse)
			if err != nil {
				h.LeaderAddress = ""
			}
			answers <- h.LeaderAddress
		}()
	}
	for range addrs {
		if leader := <-answers; leader != "" {
			return leader
		}
	}
	return ""
}

// leave closes the connections to the controllers: they take this broker for gone at once.
func (c *controllers) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
	defer cancel()
	for _, addr := range c.addrs(ctx) {
		if conn := c.client.Open(addr); conn != nil {
			conn.Close()
		}
	}
}

const leaveTimeout = 100 * time.Millisecond

// lost forgets the leader: it did not answer, or said that it is none.
func (c *controllers) lost(addr string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leader == addr {
		c.leader = ""
	}
}

// unheardError says that no controller that leads has answered, which says nothing of this broker.
type unheardError struct{ error }

func (e unheardError) Unwrap() error { return e.error }

// unheard makes one of an error to a question that no controller decided.
func unheard(err error) error {
	if code := refused(err); err != nil && (code == 0 || code == wire.ControllerNotLeader || code == wire.SystemError) {
		return unheardError{err}
	}
	return err
}

// tell asks the leader for something. The error is a *remoting.ResponseError for a code that is not SUCCESS. When one
// turns out not to lead, or is not reached, the next one is asked; an error after that is errMayBe, too.
func tell[T, R any](ctx context.Context, c *controllers, period time.Duration, code int32, ht *wire.HeaderType[T], h *T,
	body []byte, answer *wire.HeaderType[R], out *R) (*wire.Command, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var resp *wire.Command
	var addr string
	var err error
	asked := false // another one, which says that it does not lead
	for range tries {
		if addr, err = c.find(ctx, period); err != nil {
			return nil, unheard(err)
		}
		var again bool
		if resp, again, err = once(ctx, c, addr, code, ht, h, body); err != nil && asked {
			err = fmt.Errorf("%w; %w", err, errMayBe)
		}
		if !again {
			break
		}
		asked = resp != nil
	}
	if err = unheard(err); err == nil && answer != nil {
		if err = answer.Decode(resp, nil, out); err != nil {
			err = fmt.Errorf("controller %s: %w", addr, err)
		}
	}
	return resp, err
}

// errMayBe says that another controller was asked before: it lost its place meanwhile, and what it had proposed to the
// others may come true.
var errMayBe = errors.New("a controller that does not lead any more was asked for it too")

// tries is how many leaders are asked: the one that is known, and the one that is found when that is none.
const tries = 2

// once asks one controller; again: it does not lead, and another one may.
func once[T any](ctx context.Context, c *controllers, addr string, code int32, ht *wire.HeaderType[T], h *T,
	body []byte) (resp *wire.Command, again bool, err error) {
	conn, err := c.client.Conn(ctx, addr)
	if err != nil {
		c.lost(addr)
		return nil, ctx.Err() == nil, err
	}
	if resp, err = remoting.Invoke(ctx, conn, code, ht, h, body); err != nil {
		c.lost(addr)
		return nil, false, fmt.Errorf("controller %s: %w", addr, err)
	}
	if resp.Code != wire.Success {
		if again = resp.Code == wire.ControllerNotLeader; again {
			c.lost(addr)
		}
		err = &remoting.ResponseError{Addr: addr, Code: resp.Code, Remark: resp.Remark}
	}
	return resp, again, err
}

// refused is the code of an answer that is not SUCCESS; 0 when there was no answer.
func refused(err error) int32 {
	var e *remoting.ResponseError
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}
