// Package javaclient builds and runs the Maven project in this folder: Apache's Java client, one JVM per version.
package javaclient

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"gorocket/integration/harness"
)

// Cases are the names that phase "all" must report; a test checks that none is missing.
var Cases = []string{
	"retryThenSuccess", "dlqAfterLastRetry", "delayLevel", "rebalance3", "broadcasting", "twoGroups",
	"offsetClientRestart", "bulk10000",
	"orderlyByKey", "pushTags", "pushLongPoll", "pull", "litePull", "sendSync", "sendAsync", "sendOneway", "sendBatch",
	"body4MiB", "unicode",
	"queryByKey", "viewById", "searchByTime",
}

// PopCases are those of phase "pop", of 5.x.
var PopCases = []string{"popRetry", "popConsume", "popTags", "popLongPoll"}

// TransactionCases are those of phase "transaction".
var TransactionCases = []string{"transaction", "transactionOtherProducer", "requestReply", "requestTimeout"}

// Result is one RESULT line.
type Result struct {
	Name   string
	Pass   bool
	Millis string
	Detail string
}

// built holds what build said for each version: a func() error.
var built sync.Map

// Build compiles against a client version and copies its jars, once in a process however many ask; seconds the first
// time.
func Build(version string) error {
	once, _ := built.LoadOrStore(version, sync.OnceValue(func() error { return build(version) }))
	return once.(func() error)()
}

func build(version string) error {
	lib := filepath.Join(home(version), "lib")
	return harness.Maven(filepath.Join(harness.Root(), "javaclient"), "-Drmq.version="+version, "-Dout="+home(version),
		"compile",
		"dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+lib)
}

func home(version string) string { return filepath.Join(harness.Work(), "javaclient-"+version) }

// Run is RunWith without flags.
func Run(ctx context.Context, version, dir, namesrv, runID, phase string, cases ...string) ([]Result, string, error) {
	return RunWith(ctx, nil, version, dir, namesrv, runID, phase, cases...)
}

// RunWith runs a phase in one JVM, which gets flags, with its files in dir and returns the results and the whole output.
func RunWith(ctx context.Context, flags []string, version, dir, namesrv, runID, phase string,
	cases ...string) ([]Result, string, error) {
	conf, err := harness.QuietConf(dir + "/conf")
	if err != nil {
		return nil, "", err
	}
	args := []string{"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xms128m", "-Xmx512m", "-Duser.home=" + dir,
		"-Drocketmq.client.localOffsetStoreDir=" + dir + "/offsets", "-Drocketmq.client.logUseSlf4j=true",
		"-cp", conf + ":" + home(version) + "/classes:" + home(version) + "/lib/*", "gorocket.it.Main", namesrv, runID, phase}
	cmd := exec.CommandContext(ctx, "java", slices.Concat(flags, args, cases)...)
	cmd.WaitDelay = 2 * time.Second
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	results := parse(string(out))
	if err != nil && len(results) == 0 {
		return nil, string(out), fmt.Errorf("java client %s: %w", version, err)
	}
	return results, string(out), nil
}

func parse(out string) []Result {
	var all []Result
	lines := bufio.NewScanner(strings.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		f := strings.SplitN(lines.Text(), " ", 5)
		if len(f) < 4 || f[0] != "RESULT" {
			continue
		}
		r := Result{Name: f[1], Pass: f[2] == "PASS", Millis: f[3]}
		if len(f) == 5 {
			r.Detail = f[4]
		}
		all = append(all, r)
	}
	return all
}

// MkDir makes the folder of one client JVM.
func MkDir(base, name string) (string, error) {
	dir := filepath.Join(base, name)
	return dir, os.MkdirAll(dir, 0o755)
}
