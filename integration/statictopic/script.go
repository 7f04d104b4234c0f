// Package statictopic asks two brokers that share a static topic the same questions, whoever made them, and writes the
// answers down for comparison.
package statictopic

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"gorocket/integration/wire"
)

// Codes asked.
const (
	codeSend      = 310
	codeSendV1    = 10
	codePull      = 11
	codeQuery     = 14
	codeCommit    = 15
	codeSearch    = 29
	codeMax       = 30
	codeMin       = 31
	codeEarliest  = 32
	codeRoute     = 105
	codeDelete    = 215
	codeStats     = 202
	codeConsumed  = 208
	codeAllTopics = 21
	codeConfig    = 351
	codeMapping   = 513
)

const topic, group = "StaticS", "static_group"

// Script is one run against brokers named broker-a and broker-b. Not for concurrent use.
type Script struct {
	Namesrv, A, B string // addresses
	lines         []string
	clean         *strings.Replacer
}

// Run sets the topic up and asks everything; one line for each answer.
func (s *Script) Run() ([]string, error) {
	s.clean = strings.NewReplacer(s.A, "${a}", s.B, "${b}", s.Namesrv, "${namesrv}")
	for _, step := range []func() error{s.setUp, s.waitForPeers, s.refused, s.sends, s.held, s.pulls, s.offsets, s.commits,
		s.tables} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s.lines, nil
}

// item is one piece of a logic queue.
func item(gen int, broker string, queue, logic, end int) string {
	return fmt.Sprintf(`{"bname":%q,"endOffset":%d,"gen":%d,"logicOffset":%d,"queueId":%d,"startOffset":0,"timeOfEnd":-1,"timeOfStart":-1}`, broker, end, gen, logic, queue)
}

func mapping(broker string, epoch int, hosted string) string {
	return fmt.Sprintf(`{"bname":%q,"currIdMap":{},"dirty":false,"epoch":%d,"hostedQueues":{%s},"scope":"__global__","topic":%q,"totalQueues":4}`, broker, epoch, hosted, topic)
}

// The topic: 0 is whole on a; 1 went from a to b; 2 from b to a to b; 3 went from a to b, where it has no place yet.
var (
	queue1 = `"1":[` + item(0, "broker-a", 2, 0, 5) + "," + item(1, "broker-b", 0, 1000, -1) + "]"
	queue2 = `"2":[` + item(0, "broker-b", 3, 0, 3) + "," + item(1, "broker-a", 0, 1000, 2) + "," +
		item(2, "broker-b", 2, 2000, -1) + "]"
	queue3 = `"3":[` + item(0, "broker-a", 1, 0, -1) + "," + item(1, "broker-b", 1, -1, -1) + "]"
	hostA  = `"0":[` + item(0, "broker-a", 3, 0, -1) + "]," + queue1 + "," + queue2 + "," + queue3
	hostB  = queue1 + "," + queue2 + "," + queue3
)

const epoch = 1500000000000

func headerOf513(more map[string]any) map[string]any {
	h := map[string]any{"topic": topic, "defaultTopic": "TBW102", "readQueueNums": "4", "writeQueueNums": "4", "perm": "6",
		"topicFilterType": "SINGLE_TAG", "topicSysFlag": "0", "order": "false"}
	maps.Copy(h, more)
	return h
}

func (s *Script) setUp() error {
	for _, q := range []struct {
		addr       string
		queue, num int
	}{{s.A, 2, 5}, {s.B, 0, 4}, {s.B, 3, 3}, {s.A, 0, 2}, {s.B, 2, 2}, {s.A, 1, 2}, {s.B, 1, 1}, {s.A, 3, 2}} {
		if q.queue == 2 && q.num == 5 { // the first on a, so make both topics first
			for addr, m := range map[string]string{s.A: mapping("broker-a", epoch, hostA),
				s.B: mapping("broker-b", epoch, hostB)} {
				r, err := wire.Call(addr, wire.Request{Code: codeMapping, Ext: headerOf513(nil), Body: []byte(m)}, 5*time.Second)
				if err != nil || r.Code != 0 {
					return fmt.Errorf("513: %w, code %d %s", err, r.Code, r.Remark)
				}
			}
		}
		for i := range q.num {
			body := fmt.Sprintf("q%d-%d", q.queue, i)
			ext := map[string]any{"producerGroup": "p", "topic": topic, "defaultTopic": "TBW102", "defaultTopicQueueNums": "4",
				"queueId": fmt.Sprint(q.queue), "sysFlag": "0", "bornTimestamp": "1700000000000", "flag": "0", "properties": "",
				"reconsumeTimes": "0", "lo": "false"}
			r, err := wire.Call(q.addr, wire.Request{Code: codeSendV1, Ext: ext, Body: []byte(body)}, 5*time.Second)
			if err != nil || r.Code != 0 || r.Ext["queueId"] != fmt.Sprint(q.queue) || r.Ext["queueOffset"] != fmt.Sprint(i) {
				return fmt.Errorf("send to physical queue %d: %w, %+v", q.queue, err, r)
			}
		}
	}
	return nil
}

