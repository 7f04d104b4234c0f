package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gorocket/integration/goclient"
	"gorocket/integration/harness"
	"gorocket/integration/javaclient"
)

// frameCases are the sessions that are recorded of each client.
var frameCases = []string{"sendSync", "sendAsync", "sendOneway", "sendBatch", "unicode", "pushTags", "orderlyByKey",
	"broadcasting", "retryThenSuccess",
	"dlqAfterLastRetry", "pull", "litePull", "rebalance3", "queryByKey", "viewById", "searchByTime"}

// goVersion is the release of rocketmq-client-go in go.mod.
const goVersion = "2.1.2"

// advertised is where clients find the broker: another address of this machine, so that a proxy can stand there on the
// broker's own port and nothing in a frame has to be rewritten.
const advertised = "127.0.0.2"

// frames records sessions of the Java and Go clients with Java servers, all cases or the named ones.
func frames(work, out string, cases []string) error {
	if len(cases) == 0 {
		cases = frameCases
	}
	ns, err := harness.NewNamesrv(harness.Java, work, "namesrv", nil)
	if err != nil {
		return err
	}
	defer ns.Kill()
	b, err := harness.NewBroker(harness.Java, work, "broker-a", ns.Addr(),
		harness.Conf{"brokerIP1": advertised, "bindAddress": "127.0.0.1"})
	if err != nil {
		return err
	}
	defer b.Kill()
	b.Advertised = fmt.Sprintf("%s:%d", advertised, b.Port)
	if err := errors.Join(ns.Start(), b.Start()); err != nil {
		return err
	}
	for _, version := range []string{"4.9.8", "5.5.0"} {
		if err := javaclient.Build(version); err != nil {
			return err
		}
	}
	for _, name := range cases {
		for _, version := range []string{"4.9.8", "5.5.0"} {
			err := session(filepath.Join(out, "java-"+version), name, ns, b, func(names string) error {
				return javaCase(filepath.Join(work, version+name), version, name, names)
			})
			if err != nil {
				return err
			}
		}
		err := session(filepath.Join(out, "go-"+goVersion), name, ns, b, func(names string) error {
			return goCase(name, names,
				b.Addr())
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func runID() string { return fmt.Sprintf("%x", time.Now().UnixMilli()&0xffffffff) }

// javaCase runs one case in a JVM.
func javaCase(dir, version, name, names string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	results, text, err := javaclient.Run(ctx, version, dir, names, runID(), "all", name)
	if err == nil && (len(results) != 1 || !results[0].Pass) {
		err = fmt.Errorf("client %s, %s: %v\n%s", version, name, results, text)
	}
	return err
}

// goCase runs one case of the Go client in this process; its own requests go to the broker directly, unrecorded.
func goCase(name, names, broker string) error {
	for _, c := range goclient.Cases() {
		if c.Name == name {
			var tb recorderTB
			return tb.run(func(t testing.TB) { c.Run(t, goclient.NewEnv(t, names, broker, runID())) })
		}
	}
	return fmt.Errorf("the Go client has no case %q", name)
}

// session records what passes through the two proxies while f runs.
func session(out, name string, ns, b *harness.Server, f func(names string) error) error {
	s := newSink()
	np, err := startProxy(advertised+":0", ns.Addr(), 'N', s)
	if err != nil {
		return err
	}
	defer np.close()
	bp, err := startProxy(b.Advertised, b.Addr(), 'B', s)
	if err != nil {
		return err
	}
	defer bp.close()
	if err := f(np.listen.Addr().String()); err != nil {
		return err
	}
	n, err := s.write(out, name)
	fmt.Printf("%s %s: %d frames\n", filepath.Base(out), name, n)
	return err
}
