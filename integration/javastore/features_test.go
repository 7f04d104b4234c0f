package javastore

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

// feature is something that a store may hold beside plain messages.
type feature struct {
	name  string
	conf  harness.Conf
	store string // features with one store name share a store: Java takes long to start
	needs string // a name that our binary must know: the feature may not be written yet
	// asks our broker, alone on a new store, what it lacks for the feature; "" = nothing
	lacks func(*house, *ledger) string
	early func(*house)  // before the first start
	setUp func(*ledger) // once, on the first side
	write func(*ledger) // on each side
	extra []queue       // queues that are in no topic table
	proof func(*testing.T, *house, *snapshot)
}

const (
	layout, records, queues = "layout", "records", "queues" // stores

	lightA, lightB = "%LMQ%js_a", "%LMQ%js_b"
	manyItems      = 5
	manyAttributes = "+queue.type=BatchCQ,+message.type=NORMAL"
)

// features are written by Java 5.5.0, read and continued by ours, read by Java again; each side is killed.
var features = []feature{
	{name: "other file sizes", store: layout, conf: harness.Conf{"mappedFileSizeCommitLog": "102400",
		"mappedFileSizeConsumeQueue": "1200", "maxHashSlotNum": "50", "maxIndexNum": "200"},
		write: nothing, proof: files("consumequeue/js_a/0", 2)},
	{name: "several commit log paths", store: layout, conf: harness.Conf{"storePathCommitLog": "STORE/log-a,STORE/log-b"},
		write: nothing, proof: func(t *testing.T, h *house, s *snapshot) {
			files("log-a", 1)(t, h, s)
			files("log-b", 1)(t, h,
				s)
		}},
	{name: "property CRC", store: layout, conf: harness.Conf{"enabledAppendPropCRC": "true"}, write: nothing,
		proof: each(func(r *client.Record) bool { return strings.Contains(r.Properties, "__CRC32#") })},
	{name: "V2 topics", store: records, early: longGroupFile, write: writeRetry,
		proof: some(func(r *client.Record) bool { return r.V2 })},
	{name: "IPv6", store: records, conf: harness.Conf{"brokerIP1": "::1", "brokerIP2": "::1", "bindAddress": "::"},
		write: nothing, proof: each(func(r *client.Record) bool {
			return r.StoreHost.Addr().Is6() &&
				r.BornHost.Addr().Is6()
		})},
	{name: "consume queue ext", store: records, needs: "enableConsumeQueueExt",
		conf: harness.Conf{"enableConsumeQueueExt": "true", "enableCalcFilterBitMap": "true"}, write: nothing,
		proof: files("consumequeue_ext/js_a/0", 1)},
	{name: "BatchCQ", store: queues, lacks: lacksInner, setUp: func(l *ledger) {
		l.must(l.h.c.CreateTopic("js_many", 2, 6, manyAttributes))
	},
		write: writeInner, proof: some(func(r *client.Record) bool { return r.SysFlag&0x80 != 0 })},
	{name: "LMQ", store: queues, lacks: lacksLight, conf: harness.Conf{"enableMultiDispatch": "true", "enableLmq": "true"},
		write: writeLight, extra: []queue{{lightA, 0}, {lightB, 0}}, proof: lightQueues},
}

// TestFeatures: what is in the store beside plain messages survives both swaps.
func TestFeatures(t *testing.T) {
	for _, store := range []string{layout, records, queues} {
		t.Run(store, func(t *testing.T) {
			if list := known(t, store); len(list) > 0 {
				harness.NeedJava(t)
				(&featureStore{list: list}).run(t)
			}
		})
	}
}