// waitForPeers waits until the brokers know each other; a Java broker looks every 5 s, 10 s after its start.
func (s *Script) waitForPeers() error {
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		r, err := wire.Call(s.B, wire.Request{Code: codeMin, Ext: map[string]any{"topic": topic, "queueId": "1"}},
			5*time.Second)
		if err == nil && r.Code == 0 { // and Java asks itself, over the network
			r, err = wire.Call(s.A, wire.Request{Code: codeEarliest, Ext: map[string]any{"topic": topic, "queueId": "0"}},
				5*time.Second)
		}
		if err == nil && r.Code == 0 {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("the brokers do not find each other: %w, code %d %s", err, r.Code, r.Remark)
		}
	}
}

// ask writes one answer down.
func (s *Script) ask(what, addr string, code int, ext map[string]any, body string) {
	r, err := wire.Call(addr, wire.Request{Code: code, Ext: ext, Body: []byte(body)}, 10*time.Second)
	line := fmt.Sprintf("%s: code %d remark %q", what, r.Code, r.Remark)
	if errors.Is(err, wire.ErrNoAnswer) {
		line = what + ": no answer"
	} else if err != nil {
		line = what + ": " + err.Error()
	}
	for _, k := range slices.Sorted(maps.Keys(r.Ext)) {
		line += fmt.Sprintf(" %s=%s", k, r.Ext[k])
	}
	if code == codePull {
		line += fmt.Sprintf(" records %s", records(r.Body))
	} else if code == codeStats || code == codeConsumed {
		line += " body " + sorted(string(r.Body))
	} else if len(r.Body) > 0 {
		line += " body " + string(r.Body)
	}
	s.lines = append(s.lines, s.text(line))
}

var variable = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`\b([0-9A-F]{32}|[0-9A-F]{56})\b`), "MSGID"},
	{regexp.MustCompile(`(msgId|transactionId)=\S*`), "$1"},
	{regexp.MustCompile(`\b1[789]\d{11}\b`), "TIME"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "CLIENT"},
	{regexp.MustCompile(`, org\.apache\.\S+\(\w+\.java:\d+\)`), ""},        // Java's stack frame
	{regexp.MustCompile(`,?"(consumeTps|topicPutTps)":[-+0-9.eE]+,?`), ""}, // not counted here
}

func (s *Script) text(line string) string {
	line = s.clean.Replace(line)
	for _, v := range variable {
		line = v.what.ReplaceAllString(line, v.with)
	}
	return line
}

var queueOfTable = regexp.MustCompile(`\{"brokerName"[^}]*\}:\{[^}]*\}`)

// sorted lists the queues of a table in order: Java's come as their hash codes fall.
func sorted(table string) string {
	parts := queueOfTable.FindAllString(table, -1)
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// records lists queue, offset and body of the records in an answer.
func records(b []byte) string {
	var out []string
	for len(b) >= 88 {
		size := int(binary.BigEndian.Uint32(b))
		if size < 88 || size > len(b) {
			return "broken"
		}
		n := int(binary.BigEndian.Uint32(b[84:])) // body length: behind the fixed fields with IPv4 hosts
		out = append(out, fmt.Sprintf("%d@%d %s", binary.BigEndian.Uint32(b[12:]), binary.BigEndian.Uint64(b[20:]),
			b[88:88+n]))
		b = b[size:]
	}
	return fmt.Sprint(out)
}
