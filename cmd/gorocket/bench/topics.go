package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

const topicsLong = `Create --count topics of --queues queues each on every broker, wait until a NameServer knows the route of each, and send one message to each queue
(not with --send=false).

  gorocket bench topics -n 127.0.0.1:9876 --count 1000 --queues 8 --delete

The topics have names that no other run uses. They stay unless you say --delete.`

// topicsBench is `bench topics`.
type topicsBench struct {
	count, queues, inFlight, size int
	prefix                        string
	remove, send                  bool
}

func (b *topicsBench) flags(c *cobra.Command, k *common) {
	k.duration, k.durationHelp, k.noWarmup, k.oneThread = 5*time.Minute, "time after which it gives up", true, true
	c.Flags().IntVar(&b.count, "count", 1000, "topics")
	c.Flags().IntVar(&b.queues, "queues", 8, "queues of each")
	c.Flags().IntVar(&b.inFlight, "in-flight", 8, "requests in flight")
	c.Flags().IntVar(&b.size, "size", 128, "bytes of a message's body")
	c.Flags().BoolVar(&b.send, "send", true, "send one message to each queue")
	c.Flags().StringVar(&b.prefix, "prefix", "", "begin of the names (default: bench_ and the time)")
	c.Flags().BoolVar(&b.remove, "delete", false, "delete the topics afterwards, on brokers and NameServers")
}

func (b *topicsBench) check(k *common) error {
	switch {
	case k.namesrv == "":
		return usage("topics needs -n: a NameServer has to know their routes")
	case b.count < 1 || b.count > 1_000_000:
		return usage("--count must be 1 to 1000000, not %d", b.count)
	case b.queues < 1 || b.queues > 1024:
		return usage("--queues must be 1 to 1024, not %d", b.queues)
	case b.inFlight < 1 || b.inFlight > 1024:
		return usage("--in-flight must be 1 to 1024, not %d", b.inFlight)
	case b.size < 0 || b.size > maxRequest:
		return usage("--size must be 0 to %d, not %d", maxRequest, b.size)
	case len(b.prefix) > 100:
		return usage("--prefix is too long: a topic has 127 bytes at most")
	}
	if b.prefix == "" {
		b.prefix = "bench_" + strconv.FormatInt(time.Now().UnixMilli(), 36) + "_"
	}
	return nil
}

func (b *topicsBench) name(i int) string { return fmt.Sprintf("%s%06d", b.prefix, i) }

func (b *topicsBench) run(ctx context.Context, e *env) (*report, error) {
	ctx, cancel := context.WithTimeout(ctx, e.duration)
	defer cancel()
	targets, err := e.brokers(ctx)
	if err != nil {
		return nil, err
	}
	s := &series{b: b, e: e, ctx: ctx, targets: targets}
	r := newReport("topics", fmt.Sprintf("bench topics at %s: %s x %d on %s, %d in flight", e.namesrv,
		plural(b.count, "topic"), b.queues, addresses(targets), b.inFlight))
	r.set("queues", b.queues)
	r.set("inFlight", b.inFlight)
	err = s.all(r)
	if b.remove {
		clean, stop := context.WithTimeout(context.WithoutCancel(ctx), e.duration)
		defer stop()
		s.ctx = clean
		if _, r.failed = s.remove(); r.failed != nil {
			r.note("not deleted", r.failed.Error())
		}
	}
	return r, err
}

// series is one run of topicsBench.
type series struct {
	b       *topicsBench
	e       *env
	ctx     context.Context
	targets []target
}

// all creates, looks up and sends.
func (s *series) all(r *report) error {
	b := s.b
	before, err := s.sample()
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := s.step(r, "created", "create", b.count*len(s.targets), s.create); err != nil {
		return err
	}
	if err := s.step(r, "routes asked", "route", b.count, s.route); err != nil {
		return err
	}
	took := time.Since(begin)
	r.row("routes complete", fmt.Sprintf("%.2f s after the first request", took.Seconds()), "routesSeconds",
		took.Seconds())
	if b.send {
		if err := s.step(r, "sent to", "send", b.count*len(s.targets)*b.queues, s.send); err != nil {
			return err
		}
	}
	after, err := s.sample()
	if err == nil && s.e.pid != 0 {
		cpu := after.cpu.since(before.cpu).total()
		r.row("server CPU", fmt.Sprintf("%.2f s altogether", cpu.Seconds()), "serverCPUSeconds", cpu.Seconds())
		r.row("server RssAnon", size(before.rssAnon)+" before, "+size(after.rssAnon)+" after", "serverRssAnon", after.rssAnon)
	}
	return err
}

func (s *series) sample() (sample, error) {
	if s.e.pid == 0 {
		return sample{}, nil
	}
	return sampleProcess(s.e.pid)
}

