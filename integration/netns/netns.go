// Package netns has servers run in network namespaces of their own, so that the kernel's network between them can be
// cut, slowed and mended. It needs root, and the commands ip and nsenter.
package netns

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Away is the name, in each namespace, of its link to this process.
const Away = "away"

// Namespace is that of a process that sleeps and ends with this one, however that ends: nothing is left over.
type Namespace struct {
	Here, There string // addresses of the link to this process: at this end, and in the namespace
	pid         int    // of the process whose namespace it is
	holder      *exec.Cmd
	link        string // its end here
}

// Missing says why namespaces cannot be made here, nil when they can.
func Missing(tools ...string) error {
	if os.Geteuid() != 0 {
		return errors.New("not root")
	}
	for _, tool := range append(tools, "ip", "nsenter") {
		if _, err := exec.LookPath(tool); err != nil {
			return err
		}
	}
	return nil
}

// addr is one of 16 addresses (0 to 15) that this process may use for links: of 198.18.0.0/15, which is for tests of
// networks.
func addr(k int) string {
	me := os.Getpid()
	return fmt.Sprintf("198.18.%d.%d", me>>4&255, me&15<<4+k)
}

// New makes namespace i (0 to 2) of this process with a link to it.
func New(i int) (e *Namespace, err error) {
	e = &Namespace{Here: addr(2 * i), There: addr(2*i + 1)}
	if err := e.hold(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			e.Close()
		}
	}()
	name := fmt.Sprintf("gr%d%c", os.Getpid(), "abc"[i])
	if err := Run("ip", "link", "add", name, "type", "veth", "peer", "name", Away, "netns", strconv.Itoa(e.pid)); err != nil {
		return nil, err
	}
	e.link = name
	return e, errors.Join(Run("ip", "addr", "add", e.Here+"/31", "dev", name), Run("ip", "link", "set", name, "up"),
		e.Run("ip", "addr", "add", e.There+"/31", "dev", Away), e.Run("ip", "link", "set", Away, "up"),
		e.Run("ip", "link", "set", "lo", "up"))
}

// hold makes the namespace.
func (e *Namespace) hold() error {
	e.holder = exec.Command("sleep", "infinity")
	e.holder.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	err := e.holder.Start()
	if err == nil {
		e.pid = e.holder.Process.Pid
	}
	return err
}

// Prefix is what runs a command in the namespace.
func (e *Namespace) Prefix() []string { return []string{"nsenter", "-t", strconv.Itoa(e.pid), "-n"} }

// Run runs a command in the namespace.
func (e *Namespace) Run(argv ...string) error { return Run(append(e.Prefix(), argv...)...) }

// Run runs a command. The error has what it said.
func Run(argv ...string) error {
	out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Listen opens a listener in the namespace. The thread comes back: it may be the parent of processes that end with it.
func (e *Namespace) Listen(addr string) (net.Listener, error) {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	defer home.Close()
	there, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", e.pid))
	if err != nil {
		return nil, err
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", addr)
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		return nil, back // the thread stays locked, and nobody else gets it
	}
	runtime.UnlockOSThread()
	return l, err
}

// Close ends it: with its last process a namespace goes, and a moment later its links; ours at once, for the next one has
// its name.
func (e *Namespace) Close() {
	if e != nil && e.link != "" {
		_ = Run("ip", "link", "del", e.link) // it may be gone
	}
	if e != nil && e.holder != nil && e.holder.Process != nil {
		_ = e.holder.Process.Kill()
		_ = e.holder.Wait()
	}
}
