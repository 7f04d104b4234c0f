package integration

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gorocket/integration/harness"
)

// prompt is a running `gorocket cluster --dev`.
type prompt struct {
	t     *testing.T
	in    io.WriteCloser
	lines chan string
	seen  []string
}

// await returns what a line that matches has in its first group.
func (p *prompt) await(pattern string) string {
	p.t.Helper()
	is := regexp.MustCompile(pattern)
	for limit := time.After(30 * time.Second); ; {
		select {
		case line, more := <-p.lines:
			if !more {
				p.t.Fatalf("it ended without %q:\n%s", pattern, strings.Join(p.seen, "\n"))
			}
			p.seen = append(p.seen, line)
			if found := is.FindStringSubmatch(line); found != nil {
				return found[len(found)-1]
			}
		case <-limit:
			p.t.Fatalf("no line %q in\n%s", pattern, strings.Join(p.seen, "\n"))
		}
	}
}

func (p *prompt) say(format string, args ...any) {
	p.t.Helper()
	if _, err := fmt.Fprintf(p.in, format+"\n", args...); err != nil {
		p.t.Fatal(err)
	}
}

// TestClusterToTry is what docs/operating.md has a newcomer do: a cluster, a master that is killed, one that is
// suspended, a planned switch. Nothing is left over.
func TestClusterToTry(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(harness.Binary("gorocket"), "cluster", "--dev")
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &prompt{t: t, lines: make(chan string, 1024)}
	if p.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	go func() {
		defer close(p.lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			p.lines <- in.Text()
		}
	}()
	master := p.await(`^Try it: kill (a[12]),`)
	p.await("^ready namesrv=")
	p.say("kill %s", master)
	p.await("^  " + master + " does not run")
	other := p.await(`^  (a[12]) is master of a after`)
	p.say("start %s", master)
	p.await("^  " + master + " runs: pid")
	p.inSync(master)
	p.say("switch a")
	if now := p.await(`^  (a[12]) is master of a after`); now != master {
		t.Errorf("%s is master, want %s", now, master)
	}
	p.inSync(other)
	p.say("suspend %s", master)
	p.await("^  " + master + " is suspended")
	if now := p.await(`^  (a[12]) is master of a after`); now != other {
		t.Errorf("%s is master, want %s", now, other)
	}
	p.say("resume %s", master)
	p.inSync(master)
	p.say("status")
	pid, err := strconv.Atoi(p.await("^  " + other + " .* pid ([0-9]+) .*master, epoch"))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil { // not at the prompt
		t.Fatal(err)
	}
	p.await("^  " + other + " has ended, and not by a command here")
	if now := p.await(`^  (a[12]) is master of a after`); now != master {
		t.Errorf("%s is master, want %s", now, master)
	}
	p.say("nonsense")
	p.await(`no command "nonsense"`)
	p.say("kill c9")
	p.await(`there is no "c9"`)
	p.say("quit")
	for line := range p.lines {
		p.seen = append(p.seen, line)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(dir + "/*"); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

// inSync waits until a broker is a slave in sync.
func (p *prompt) inSync(name string) {
	p.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		p.say("status")
		if p.await("^  "+name+" .* (master, epoch.*|slave, in sync|slave, not in sync)$") == "slave, in sync" {
			return
		}
	}
	p.t.Fatalf("%s is never in sync:\n%s", name, strings.Join(p.seen, "\n"))
}
