package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/rs/zerolog"

	brokerconfig "gorocket/broker/config"
	"gorocket/compat/testutil"
)

// TestStartLine: one line says which program runs and what is different about it, and no value of the configuration.
func TestStartLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "broker.conf")
	if err := os.WriteFile(file, []byte("fileReservedTime=49\nbrokerClusterName=c\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _, err := brokerconfig.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Complete(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	logStart(zerolog.New(&out), "broker", file, "/store", changedKeys(&cfg))
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%v: %s", err, &out)
	}
	for _, key := range []string{"version", "commit", "go", "pid"} {
		if line[key] == nil || line[key] == "" {
			t.Errorf("no %s in %s", key, &out)
		}
	}
	changed, _ := json.Marshal(line["notDefault"])
	const want = `["fileReservedTime","brokerClusterName"]`
	if line["configFile"] != file || line["store"] != "/store" || string(changed) != want {
		t.Errorf("%s", &out)
	}
}

// runStandalone runs gorocket standalone --dev with more arguments until it is ready, and returns what it printed.
func runStandalone(t *testing.T, ready string, args ...string) (stdout, stderr string) {
	t.Helper()
	oldOut, oldErr := os.Stdout, os.Stderr
	defer func() { os.Stdout, os.Stderr = oldOut, oldErr }()
	outR, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	errR, errW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout, os.Stderr = outW, errW
	lines := func(r io.Reader, into *bytes.Buffer, done chan struct{}) {
		defer close(done)
		for s := bufio.NewScanner(r); s.Scan(); {
			into.WriteString(s.Text() + "\n")
			if strings.Contains(s.Text(), ready) {
				_ = syscall.Kill(os.Getpid(), syscall.SIGTERM) // Notify is in force: somebody said ready
			}
		}
	}
	var out, errs bytes.Buffer
	outDone, errDone := make(chan struct{}), make(chan struct{})
	go lines(outR, &out, outDone)
	go lines(errR, &errs, errDone)
	c := standaloneCommand()
	c.SetArgs(append([]string{"--dev"}, args...))
	err = c.Execute()
	_, _ = outW.Close(), errW.Close()
	<-outDone
	<-errDone
	if err != nil {
		t.Fatalf("%v\n%s%s", err, &out, &errs)
	}
	return out.String(), errs.String()
}

// TestJSONIsAllThereIs: with --log-json nothing but JSON objects is printed.
func TestJSONIsAllThereIs(t *testing.T) {
	stdout, stderr := runStandalone(t, `"message":"ready"`, "--log-json")
	if stdout != "" {
		t.Errorf("on standard output:\n%s", stdout)
	}
	var messages []string
	for line := range strings.Lines(stderr) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Errorf("%v: %s", err, line)
		}
		text, _ := v["message"].(string)
		messages = append(messages, text)
		if text == "ready" && (v["namesrv"] == nil || v["broker"] == nil || v["store"] == nil || v["namesrvMetrics"] == "") {
			t.Errorf("%s", line)
		}
		if text == "The broker boot success" && v["metrics"] == "" {
			t.Errorf("no metrics: %s", line)
		}
	}
	if !slices.Contains(messages, "gorocket starts") || messages[len(messages)-1] != "stopped" {
		t.Errorf("lines: %q", messages)
	}
}

// TestReadyLineIsText: without --log-json the line is there that scripts wait for.
func TestReadyLineIsText(t *testing.T) {
	stdout, stderr := runStandalone(t, "ready namesrv=")
	if !strings.Contains(stdout, "\nready namesrv=127.0.0.1:") || strings.Count(stdout,
		"metrics http://127.0.0.1:") != 2 ||
		!strings.Contains(stderr, "gorocket starts") {
		t.Errorf("%s%s", stdout, stderr)
	}
}