// step runs n requests, --in-flight at the same time, and reports rate and latencies.
func (s *series) step(r *report, label, key string, n int, one func(i int) error) error {
	begin := time.Now()
	t, err := s.each(n, one)
	took := time.Since(begin)
	switch {
	case err != nil && errors.Is(s.ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s: %s of %s done when --duration %v was over", label, grouped(t.answers), grouped(int64(n)),
			s.e.duration)
	case err != nil:
		return fmt.Errorf("%s: %s of %s done: %w", label, grouped(t.answers), grouped(int64(n)), err)
	}
	rate := float64(n) / took.Seconds()
	r.row(label, fmt.Sprintf("%s in %.2f s, %s/s", grouped(int64(n)), took.Seconds(), grouped(int64(rate))), key+"Seconds",
		took.Seconds())
	r.set(key+"PerSecond", rate)
	r.latency(key, key, t.hist)
	if s.e.progress != nil {
		fmt.Fprintf(s.e.progress, "%s %s in %.2f s\n", label, grouped(int64(n)), took.Seconds())
	}
	return nil
}

// each calls one for 0 to n-1 from several goroutines; the first error ends it.
func (s *series) each(n int, one func(i int) error) (*tally, error) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		next  int
		first error
		t     = newTally()
	)
	claim := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if next == n || first != nil {
			return 0, false
		}
		next++
		return next - 1, true
	}
	for range min(s.b.inFlight, n) {
		wg.Go(func() {
			for i, ok := claim(); ok; i, ok = claim() {
				begin := time.Now()
				err := one(i)
				mu.Lock()
				if err != nil && first == nil {
					first = err
				} else if err == nil {
					t.answers++
					recordIn(t.hist, int64(time.Since(begin)))
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return t, first
}

func (s *series) create(i int) error {
	return s.e.createTopic(s.ctx, s.targets[i%len(s.targets)].addr, s.b.name(i/len(s.targets)), s.b.queues)
}

// routePause is how long to wait before a NameServer is asked again.
const routePause = 10 * time.Millisecond

// route asks until the NameServer knows the topic on all brokers, with all queues.
func (s *series) route(i int) error {
	topic := s.b.name(i)
	ns := s.e.nameServers()[0]
	for {
		resp, err := call(s.ctx, s.e, ns, "tell the route of topic "+topic, wire.ReqGetRouteinfoByTopic,
			wire.GetRouteInfoRequest, &wire.GetRouteInfoRequestHeader{Topic: topic}, nil)
		var refused *refusedError
		if err != nil && !(errors.As(err, &refused) && refused.answer.Code == wire.TopicNotExist) {
			return err
		}
		if err == nil && s.complete(resp.Body) {
			return nil
		}
		select {
		case <-s.ctx.Done():
			return fmt.Errorf("%s does not know the whole route of topic %s: %w", ns, topic, s.ctx.Err())
		case <-time.After(routePause):
		}
	}
}

func (s *series) complete(text []byte) bool {
	var route protocol.TopicRouteData
	if compat.Unmarshal(text, &route) != nil {
		return false
	}
	n := 0
	for _, q := range route.QueueDatas {
		if q.WriteQueueNums == s.b.queues {
			n++
		}
	}
	return n >= len(s.targets)
}

// send sends message i: one to each queue of each topic on each broker.
func (s *series) send(i int) error {
	m := messageFlags{size: s.b.size, batch: 1, uniqueKey: true}
	prefix := newKeyPrefix()
	t, topic := i/s.b.queues%len(s.targets), s.b.name(i/s.b.queues/len(s.targets))
	h := m.header(topic, int32(i%s.b.queues), prefix)
	_, err := call(s.ctx, s.e, s.targets[t].addr, "take a message for topic "+topic, m.code(), wire.SendMessageRequestV2,
		&h, m.body(prefix))
	return err
}

// remove deletes the topics on brokers, then on NameServers.
func (s *series) remove() (*tally, error) {
	n, servers := s.b.count, s.e.nameServers()
	t, err := s.each(n*len(s.targets), func(i int) error {
		topic := s.b.name(i % n)
		_, err := call(s.ctx, s.e, s.targets[i/n].addr, "delete topic "+topic, wire.ReqDeleteTopicInBroker, wire.TopicRequest,
			&wire.TopicHeader{Topic: topic}, nil)
		return err
	})
	if err != nil {
		return t, err
	}
	return s.each(n*len(servers), func(i int) error {
		topic := s.b.name(i % n)
		_, err := call(s.ctx, s.e, strings.TrimSpace(servers[i/n]), "delete topic "+topic, wire.ReqDeleteTopicInNamesrv,
			wire.DeleteTopicFromNamesrvRequest, &wire.DeleteTopicFromNamesrvHeader{Topic: topic}, nil)
		return err
	})
}
