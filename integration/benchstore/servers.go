package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
	"gorocket/integration/wire"
)

const queues = 8

// pair is a name server of ours, which costs nothing, and the broker that is measured.
type pair struct{ names, broker *harness.Server }

// start runs a broker with files of Java's default sizes on a new store that has n topics of 8 queues.
func start(kind harness.Kind, folder string, n int, conf harness.Conf) (*pair, error) {
	names, err := harness.NewNamesrv(harness.Go, folder, "namesrv", nil)
	if err != nil {
		return nil, err
	}
	all := harness.BigFiles(harness.Conf{"messageIndexEnable": "true"})
	maps.Copy(all, conf)
	broker, err := harness.NewBroker(kind, folder, "broker-a", names.Addr(), all)
	if err != nil {
		return nil, err
	}
	if err := writeTopics(broker.Store(), n); err != nil {
		return nil, err
	}
	if err := names.Start(); err != nil {
		return nil, err
	}
	p := &pair{names, broker}
	if err := broker.Start(); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

func (p *pair) kill() {
	p.broker.Kill()
	p.names.Kill()
}

func (p *pair) pid() int { return p.broker.Process().PID() }

func topic(i int) string { return fmt.Sprintf("bench_%05d", i) }

// writeTopics makes the topics by file: 10,000 requests would each rewrite Java's whole table.
func writeTopics(store string, n int) error {
	var b strings.Builder
	b.WriteString(`{"dataVersion":{"counter":1,"stateVersion":0,"timestamp":1700000000000},"topicConfigTable":{`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `%q:{"attributes":{},"order":false,"perm":6,"readQueueNums":%d,"topicFilterType":"SINGLE_TAG","topicName":%[1]q,"topicSysFlag":0,"writeQueueNums":%[2]d}`, topic(i), queues)
	}
	b.WriteString("}}")
	folder := filepath.Join(store, "config")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "topics.json"), []byte(b.String()), 0o644)
}

// sends are requests to each queue of n topics.
func sends(n, size int) (out []wire.Request) {
	for i := range n {
		for q := range queues {
			out = append(out, load.SendRequest(topic(i), q, size))
		}
	}
	return out
}

// restart launches the broker again and returns the time until the first acknowledged send.
func (p *pair) restart(limit time.Duration) (time.Duration, error) {
	begin := time.Now()
	if err := p.broker.Launch(); err != nil {
		return 0, err
	}
	if err := load.FirstSend(p.broker.Addr(), topic(0), limit); err != nil {
		return 0, fmt.Errorf("%w\n%s", err, p.broker.Process().Tail(10))
	}
	return time.Since(begin), nil
}

// fill sends until the commit log holds size bytes.
func (p *pair) fill(requests []wire.Request, size int64) error {
	l := load.Load{Addr: p.broker.Addr(), Conns: 8, InFlight: 32, Requests: requests}
	for deadline := time.Now().Add(15 * time.Minute); p.logEnd() < size; {
		if time.Now().After(deadline) {
			return fmt.Errorf("the log has only %d bytes after 15 minutes", p.logEnd())
		}
		if _, _, err := l.Run(time.Second); err != nil {
			return err
		}
	}
	return nil
}

// logEnd is the log's size out of the last answer's message id.
func (p *pair) logEnd() (end int64) {
	r, err := wire.Call(p.broker.Addr(), load.SendRequest(topic(0), 0, 10), 20*time.Second)
	if id := r.Ext["msgId"]; err == nil && len(id) >= 16 {
		fmt.Sscanf(id[len(id)-16:], "%X", &end)
	}
	return end
}

// written waits until one queue of some topics holds something: an answer may also have been a refusal, and queues may
// come later than answers.
func (p *pair) written(n int) error {
	deadline := time.Now().Add(5 * time.Minute)
	for i := 0; i < n; {
		r, err := wire.Call(p.broker.Addr(), wire.Request{Code: 30, Ext: map[string]any{"topic": topic(i), "queueId": "7"}},
			20*time.Second)
		switch {
		case err != nil:
			return err
		case r.Code == 0 && r.Ext["offset"] != "0":
			i += max(1, n/50)
		case time.Now().After(deadline):
			return fmt.Errorf("%s queue 7 holds nothing 5 minutes after the last send: code %d %s", topic(i), r.Code, r.Remark)
		default:
			time.Sleep(100 * time.Millisecond)
		}
	}
	return nil
}

// filed tells whether n consume queues have a file.
func (p *pair) filed(n int) bool {
	list, err := filepath.Glob(filepath.Join(p.broker.Store(), "consumequeue", "*", "*", "*"))
	return err == nil && len(list) >= n
}

// said is the newest line of the broker's output with one of the words.
func (p *pair) said(words ...string) (found string) {
	for line := range strings.Lines(p.broker.Process().Tail(2000)) {
		for _, w := range words {
			if strings.Contains(line, w) {
				found = strings.TrimSpace(line)
			}
		}
	}
	return found
}