// TestReportedErrors: an error is told once, in the form that was asked for.
func TestReportedErrors(t *testing.T) {
	wrong := errors.New("wrong")
	defer zerolog.SetGlobalLevel(zerolog.TraceLevel)
	text := logFlags{level: "error"}
	if err := text.report(wrong); err != wrong {
		t.Errorf("%v", err)
	}
	old := os.Stderr
	defer func() { os.Stderr = old }()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stderr = w
	asJSON := logFlags{level: "error", json: true}
	if err := asJSON.report(wrong); !errors.Is(err, errLogged) || !errors.Is(err, wrong) {
		t.Errorf("%v", err)
	}
	_ = w.Close()
	if line, _ := io.ReadAll(r); !bytes.Contains(line, []byte(`"error":"wrong"`)) {
		t.Errorf("%s", line)
	}
}

// TestFindingsAreCounted: verify prints words, not a map of Go.
func TestFindingsAreCounted(t *testing.T) {
	if got := counted(0, 2, 1); got != "0 damaged, 2 repairable, 1 note" {
		t.Error(got)
	}
}

// TestLogFiles: lines go to standard error and to a file with Java's name, the next one is begun at its size, and old
// ones are compressed; a file that somebody moved is opened again by name.
func TestLogFiles(t *testing.T) {
	defer zerolog.SetGlobalLevel(zerolog.TraceLevel)
	home := t.TempDir()
	t.Setenv("HOME", home)
	old := os.Stderr
	defer func() { os.Stderr = old }()
	var err error
	if os.Stderr, err = os.Create(filepath.Join(home, "stderr")); err != nil {
		t.Fatal(err)
	}
	f := &logFlags{level: "info", java: true, maxSize: 1, maxFiles: 2}
	log, err := f.logger("broker")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(home, "logs", "rocketmqlogs")
	log.Info().Msg("first")
	log.Debug().Msg("not told")
	f.setLevel("debug")
	log.Debug().Msg("told")
	names, err := f.beside(log, "namesrv")
	if err != nil {
		t.Fatal(err)
	}
	names.Info().Msg("of the NameServer")
	for name, want := range map[string]string{"broker.log": "INF first\n", "namesrv.log": "INF of the NameServer\n",
		"../../stderr": "of the NameServer"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Contains(text, []byte(want)) ||
			bytes.Contains(text, []byte("not told")) {
			t.Errorf("%s: %s, %v", name, text, err)
		}
	}
	if err := os.Rename(filepath.Join(dir, "broker.log"), filepath.Join(dir, "moved")); err != nil {
		t.Fatal(err)
	}
	f.reopen()
	long := strings.Repeat("x", 200<<10)
	for range 8 {
		log.Info().Msg(long)
	}
	if moved, err := os.ReadFile(filepath.Join(dir, "moved")); err != nil || bytes.Contains(moved, []byte("xxx")) ||
		!bytes.Contains(moved, []byte("DBG told")) {
		t.Errorf("moved: %v", err)
	}
	testutil.WaitFor(t, "a compressed log file", func() bool {
		all, err := filepath.Glob(filepath.Join(dir, "broker-*.log.gz"))
		return err == nil && len(all) == 1
	})
	f.reopen()
}

// TestWrongLogFlags: a level, a size and a folder that cannot be.
func TestWrongLogFlags(t *testing.T) {
	defer zerolog.SetGlobalLevel(zerolog.TraceLevel)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, f := range []logFlags{{level: "loud"}, {level: ""}, {level: "info", dir: t.TempDir()},
		{level: "info", dir: t.TempDir(), maxSize: 1, maxFiles: -1}, {level: "info", dir: file, maxSize: 1}} {
		if _, err := f.logger("broker"); err == nil {
			t.Errorf("%+v is taken", f)
		}
	}
}

// TestJavaOptions: what a chart for Java's servers sets is no mistake, and the log says that it does nothing.
func TestJavaOptions(t *testing.T) {
	for value, want := range map[string]string{"": "", "-Dtls.server.mode=enforcing": "",
		"-Xmx8g -Dtls.enable=true -Djavax.net.ssl.keyStorePassword=secret=1": `"options":["-Xmx8g",` +
			`"-Djavax.net.ssl.keyStorePassword"]`} {
		var out bytes.Buffer
		warnJava(zerolog.New(&out), func(name string) string {
			if name == "JAVA_TOOL_OPTIONS" {
				return ""
			}
			return value
		})
		if got := out.String(); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q: %s", value, got)
		}
	}
}
