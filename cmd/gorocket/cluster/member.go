package cluster

import (
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"gorocket/store/vfs"
)

// settings is the content of a configuration file.
type settings map[string]any

func (s settings) text() []byte {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(s)) {
		fmt.Fprintf(&b, "%s=%v\n", k, s[k])
	}
	return []byte(b.String())
}

// member is one process of the cluster, or the place of one that does not run.
type member struct {
	name, command, addr string
	program, dir, file  string

	cmd       *exec.Cmd     // nil before the first start
	ended     chan struct{} // closed when cmd has ended
	suspended bool
	told      bool // that it has ended
}

// add writes a member's file.
func (c *Cluster) add(name, command, addr string, s settings) error {
	dir := filepath.Join(c.opt.Dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	m := &member{name: name, command: command, addr: addr, program: c.opt.Program, dir: dir,
		file: filepath.Join(dir, command+".conf")}
	c.members = append(c.members, m)
	return vfs.WriteFileAtomic(vfs.OS{}, m.file, s.text())
}

// log is the file with the member's output.
func (m *member) log() string { return filepath.Join(m.dir, m.command+".log") }

// start runs the process. Its output goes behind that of the one before.
func (m *member) start() error {
	if m.runs() {
		return fmt.Errorf("%s runs: pid %d", m.name, m.cmd.Process.Pid)
	}
	out, err := os.OpenFile(m.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	m.cmd, m.ended = exec.Command(m.program, m.command, "-c", m.file), make(chan struct{})
	m.suspended, m.told = false, false
	m.cmd.Stdout, m.cmd.Stderr = out, out
	m.cmd.SysProcAttr = attributes()
	if err := m.cmd.Start(); err != nil {
		close(m.ended)
		return fmt.Errorf("%s: %w", m.name, err)
	}
	go func() {
		defer close(m.ended)
		_ = m.cmd.Wait() // how it ended is in its log
	}()
	return nil
}

func (m *member) runs() bool {
	if m.cmd == nil {
		return false
	}
	select {
	case <-m.ended:
		return false
	default:
		return true
	}
}

func (m *member) signal(s syscall.Signal) error {
	if !m.runs() {
		return fmt.Errorf("%s does not run", m.name)
	}
	if err := m.cmd.Process.Signal(s); err != nil {
		return fmt.Errorf("%s: %w", m.name, err)
	}
	m.suspended = s == syscall.SIGSTOP || m.suspended && s != syscall.SIGCONT
	return nil
}

// terminate asks it to end.
func (m *member) terminate() {
	if m.runs() {
		_ = m.signal(syscall.SIGCONT)
		_ = m.signal(syscall.SIGTERM)
	}
}

// endLimit is how long a member may take to end.
const endLimit = 5 * time.Second

// await waits for its end, and brings it about when that takes too long.
func (m *member) await() {
	if m.cmd == nil {
		return
	}
	select {
	case <-m.ended:
	case <-time.After(endLimit):
		_ = m.signal(syscall.SIGKILL)
		<-m.ended
	}
}

// state is a word for people.
func (m *member) state() string {
	switch {
	case !m.runs():
		return "does not run"
	case m.suspended:
		return "is suspended"
	}
	return "runs"
}

// tailBytes is how much of a log is shown.
const tailBytes = 2000

// tail is the end of the member's log, whole lines.
func (m *member) tail() (string, error) {
	f, err := os.Open(m.log())
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	from := max(0, info.Size()-tailBytes)
	text, err := io.ReadAll(io.NewSectionReader(f, from, tailBytes))
	if from > 0 {
		_, rest, _ := strings.Cut(string(text), "\n")
		return rest, err
	}
	return string(text), err
}
