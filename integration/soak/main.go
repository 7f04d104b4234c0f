package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

var (
	messages = flag.Int("messages", 1_000_000, "messages to send")
	size     = flag.Int("size", 256, "body bytes")
	queues   = flag.Int("queues", 16, "queues of the topic")
	members  = flag.Int("members", 4, "consumers that come and go")
	duration = flag.Duration("time", 10*time.Minute, "for sending; the rate follows from it")
	quick    = flag.Bool("quick", false, "60,000 messages in a minute")
	seed     = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the comings and goings")
	server   = flag.String("server", "gorocket", "whose servers: gorocket or java (Apache's 5.5.0)")
	patience = flag.Duration("patience", 90*time.Second, "for the last messages, after the last change of the group")
)

const topic, consumers = "soak", "CG_soak"

func main() {
	if os.Getenv(memberEnv) != "" {
		beMember()
		return
	}
	flag.Parse()
	if *quick {
		*messages, *duration = 60_000, time.Minute
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func run() error {
	fmt.Printf("soak: %d messages to %d queues in %v, %d members, -seed %d\n", *messages, *queues, *duration, *members,
		*seed)
	p, err := servers(harness.Kind(*server))
	if err != nil {
		return err
	}
	defer p.Close()
	l := newLedger(*messages)
	g := newCrowd(p.Names.Addr(), *seed, *members, l)
	defer g.killAll()
	g.start()
	sendErr := produce(p.Names.Addr(), l)
	if err := g.settle(); err != nil {
		return err
	}
	fmt.Println("all sent; the group stays as it is now")
	l.await(*patience)
	g.killAll()
	l.report(os.Stdout, g.changes())
	if sendErr != nil {
		return sendErr
	}
	if p.Broker.Process().Ended() {
		return fmt.Errorf("the broker has ended\n%s", p.Broker.Process().Tail(40))
	}
	return l.verdict(g.changes())
}

// servers starts a name server and a broker with the topic and the group.
func servers(kind harness.Kind) (*harness.Pair, error) {
	p, err := harness.StartPair(kind, harness.Conf{"mappedFileSizeConsumeQueue": "600000"})
	if err != nil {
		return nil, err
	}
	if err := prepare(p.Broker.Addr()); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func prepare(broker string) error {
	c, err := client.Dial(broker, 10*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.CreateTopic(topic, *queues, 6, ""); err != nil {
		return err
	}
	return c.CreateGroup(consumers, 16)
}
