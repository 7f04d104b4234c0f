package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker"
	brokerconfig "gorocket/broker/config"
	"gorocket/compat/testutil"
	"gorocket/namesrv"
	"gorocket/remoting/metrics"
)

// TestReload: what may change while a broker runs does, by the rules of a change over the wire; what may not is said.
func TestReload(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "broker.conf")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const first = "brokerName=a\nfileReservedTime=48\nlongPollingEnable=false\n"
	write(first)
	cfg, _, err := brokerconfig.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	cfg.StorePathRootDir, cfg.MappedFileSizeCommitLog, cfg.MaxHashSlotNum, cfg.MaxIndexNum = dir, 1<<20, 1000, 4000
	cfg.BindAddress, cfg.BrokerIP1, cfg.MetricsExporterType = "127.0.0.1", "127.0.0.1", metrics.Off
	cfg.ListenPort = testutil.FreePort(t)
	cfg.HAListenPort = testutil.FreePort(t)
	var out testutil.Log
	log := zerolog.New(&out)
	h, err := broker.NewHost(cfg, log, broker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	file, err := openConfigFile(path, checkBroker)
	if err != nil {
		t.Fatal(err)
	}
	if err := startAll([]service{h}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stopAll([]service{h}) }()
	step := func(text string, want ...string) {
		t.Helper()
		write(text)
		out.Take()
		file.reload(log, []service{h})
		got := out.Take()
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%q: %q is missing in %s", text, w, got)
			}
		}
		if after, _ := os.ReadFile(path); string(after) != text {
			t.Errorf("%q: the file was written: %q", text, after)
		}
	}
	step(first, "says what is in force already")
	step("brokerName=b\nfileReservedTime=49\nlongPollingEnable=FALSE\nmappedFileSizeCommitLog=2097152\n"+
		"regionId=x\nnobodys=1\nfilterServerNums=3\n", `"changed":["fileReservedTime"]`, `"atNextStart":["regionId"]`,
		`"inFileOnly":["brokerName"]`, `"notWhileRunning":["mappedFileSizeCommitLog"]`, `"unknown":["nobodys"]`)
	if c := h.Broker().Config(); c.FileReservedTime != 49 || c.BrokerName != "a" || c.MappedFileSizeCommitLog != 1<<20 {
		t.Errorf("%d %s %d", c.FileReservedTime, c.BrokerName, c.MappedFileSizeCommitLog)
	}
	step("fileReservedTime=50\nmaxMessageSize=x\n", "nothing is changed", "maxMessageSize")
	if c := h.Broker().Config(); c.FileReservedTime != 49 {
		t.Errorf("a file that no start takes acts: %d", c.FileReservedTime)
	}
	step("brokerName=a\n", `"changed":["fileReservedTime","longPollingEnable"]`)
	if c := h.Broker().Config(); c.FileReservedTime != 72 || !c.LongPollingEnable {
		t.Errorf("keys that went are not at their defaults: %d %v", c.FileReservedTime, c.LongPollingEnable)
	}
}

// TestReloadOfANameServer: the same there, and the level of the log.
func TestReloadOfANameServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "namesrv.conf")
	if err := os.WriteFile(path, []byte("listenPort=0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _, err := namesrv.LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	cfg.BindAddress, cfg.MetricsExporterType = "127.0.0.1", metrics.Off
	defer zerolog.SetGlobalLevel(zerolog.TraceLevel)
	logs := &logFlags{level: "info"}
	var out testutil.Log
	log := zerolog.New(&out)
	logs.follow(log, &cfg.Logs)
	s, err := namesrv.New(cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	file, err := openConfigFile(path, checkNamesrv)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text, want string
		level      zerolog.Level
	}{{"listenPort=0\nlogLevel=debug\nenableTopicList=false\n", `"changed":["logLevel","enableTopicList"]`, zerolog.DebugLevel},
		{"listenPort=1\nlogLevel=debug\n", `"inFileOnly":["listenPort"]`, zerolog.DebugLevel},
		{"logLevel=warn\n", "the log has another level", zerolog.WarnLevel},
		{"", "the log has another level", zerolog.InfoLevel}} {
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		out.Take()
		file.reload(log, []service{s})
		if got := out.Take(); !strings.Contains(got, c.want) || zerolog.GlobalLevel() != c.level {
			t.Errorf("%q: %s, level %s", c.text, got, zerolog.GlobalLevel())
		}
	}
}

// TestServiceManager: a service manager hears that the process is ready, lives, reads its file again and stops, and
// SIGHUP without a terminal does not end it.
func TestServiceManager(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("WATCHDOG_USEC", "20000")
	hear := func(want string) {
		t.Helper()
		_ = l.SetReadDeadline(time.Now().Add(30 * time.Second))
		for b := make([]byte, 200); ; {
			n, err := l.Read(b)
			if err != nil {
				t.Fatalf("waiting for %s: %v", want, err)
			}
			if got := string(b[:n]); strings.HasPrefix(got, want) {
				return
			} else if got != stateAlive {
				t.Fatalf("heard %q, want %s", got, want)
			}
		}
	}
	ended := make(chan error, 1)
	s := &fakeService{begin: func() {}}
	p := &process{log: zerolog.Nop(), started: func() {}, services: []service{s}}
	ch := signals()
	go func() { ended <- p.until(ch, time.Minute) }()
	hear(stateReady)
	hear(stateAlive)
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	hear("RELOADING=1\nMONOTONIC_USEC=")
	hear(stateReady)
	ch <- syscall.SIGTERM
	hear(stateStopping)
	if err := <-ended; err != nil || !s.stopped {
		t.Errorf("%v, stopped %v", err, s.stopped)
	}
}

// TestLostTerminal: SIGHUP ends a process whose terminal has gone, as in Java; one that never had one reads its file.
func TestLostTerminal(t *testing.T) {
	ch := make(chan os.Signal, 1)
	ch <- syscall.SIGHUP
	p := &process{log: zerolog.Nop(), started: func() {}, terminal: terminal{had: true},
		services: []service{&fakeService{begin: func() {}}}}
	if hasTerminal() { // a test that a person runs
		p.terminal = terminal{}
		go func() { ch <- syscall.SIGTERM }()
	}
	if err := p.until(ch, time.Minute); err != nil {
		t.Error(err)
	}
}
