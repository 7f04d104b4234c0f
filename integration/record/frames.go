package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/javaclient"
)

// frameCases are the sessions that are recorded of each Java client.
var frameCases = []string{"sendSync", "sendAsync", "sendOneway", "sendBatch", "unicode", "pushTags", "orderlyByKey", "broadcasting", "retryThenSuccess",
	"dlqAfterLastRetry", "pull", "litePull", "rebalance3", "queryByKey", "viewById", "searchByTime"}

// advertised is where clients find the broker: another address of this machine, so that a proxy can stand there on the
// broker's own port and nothing in a frame has to be rewritten.
const advertised = "127.0.0.2"

// frames records sessions of the Java clients with Java servers, all cases or the named ones.
func frames(work, out string, cases []string) error {
	if len(cases) == 0 {
		cases = frameCases
	}
	ns, err := harness.NewNamesrv(harness.Java, work, "namesrv", nil)
	if err != nil {
		return err
	}
	defer ns.Kill()
	b, err := harness.NewBroker(harness.Java, work, "broker-a", ns.Addr(), harness.Conf{"brokerIP1": advertised, "bindAddress": "127.0.0.1"})
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
		for _, name := range cases {
			if err := session(work, filepath.Join(out, "java-"+version), version, name, ns, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// session records one case of one client version.
func session(work, out, version, name string, ns, b *harness.Server) error {
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
	dir, err := javaclient.MkDir(work, "client-"+version+"-"+name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	run := fmt.Sprintf("%x", time.Now().UnixMilli()&0xffffffff)
	results, text, err := javaclient.Run(ctx, version, dir, np.listen.Addr().String(), run, "all", name)
	if err != nil {
		return err
	}
	if len(results) != 1 || !results[0].Pass {
		return fmt.Errorf("client %s, %s: %v\n%s", version, name, results, text)
	}
	n, err := s.write(out, name)
	fmt.Printf("%s %s: %d frames\n", version, name, n)
	return err
}