// known are the features of a store that our binary has; the others are reported as skipped.
func known(t *testing.T, store string) (list []feature) {
	program, err := os.ReadFile(harness.Binary("gorocket"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range features {
		switch {
		case f.store != store:
		case f.name == "IPv6" && !hasIPv6():
			t.Run(f.name, func(t *testing.T) { harness.Skip(t, "no IPv6 on this machine") })
		case checksTests():
			list = append(list, f)
		case !bytes.Contains(program, []byte(f.needs)):
			t.Run(f.name, func(t *testing.T) {
				harness.Skip(t, f.name+" is not supported yet: our binary does not know "+f.needs)
			})
		default:
			why := f.ask(t)
			if why == "" {
				list = append(list, f)
				continue
			}
			t.Run(f.name, func(t *testing.T) { harness.Skip(t, f.name+" is not supported yet: "+why) })
		}
	}
	return list
}

// ask starts our broker alone on a new store and lets the feature try what it needs.
func (f *feature) ask(t *testing.T) string {
	if f.lacks == nil {
		return ""
	}
	h := newHouse(t, f.conf)
	h.start(ours)
	defer func() { h.c.Close(); h.proc.Kill() }()
	l := newLedger(h)
	l.prepare()
	return f.lacks(h, l)
}

func lacksInner(h *house, l *ledger) string {
	if err := h.c.CreateTopic("js_many", 2, 6, manyAttributes); err != nil {
		return "our broker refuses a BatchCQ topic: " + err.Error()
	}
	m := l.next("js_many", 0)
	items := []client.Message{{Body: []byte("a")}, {Body: []byte("b")}}
	a, err := h.c.SendBatch(m.message(), items)
	l.must(err)
	if a.Code != 0 || len(a.IDs) != 1 {
		return fmt.Sprintf("our broker does not keep a batch as one record: code %d %s, ids %v", a.Code, a.Remark, a.IDs)
	}
	return ""
}

func lacksLight(h *house, _ *ledger) string {
	if _, err := h.c.Pull(lightA, 0, 0, 1); err != nil {
		return "our broker does not serve light queues: " + firstLine(err.Error())
	}
	return ""
}

func firstLine(s string) string { line, _, _ := strings.Cut(s, "\n"); return line }

func hasIPv6() bool {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err == nil {
		l.Close()
	}
	return err == nil
}

// featureStore is one directory with several features.
type featureStore struct {
	list []feature
	h    *house
	l    *ledger
}

// run is Java, ours, Java, each killed.
func (s *featureStore) run(t *testing.T) {
	conf := harness.Conf{}
	for _, f := range s.list {
		maps.Copy(conf, f.conf)
	}
	s.h = newHouse(t, conf)
	if conf["brokerIP1"] == "::1" {
		s.h.host = "[::1]"
	}
	for _, f := range s.list {
		if f.early != nil {
			f.early(s.h)
		}
	}
	s.l = newLedger(s.h)
	var before *snapshot
	for i, broker := range []side{java5, ours, java5} {
		if i > 0 {
			s.h.stop(false)
		}
		s.h.start(broker)
		if i == 0 {
			s.prepare()
		}
		if before != nil {
			same(t, before, s.take())
		}
		s.l.stage++
		writePlain(s.l)
		for _, f := range s.list {
			f.write(s.l)
		}
		before = s.take()
		for _, f := range s.list {
			f.proof(t, s.h, before)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d messages, %d records in %d queues", len(s.l.messages), before.count(), len(before.queues))
	s.h.c.Close()
}

func (s *featureStore) prepare() {
	s.l.prepare()
	for _, f := range s.list {
		if f.setUp != nil {
			f.setUp(s.l)
		}
	}
}

func (s *featureStore) take() *snapshot {
	var extra []queue
	for _, f := range s.list {
		extra = append(extra, f.extra...)
	}
	now := s.h.look(extra...)
	s.h.lookUp(now, s.l)
	s.l.check(now)
	return now
}

func nothing(*ledger) {}

// longGroupFile makes the long group by file: 5.5.0 refuses to make groups of more than 120 bytes, older releases did
// not.
func longGroupFile(h *house) {
	text := fmt.Sprintf(`{"dataVersion":{"counter":1,"stateVersion":0,"timestamp":1700000000000},"subscriptionGroupTable":{%q:{"groupName":%[1]q,"consumeEnable":true,"retryQueueNums":1,"retryMaxTimes":16}}}`, longGroup)
	if err := os.MkdirAll(h.store("config"), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(h.store("config/subscriptionGroup.json"), []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

// writeRetry lets a consumer with a very long name send messages back: its retry topic does not fit a V1 record.
func writeRetry(l *ledger) {
	m := l.send("js_a", 0)
	_, err := l.h.c.OK(36, map[string]any{"offset": fmt.Sprint(m.place), "group": longGroup, "delayLevel": "1",
		"originMsgId": m.id, "originTopic": m.topic, "unitMode": "false", "maxReconsumeTimes": "9"}, nil)
	l.must(err)
	retry := "%RETRY%" + longGroup
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if n, err := l.h.c.MaxOffset(retry, 0); err == nil && n == int64(l.stage) {
			return
		}
	}
	l.h.t.Fatalf("stage %d: the message sent back does not come to %s", l.stage, retry)
}

// writeInner sends batches that stay one record.
func writeInner(l *ledger) {
	for i := range 20 {
		m := l.next("js_many", i%2)
		var items []client.Message
		for n := range manyItems {
			items = append(items, client.Message{Body: fmt.Appendf(nil, "item %d of %s", n, m.body),
				Props: client.Props("UNIQ_KEY", fmt.Sprintf("%s%d", m.unique, n))})
		}
		m.body = client.BatchBody(items)
		a, err := l.h.c.SendBatch(m.message(), items)
		l.must(err)
		if a.Code != 0 || len(a.IDs) != 1 {
			l.h.t.Fatalf("stage %d: inner batch to %s: %+v", l.stage, l.h.side, a)
		}
		l.must(m.acknowledged(a.IDs[0], a.QueueOffset))
	}
	l.send("js_many", 1)
}

// writeLight sends messages that are in one or two light queues as well.
func writeLight(l *ledger) {
	for i := range 30 {
		l.send("js_a", i%4, "INNER_MULTI_DISPATCH", []string{lightA, lightA + "," + lightB}[i%2])
	}
	l.must(l.h.c.Commit(group, lightA, 0, int64(5*l.stage)))
}

// lightQueues wants each light queue whole, and the offsets in the records right.
func lightQueues(t *testing.T, h *house, s *snapshot) {
	stage := len(s.queues[queue{lightA, 0}].records) / 30
	for name, per := range map[string]int{lightA: 30, lightB: 15} {
		c := s.queues[queue{name, 0}]
		if len(c.records) != per*stage || stage == 0 || c.max != int64(per*stage) {
			t.Errorf("%s: %s has %d records, offsets %d..%d, stage %d", h.side, name, len(c.records), c.min, c.max, stage)
		}
		for i, r := range c.records {
			if got := r.LightOffset(name); got != c.min+int64(i) {
				t.Errorf("%s: %s offset %d says %d: %v", h.side, name, c.min+int64(i), got, r)
				break
			}
		}
	}
	if got, err := h.c.Committed(group, lightA, 0); err != nil || got != int64(5*stage) {
		t.Errorf("%s: committed offset of %s is %d, %v; want %d", h.side, lightA, got, err, 5*stage)
	}
}

// files wants at least n files in a folder of the store: the feature is really in use.
func files(folder string, n int) func(*testing.T, *house, *snapshot) {
	return func(t *testing.T, h *house, _ *snapshot) {
		list, err := os.ReadDir(h.store(folder))
		if err != nil || len(list) < n {
			t.Errorf("%s: %d files in %s, want %d at least; %v", h.side, len(list), folder, n, err)
		}
	}
}

// each wants all records of js_a to have a quality, some at least one anywhere.
func each(has func(*client.Record) bool) func(*testing.T, *house, *snapshot) {
	return func(t *testing.T, h *house, s *snapshot) {
		for _, r := range s.queues[queue{"js_a", 0}].records {
			if !has(r) {
				t.Fatalf("%s: without what this case is about: %v", h.side, r)
			}
		}
	}
}

func some(has func(*client.Record) bool) func(*testing.T, *house, *snapshot) {
	return func(t *testing.T, h *house, s *snapshot) {
		for _, c := range s.queues {
			for _, r := range c.records {
				if has(r) {
					return
				}
			}
		}
		t.Errorf("%s: no record with what this case is about", h.side)
	}
}
