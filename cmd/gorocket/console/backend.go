package console

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// backend is the cluster as one user sees it: a client that signs as that user, and what it said lately.
type backend struct {
	*admin.Client
	names *backend // knows where brokers are; nil: it does itself
	user  string   // "" where nobody logs in
	super bool     // may change things

	mu      sync.Mutex
	answers map[string]*answer // guarded by mu
	history history            // guarded by its own lock
}

// Limits of what a backend remembers.
const (
	maxAnswers  = 64
	answerLives = 5 * time.Second
	briefly     = 1500 * time.Millisecond // what is looked at live: less than the script waits between two looks
	fillTimeout = 30 * time.Second        // of an answer that several requests may wait for
)

// answer is what a question brought; its fields are written before done is closed.
type answer struct {
	done  chan struct{}
	value any
	err   error
	asked time.Time
}

func newBackend(cl *admin.Client) *backend {
	return &backend{Client: cl, answers: map[string]*answer{}}
}

func (b *backend) close() error { return b.Client.Close() }

// forget makes the next questions be asked anew: after something was changed.
func (b *backend) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.answers)
}

// remember asks, or returns what was asked less than answerLives ago.
func remember[T any](ctx context.Context, b *backend, key string, ask func(context.Context) (T, error)) (T, error) {
	return rememberFor(ctx, b, key, answerLives, ask)
}

// list is what the masters have in their tables, by name, and what brokers could not be asked.
type list[R any] struct {
	rows   []R
	partly []string
}

func byName[R any](sums map[string]*R, partly []string) list[R] {
	l := list[R]{partly: partly}
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		l.rows = append(l.rows, *sums[name])
	}
	return l
}

// rememberFor asks, or returns what was asked less than a time ago; who asks the same at the same time waits for one
// answer. Errors are not remembered.
func rememberFor[T any](ctx context.Context, b *backend, key string, lives time.Duration,
	ask func(context.Context) (T, error)) (T, error) {
	b.mu.Lock()
	a := b.answers[key]
	if a == nil || time.Since(a.asked) > lives {
		a = &answer{done: make(chan struct{}), asked: time.Now()}
		b.makeRoom()
		b.answers[key] = a
		go func() { // not the request's: others wait for it, too
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fillTimeout)
			defer cancel()
			defer close(a.done)
			a.value, a.err = ask(ctx)
			if a.err != nil {
				b.drop(key, a)
			}
		}()
	}
	b.mu.Unlock()
	var none T
	select {
	case <-a.done:
	case <-ctx.Done():
		return none, ctx.Err()
	}
	if a.err != nil {
		return none, a.err
	}
	return a.value.(T), nil
}

func (b *backend) drop(key string, a *answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.answers[key] == a {
		delete(b.answers, key)
	}
}

// makeRoom forgets the oldest answer when there are too many. The caller holds mu.
func (b *backend) makeRoom() {
	if len(b.answers) < maxAnswers {
		return
	}
	oldest := ""
	for k, a := range b.answers {
		if oldest == "" || a.asked.Before(b.answers[oldest].asked) {
			oldest = k
		}
	}
	delete(b.answers, oldest)
}

// nodes lists the brokers of all clusters.
func (b *backend) nodes(ctx context.Context) ([]admin.Node, error) {
	return remember(ctx, b, "nodes", func(ctx context.Context) ([]admin.Node, error) {
		all, err := b.Nodes(ctx, "")
		if admin.CodeOf(err) == wire.NoPermission && b.names != nil { // NameServers tell it to SUPER users only
			return b.names.nodes(ctx)
		}
		return all, err
	})
}

// masters lists those of them that are masters.
func (b *backend) masters(ctx context.Context) ([]admin.Node, error) {
	all, err := b.nodes(ctx)
	return slices.DeleteFunc(slices.Clone(all), func(n admin.Node) bool { return !n.Master() }), err
}

// clusters lists the names of the clusters.
func (b *backend) clusters(ctx context.Context) (names []string, err error) {
	all, err := b.nodes(ctx)
	for _, n := range all {
		if !slices.Contains(names, n.Cluster) {
			names = append(names, n.Cluster)
		}
	}
	return names, err
}

// node is the broker at an address that a browser sent: nothing is asked at addresses that no NameServer names.
func (b *backend) node(ctx context.Context, addr string) (admin.Node, error) {
	all, err := b.nodes(ctx)
	if err != nil {
		return admin.Node{}, err
	}
	for _, n := range all {
		if n.Addr == addr {
			return n, nil
		}
	}
	return admin.Node{}, fail("error.broker", addr)
}

// broker is the group of a name in a topic's route.
func (b *backend) broker(ctx context.Context, topic, name string) (admin.Node, error) {
	route, err := b.Route(ctx, topic)
	if err != nil {
		return admin.Node{}, err
	}
	for _, n := range admin.Selected(route) {
		if n.Broker == name {
			return n, nil
		}
	}
	return admin.Node{}, fail("error.broker", name)
}

// mastersOf lists a cluster's masters.
func (b *backend) mastersOf(ctx context.Context, cluster string) (nodes []admin.Node, err error) {
	all, err := b.masters(ctx)
	for _, n := range all {
		if n.Cluster == cluster {
			nodes = append(nodes, n)
		}
	}
	if err == nil && len(nodes) == 0 {
		err = fail("error.cluster", cluster)
	}
	return nodes, err
}

// each asks all masters; partly is what those could not be asked say, one line each.
func each[T any](ctx context.Context, b *backend, ask func(ctx context.Context, n admin.Node) (T, error)) (
	nodes []admin.Node, all []T, partly []string, err error) {
	if nodes, err = b.masters(ctx); err != nil {
		return nil, nil, nil, err
	}
	all = make([]T, len(nodes))
	errs := admin.Each(b.Parallel(), nodes, func(i int, n admin.Node) (err error) {
		all[i], err = ask(ctx, n)
		return err
	})
	good := 0
	for i := range nodes {
		if errs[i] != nil {
			partly = append(partly, fmt.Sprint(errs[i]))
			continue
		}
		nodes[good], all[good] = nodes[i], all[i]
		good++
	}
	if good == 0 && len(partly) > 0 {
		return nil, nil, nil, errs[0]
	}
	return nodes[:good], all[:good], partly, nil
}

// queueRow is a queue with its ends.
type queueRow struct {
	protocol.MessageQueue
	Min, Max int64
	Last     int64 // ms; of the last message
}
