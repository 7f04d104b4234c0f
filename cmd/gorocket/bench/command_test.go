package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"gorocket/broker"
	brokerconfig "gorocket/broker/config"
	"gorocket/namesrv"
)

// cluster starts a NameServer and a broker in this process and returns their addresses.
func cluster(t *testing.T) (names, addr string) {
	t.Helper()
	dir := t.TempDir()
	log := zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.ErrorLevel)
	ns := namesrv.DefaultConfig()
	ns.BindAddress, ns.ListenPort = "127.0.0.1", 0
	ns.KVConfigPath, ns.ConfigStorePath = dir+"/kv.json", dir+"/ns.properties"
	n, err := namesrv.New(ns, log)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Stop(context.Background()) })
	names = "127.0.0.1" + n.Addr()[strings.LastIndexByte(n.Addr(), ':'):]
	c := brokerconfig.Default()
	c.StorePathRootDir, c.BrokerName, c.BrokerIP1, c.BindAddress = dir+"/store", "broker-a", "127.0.0.1", "127.0.0.1"
	c.MappedFileSizeCommitLog, c.MappedFileSizeConsumeQueue, c.MaxHashSlotNum, c.MaxIndexNum = 64<<20, 60000, 1000, 4000
	c.MetricsExporterType, c.NamesrvAddr = "DISABLE", names
	c.ListenPort = freePort(t) + 2
	b, err := broker.New(c, log)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Stop(context.Background()) })
	return names, c.Addr()
}

// runCommand runs the command line and returns standard output.
func runCommand(args ...string) (string, error) {
	c := Command()
	var out, errs bytes.Buffer
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(&errs)
	c.SilenceErrors, c.SilenceUsage = true, true
	err := c.Execute()
	return out.String(), err
}

// runJSON runs a command with --json and returns what it printed.
func runJSON(t *testing.T, args ...string) map[string]any {
	t.Helper()
	out, err := runCommand(append(args, "--json", "--pid", strconv.Itoa(os.Getpid()))...)
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	var v map[string]any
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return v
}

func number(t *testing.T, v map[string]any, key string) float64 {
	t.Helper()
	n, ok := v[key].(float64)
	if !ok {
		t.Fatalf("%s is %v in %v", key, v[key], v)
	}
	return n
}

// TestEveryCommand runs each of them briefly against our own servers.
func TestEveryCommand(t *testing.T) {
	names, addr := cluster(t)
	echo := freeAddr(t)
	s, err := startEcho(echo)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	pulls := sendfileAddr(t)
	short := []string{"--duration", "400ms", "--warmup", "100ms"}
	for _, c := range []struct {
		name  string
		args  []string
		least map[string]float64 // keys and the least values
		zero  []string
	}{
		{"send", []string{"send", "-n", names, "--topic", "a", "--queues", "3", "--size", "100", "--properties",
			"TAGS=x,KEYS=k"},
			map[string]float64{"count": 100, "perSecond": 100, "serverCPUMicros": 0, "clientCPUMicros": 0, "serverRssAnon": 1,
				"queues": 3}, []string{"errors"}},
		{"send batches, binary", []string{"send", "-b", addr, "--topic", "a", "--batch", "16", "--size", "100", "--codec",
			"rocketmq"}, map[string]float64{"count": 160}, []string{"errors"}},
		{"send at a rate", []string{"send", "-b", addr, "--rate", "500"}, map[string]float64{"count": 150},
			[]string{"errors"}},
		{"pull", []string{"pull", "-n", names, "--topic", "p", "--fill", "5000", "--size", "300"},
			map[string]float64{"count": 5000, "wraps": 1}, []string{"faulty", "missingOffsets", "repeated", "errors"}},
		{"pull, binary", []string{"pull", "-b", addr, "--topic", "p", "--codec", "rocketmq", "--batch", "7"},
			map[string]float64{"count": 500}, []string{"faulty", "missingOffsets", "repeated"}},
		{"pop", []string{"pop", "-n", names, "--topic", "q", "--fill", "5000", "--size", "300"},
			map[string]float64{"count": 500, "acknowledged": 500}, []string{"faulty", "errors"}},
		{"pop, acknowledged in batches", []string{"pop", "-b", addr, "--topic", "q", "--batch", "7", "--batch-acks"},
			map[string]float64{"count": 500, "acknowledged": 500}, []string{"faulty", "errors"}},
		{"e2e, popped", []string{"e2e", "-n", names, "--rate", "1000", "--queues", "4", "--pop"},
			map[string]float64{"sent": 400, "count": 300}, []string{"lost", "repeated", "errors"}},
		{"e2e", []string{"e2e", "-n", names, "--rate", "1000", "--queues", "4", "--consumers", "2"},
			map[string]float64{"sent": 400, "count": 300}, []string{"lost", "repeated", "errors"}},
		{"connections", []string{"connections", "-n", names, "--count", "50", "--heartbeat", "1s"},
			map[string]float64{"connections": 50, "heartbeats": 10}, []string{"lost"}},
		{"routes", []string{"routes", "-n", names}, map[string]float64{"count": 100}, []string{"errors"}},
		{"routes at a rate", []string{"routes", "-n", names, "--rate", "500"}, map[string]float64{"count": 150},
			[]string{"errors"}},
		{"overload", []string{"overload", "-n", names, "--in-flight", "2000", "--connections", "10"},
			map[string]float64{"peakPerSecond": 100, "acceptedRatio": 0.05, "count": 10}, nil},
		{"send to echo", []string{"send", "-b", echo, "--size", "128"}, map[string]float64{"count": 1000},
			[]string{"errors"}},
		{"pull from sendfile", []string{"pull", "-b", pulls, "--connections", "3"},
			map[string]float64{"count": 2000, "wraps": 1}, []string{"faulty", "missingOffsets", "repeated", "errors"}},
		{"routes at echo", []string{"routes", "-n", echo}, map[string]float64{"count": 1000}, []string{"errors"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			with := short
			if c.args[0] == "connections" {
				with = short[:2]
			}
			v := runJSON(t, append(c.args, with...)...)
			for key, least := range c.least {
				if n := number(t, v, key); n < least {
					t.Errorf("%s is %v, want %v at least", key, n, least)
				}
			}
			for _, key := range c.zero {
				if n := number(t, v, key); n != 0 {
					t.Errorf("%s is %v, want 0", key, n)
				}
			}
			for what, p := range v["latencyMicros"].(map[string]any) {
				if h := p.(map[string]any); h["p50"].(float64) <= 0 || h["max"].(float64) < h["p99.9"].(float64) {
					t.Errorf("latency of %s: %v", what, h)
				}
			}
		})
	}
}

