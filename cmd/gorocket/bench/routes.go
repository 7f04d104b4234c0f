package bench

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

const routesLong = `Ask a NameServer for the route of a topic (request code 105), in a closed loop or at a --rate.

  gorocket bench routes -n 127.0.0.1:9876 --topic TBW102`

// routesBench is `bench routes`.
type routesBench struct {
	loop  loopFlags
	codec string
	topic string
}

func (b *routesBench) flags(c *cobra.Command, _ *common) {
	b.loop.flags(c, 4, 16)
	codecFlag(c, &b.codec)
	c.Flags().StringVar(&b.topic, "topic", compat.TopicAutoCreate, "topic to ask for; it must exist")
}

func (b *routesBench) check(k *common) error {
	if k.namesrv == "" {
		return usage("routes needs -n: it is a NameServer that knows them")
	}
	if err := b.loop.check(); err != nil {
		return err
	}
	if _, err := form(b.codec); err != nil {
		return err
	}
	return checkTopic(b.topic, 0)
}

func (b *routesBench) run(ctx context.Context, e *env) (*report, error) {
	ns, route, err := e.route(ctx, b.topic)
	if err != nil {
		return nil, err
	}
	l, err := b.load(e, ns)
	if err != nil {
		return nil, err
	}
	o, err := l.run(ctx, e.warmup, e.duration)
	if err != nil {
		return nil, err
	}
	r := newReport("routes", fmt.Sprintf("bench routes at %s, topic %s on %s: %s", ns, b.topic,
		plural(len(route.BrokerDatas), "broker"), b.loop.describe()))
	b.loop.settings(r)
	r.set("nameServer", ns)
	r.set("topic", b.topic)
	r.outcome(o, "query", "answer")
	if o.inWindow == 0 {
		r.failed = fmt.Errorf("no query was answered%s", firstRemark(o.tally))
	}
	return r, nil
}

// route asks the NameServers in turn and returns the first that answers, with its answer.
func (e *env) route(ctx context.Context, topic string) (addr string, route *protocol.TopicRouteData, err error) {
	var first error
	for _, ns := range e.nameServers() {
		resp, err := call(ctx, e, ns, "tell the route of topic "+topic, wire.ReqGetRouteinfoByTopic, wire.GetRouteInfoRequest,
			&wire.GetRouteInfoRequestHeader{Topic: topic}, nil)
		var refused *refusedError
		switch {
		case err == nil:
			route = &protocol.TopicRouteData{}
			if len(resp.Body) > 0 { // bench echo has no routes
				err = compat.Unmarshal(resp.Body, route)
			}
			return ns, route, err
		case errors.As(err, &refused):
			return ns, nil, err
		case first == nil:
			first = err
		}
	}
	return "", nil, first
}

func (b *routesBench) load(e *env, ns string) (*load, error) {
	f, err := form(b.codec)
	if err != nil {
		return nil, err
	}
	h := wire.GetRouteInfoRequestHeader{Topic: b.topic, AcceptStandardJSONOnly: true}
	frame := appendRequest(e.sign, f, wire.ReqGetRouteinfoByTopic, wire.GetRouteInfoRequest, &h, nil)
	var frames [][]byte
	for range min(b.loop.inFlight, ringFrames) {
		frames = append(frames, frame)
	}
	l, err := e.load(b.loop.connections)
	if err != nil {
		return nil, err
	}
	l.rate, l.unit = b.loop.rate, "queries"
	for i := range b.loop.connections {
		c, err := newConn(ns, b.loop.inFlight, sendInbound, e)
		if err == nil {
			c.job = &sendJob{messages: 1, closed: b.loop.rate == 0, quota: -1}
			if c.ring, err = newRing(frames, ringSpec{}); err == nil {
				err = l.add(i, c)
			}
		}
		if err != nil {
			l.close()
			return nil, err
		}
	}
	return l, nil
}
