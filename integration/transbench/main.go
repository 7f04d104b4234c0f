// Command transbench measures transactions, half message and commit, on a Java 5.5.0 broker and on ours in turns, and
// prints CPU time per transaction, rates and ratios. Commits are one-way requests, as clients send them; the run counts
// only what arrived in the real topic. It needs a JDK and Maven.
//
//	GOROCKET_BIN=../bin go run ./transbench
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
	"gorocket/integration/load/client"
	"gorocket/integration/wire"
)

const (
	topic  = "transbench"
	queues = 8
)

var (
	rounds  = flag.Int("rounds", 3, "rounds; the result is the median")
	only    = flag.String("only", "", "measure one kind only: java or gorocket")
	warmUp  = flag.Duration("warmup", 8*time.Second, "load before each measurement: the JVM compiles its hot paths")
	measure = flag.Duration("time", 5*time.Second, "length of a measurement")
	conns   = flag.Int("conns", 8, "connections")
	burst   = flag.Int("burst", 64, "half messages in flight on each")
)

// figures are what one round found.
type figures struct{ cpu, rate float64 } // µs per transaction; transactions/s

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "transbench:", err)
		os.Exit(1)
	}
}

func run() error {
	turns := load.Turns[figures]{Rounds: *rounds, Only: *only, One: one, Say: func(f figures) string {
		return fmt.Sprintf("%7.2f µs of CPU per transaction, %8.0f transactions/s", f.cpu, f.rate)
	}}
	all, err := turns.Run()
	if err != nil || *only != "" {
		return err
	}
	median := func(of func(figures) float64) (j, g float64) {
		return load.Median(all[harness.Java], of), load.Median(all[harness.Go], of)
	}
	javaCPU, ourCPU := median(cpu)
	javaRate, ourRate := median(rate)
	fmt.Printf("median: CPU per transaction %.2f / %.2f µs = %.1fx, rate %.0f / %.0f = %.1fx\n", javaCPU, ourCPU,
		javaCPU/ourCPU, ourRate, javaRate, ourRate/javaRate)
	return nil
}

func cpu(f figures) float64  { return f.cpu }
func rate(f figures) float64 { return f.rate }

func one(kind harness.Kind) (f figures, err error) {
	p, err := harness.StartPair(kind, harness.BigFiles(harness.Conf{"transactionCheckInterval": "30000",
		"transactionTimeOut": "6000"}))
	if err != nil {
		return f, err
	}
	defer p.Close()
	broker := p.Broker
	c, err := client.Dial(broker.Addr(), 30*time.Second)
	if err != nil {
		return f, err
	}
	defer c.Close()
	if err = c.CreateTopic(topic, queues, 6, ""); err != nil {
		return f, err
	}
	if _, err = drive(broker.Addr(), c, *warmUp); err != nil {
		return f, err
	}
	before, begin := load.CPUTime(broker.Process().PID()), time.Now()
	n, err := drive(broker.Addr(), c, *measure)
	if err != nil {
		return f, err
	}
	spent, took := load.CPUTime(broker.Process().PID())-before, time.Since(begin)
	return figures{float64(spent.Microseconds()) / float64(n), float64(n) / took.Seconds()}, nil
}

// drive runs transactions for a time and waits until every commit arrived.
func drive(addr string, c *client.Client, d time.Duration) (n int64, err error) {
	before, err := arrived(c)
	if err != nil {
		return 0, err
	}
	var wg sync.WaitGroup
	sent, errs := make([]int64, *conns), make([]error, *conns)
	finish := time.Now().Add(d)
	for i := range *conns {
		wg.Go(func() { sent[i], errs[i] = connection(addr, i%queues, finish) })
	}
	wg.Wait()
	for i := range sent {
		n += sent[i]
		if errs[i] != nil {
			return 0, errs[i]
		}
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		now, err := arrived(c)
		if err != nil {
			return 0, err
		}
		if now-before >= n {
			return n, nil
		}
		if time.Now().After(end) {
			return 0, fmt.Errorf("%d half messages, but only %d committed ones", n, now-before)
		}
	}
}

func arrived(c *client.Client) (sum int64, err error) {
	for q := range queues {
		n, err := c.MaxOffset(topic, q)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// connection sends bursts of half messages and commits each when its answer is there.
func connection(addr string, queue int, finish time.Time) (n int64, err error) {
	c, err := wire.Dial(addr)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	half, err := wire.Encode(wire.Request{Code: 310, Ext: map[string]any{"a": "PG", "b": topic, "c": "none", "d": "8",
		"e": strconv.Itoa(queue), "f": "4",
		"g": strconv.FormatInt(time.Now().UnixMilli(), 10), "h": "0", "j": "0", "k": "false", "m": "false",
		"i": client.Props("TRAN_MSG", "true", "PGROUP", "PG", "UNIQ_KEY", "7F0000010000000000000000AABBCCDD", "WAIT", "true",
			"TAGS", "t")}, Body: bytes.Repeat([]byte("x"), 1024)}, 1)
	if err != nil {
		return 0, err
	}
	halves, in := bytes.Repeat(half, *burst), bufio.NewReaderSize(c, 64<<10)
	var out, frame []byte
	for time.Now().Before(finish) {
		if _, err = c.Write(halves); err != nil {
			return n, err
		}
		out = out[:0]
		for range *burst {
			if frame, err = wire.ReadRaw(in); err != nil {
				return n, err
			}
			if out, err = appendCommit(out, frame); err != nil {
				return n, err
			}
		}
		if _, err = c.Write(out); err != nil {
			return n, err
		}
		n += int64(*burst)
	}
	return n, nil
}

// appendCommit appends the END_TRANSACTION for the answer to a half message.
func appendCommit(out, answer []byte) ([]byte, error) {
	id, offset := field(answer, "msgId"), field(answer, "queueOffset")
	if len(id) != 32 || offset == "" {
		return nil, fmt.Errorf("half message was answered %q", answer)
	}
	place, err := strconv.ParseInt(id[16:], 16, 64)
	if err != nil {
		return nil, err
	}
	head := fmt.Appendf(nil, `{"code":37,"extFields":{"producerGroup":"PG","tranStateTableOffset":"%s","commitLogOffset":"%d","commitOrRollback":"8","fromTransactionCheck":"false","msgId":"7F0000010000000000000000AABBCCDD","transactionId":"7F0000010000000000000000AABBCCDD","topic":"%s"},"flag":2,"language":"JAVA","opaque":2,"serializeTypeCurrentRPC":"JSON","version":513}`,
		offset, place, topic)
	out = binary.BigEndian.AppendUint32(out, uint32(4+len(head)))
	out = binary.BigEndian.AppendUint32(out, uint32(len(head)))
	return append(out, head...), nil
}

// field finds a string member of the header without parsing JSON.
func field(frame []byte, name string) string {
	_, rest, _ := strings.Cut(string(frame), `"`+name+`":"`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}