func TestTopicsCommand(t *testing.T) {
	names, addr := cluster(t)
	v := runJSON(t, "topics", "-n", names, "--count", "20", "--queues", "3", "--prefix", "gone_", "--delete")
	for _, key := range []string{"createSeconds", "routeSeconds", "routesSeconds", "sendSeconds", "createPerSecond"} {
		if number(t, v, key) <= 0 {
			t.Errorf("%s is %v", key, v[key])
		}
	}
	if _, err := runCommand("pull", "-b", addr, "--topic", "gone_000003"); err == nil ||
		!strings.Contains(err.Error(), "code 17 TOPIC_NOT_EXIST") {
		t.Errorf("a deleted topic: %v", err)
	}
	if v := runJSON(t, "topics", "-n", names, "--count", "2", "--send=false"); v["sendSeconds"] != nil {
		t.Errorf("sent although it was not to: %v", v)
	}
	runJSON(t, "topics", "-n", names, "--count", "2", "--queues", "3", "--prefix", "stays_")
	if _, err := runCommand("pull", "-b", addr, "--topic", "stays_000001", "--duration", "100ms", "--warmup",
		"0"); err != nil {
		t.Errorf("a topic with one message in each queue: %v", err)
	}
}

// TestErrorsAreClear: one line that names the server and the reason; a wrong command line is a *UsageError.
func TestErrorsAreClear(t *testing.T) {
	names, addr := cluster(t)
	nobody := freeAddr(t)
	for _, c := range []struct {
		args  []string
		usage bool
		says  []string
	}{
		{[]string{"send", "-b", nobody}, false, []string{nobody, "connection refused"}},
		{[]string{"send", "-n", nobody}, false, []string{nobody, "connection refused"}},
		{[]string{"routes", "-n", nobody + ";" + names, "--topic", "nowhere"}, false,
			[]string{names, "code 17 TOPIC_NOT_EXIST", "nowhere"}},
		{[]string{"pull", "-n", names, "--topic", "nowhere"}, false, []string{addr, "nowhere", "code 17 TOPIC_NOT_EXIST"}},
		{[]string{"pull", "-n", names, "--topic", "TBW102"}, false, []string{"no messages", "--fill"}},
		{[]string{"send", "-n", names, "--topic", "SCHEDULE_TOPIC_XXXX"}, false,
			[]string{addr, "refused to take a message", "code 16 NO_PERMISSION"}},
		{[]string{"send", "-n", names, "--topic", "a b"}, false, []string{addr, "refused to create topic a b"}},
		{[]string{"send", "-b", addr, "--pid", "999999999"}, false, []string{"--pid 999999999", "no such process"}},
		{[]string{"send", "-b", addr, "--topic", "TBW102", "--queues", "100"}, false, []string{"TBW102", "not 100"}},
		{[]string{"send"}, true, []string{"-n", "-b"}},
		{[]string{"send", "-b", addr, "--rate", "-1"}, true, []string{"--rate"}},
		{[]string{"send", "-b", addr, "--bogus"}, true, []string{"--bogus"}},
		{[]string{"send", "-b", addr, "--codec", "xml"}, true, []string{"xml"}},
		{[]string{"send", "-b", addr, "--size", "20000000"}, true, []string{"--size"}},
		{[]string{"send", "-b", addr, "--properties", "novalue"}, true, []string{"novalue"}},
		{[]string{"send", "-b", addr, "--connections", "0"}, true, []string{"--connections"}},
		{[]string{"send", "-b", addr, "extra"}, true, []string{"extra"}},
		{[]string{"e2e", "-b", addr, "--size", "10"}, true, []string{"--size"}},
		{[]string{"e2e", "-b", addr, "--rate", "0"}, true, []string{"--rate"}},
		{[]string{"topics", "-b", addr}, true, []string{"-n"}},
		{[]string{"topics", "-n", names, "--count", "0"}, true, []string{"--count"}},
		{[]string{"routes", "-b", addr}, true, []string{"-n"}},
		{[]string{"connections", "-b", addr, "--count", "0"}, true, []string{"--count"}},
		{[]string{"overload", "-b", addr, "--in-flight", "3"}, true, []string{"--in-flight"}},
		{[]string{"echo", "--sendfile", "1000000000"}, true, []string{"--sendfile"}},
		{[]string{"bogus"}, true, []string{"bogus"}},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			_, err := runCommand(c.args...)
			if err == nil {
				t.Fatal("no error")
			}
			var wrong *UsageError
			if errors.As(err, &wrong) != c.usage || strings.Contains(err.Error(), "\n") {
				t.Errorf("%T %v", err, err)
			}
			for _, word := range c.says {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q is not in %q", word, err)
				}
			}
		})
	}
}
