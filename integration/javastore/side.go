package javastore

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

// side says whose broker runs: ours, or a version of Apache's.
type side string

// The three sides. 4.9.7 is the newest 4.9 broker on Maven Central.
const (
	ours  side = "gorocket"
	java5 side = "5.5.0"
	java4 side = "4.9.7"
)

// asJava is who stands in for us when GOROCKET_KIND=java asks whether the tests are right.
var asJava = map[side]side{ours: java5}

func checksTests() bool { return harness.DefaultKind() == harness.Java }

// house is one store directory with its address, whoever runs on it. Not for concurrent use.
type house struct {
	t       *testing.T
	dir     string
	port    int
	host    string // address to connect to
	conf    harness.Conf
	side    side
	proc    *harness.Process
	c       *client.Client
	started time.Time // when it answered first
}

// newHouse makes an empty directory; conf is added to small, quick settings that all sides know.
func newHouse(t *testing.T, conf harness.Conf) *house {
	t.Helper()
	port, err := harness.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	h := &house{t: t, dir: dir, port: port, host: "127.0.0.1", conf: harness.Conf{
		"brokerName": "broker-a", "brokerIP1": "127.0.0.1", "brokerClusterName": "DefaultCluster",
		"listenPort":       fmt.Sprint(port),
		"storePathRootDir": dir + "/store", "storePathCommitLog": dir + "/store/commitlog",
		"mappedFileSizeCommitLog": "1048576", "mappedFileSizeConsumeQueue": "6000", "maxHashSlotNum": "5000",
		"maxIndexNum": "20000",
		// a message that waits across a swap, and some that come at once
		"messageDelayLevel": "1s 4s 15s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s",
		// Java deletes an index file that is not full after a kill, and fills the new one from its checkpoint on only, unless
		// told otherwise
		"messageIndexSafe": "true",
		// so that a kill after a second of silence takes nothing
		"flushConsumerOffsetInterval": "500", "flushDelayOffsetInterval": "500",
		"waitTimeMillsInSendQueue": "10000", "osPageCacheBusyTimeOutMills": "10000", "timerWheelEnable": "false",
		"diskMaxUsedSpaceRatio": "95", "diskSpaceCleanForciblyRatio": "99", "diskSpaceWarningLevelRatio": "99",
	}}
	for k, v := range conf {
		h.conf[k] = strings.ReplaceAll(v, "STORE", dir+"/store")
	}
	t.Cleanup(h.kill)
	return h
}

// start runs a side's broker on the directory and waits until it answers.
func (h *house) start(s side) {
	h.t.Helper()
	if err := h.launch(s); err != nil {
		h.t.Fatal(err)
	}
	deadline := time.Now().Add(60 * time.Second)
	for {
		err := h.connect()
		if err == nil {
			return
		}
		if h.proc.Ended() || time.Now().After(deadline) {
			h.t.Fatalf("%s does not start on the store of the side before: %v\n%s", s, err, h.proc.Tail(30))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (h *house) launch(s side) error {
	h.side = s
	file := filepath.Join(h.dir, "broker.properties")
	if err := os.WriteFile(file, h.conf.Text(), 0o644); err != nil {
		return err
	}
	argv, env := []string{harness.Binary("mqbroker"), "-c", file}, []string(nil)
	if s != ours || checksTests() {
		var err error
		if argv, env, err = javaBroker(cmp.Or(asJava[s], s), h.dir, file); err != nil {
			return err
		}
	}
	var err error
	h.proc, err = harness.StartProcess(string(s), h.dir, env, argv...)
	return err
}

func (h *house) connect() error {
	addr := fmt.Sprintf("%s:%d", h.host, h.port)
	c, err := client.Dial(addr, 20*time.Second)
	if err != nil {
		return err
	}
	if _, err = c.MaxOffset("SELF_TEST_TOPIC", 0); err != nil {
		c.Close()
		return err
	}
	h.c, h.started = c, time.Now()
	return nil
}

// stop ends the broker, with SIGTERM or SIGKILL. Java's ends with status 143 after up to 17 s.
func (h *house) stop(clean bool) {
	h.t.Helper()
	h.c.Close()
	if !clean {
		h.settle()
		h.proc.Kill()
		return
	}
	begin := time.Now()
	if _, err := h.proc.Terminate(40 * time.Second); err != nil {
		h.t.Fatalf("%s does not stop: %v\n%s", h.side, err, h.proc.Tail(30))
	}
	h.t.Logf("%s stopped in %v", h.side, time.Since(begin).Round(100*time.Millisecond))
}

// settle waits until consumer offsets and delay progress are on disk, every 500 ms: Java writes them 10 s after its
// start for the first time. The log needs no wait.
func (h *house) settle() {
	wait := 1200 * time.Millisecond
	if h.side != ours || checksTests() {
		wait = max(wait, time.Until(h.started.Add(12*time.Second)))
	}
	time.Sleep(wait)
}

func (h *house) kill() {
	if h.proc == nil {
		return
	}
	if h.t.Failed() {
		h.t.Logf("---- end of the output of %s\n%s", h.side, h.proc.Tail(25))
	}
	h.proc.Kill()
}

// store is a path below the store root.
func (h *house) store(name string) string { return filepath.Join(h.dir, "store", name) }

// javaWrote is a store that Java 5.5.0 has begun to write and still serves.
func javaWrote(t *testing.T, conf harness.Conf) (*house, *ledger) {
	t.Helper()
	h := newHouse(t, conf)
	if err := os.MkdirAll(h.store("config"), 0o755); err != nil { // Java's RocksDB wants it
		t.Fatal(err)
	}
	l := newLedger(h)
	h.start(java5)
	l.prepare()
	l.stage++
	writePlain(l)
	return h, l
}

// writePlain sends to two topics, one of them in a batch too, and commits an offset.
func writePlain(l *ledger) {
	for i := range 150 {
		l.send([]string{"js_a", "js_b"}[i%2], i%2)
	}
	l.batch("js_a", 0)
	l.commit(group, "js_a", 0, int64(l.stage))
}
