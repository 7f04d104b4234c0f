package ha_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/store"
	"gorocket/store/ha"
	"gorocket/store/vfs"
)

// Environment of a child process of TestKill9: which end it is, its directory, the master's address, and its number.
const (
	envEnd  = "HA_TEST_END"
	envDir  = "HA_TEST_DIR"
	envAddr = "HA_TEST_ADDR"
	envRun  = "HA_TEST_RUN"
)

// openDir opens a store on the disk.
func openDir(dir, role string) (*store.Store, error) {
	c := config(role)
	c.StorePathRootDir, c.MinFreeDiskBytes, c.SlaveTimeout = dir, 0, 1000
	c.MappedFileSizeCommitLog = 1 << 20
	s, err := store.Open(c, vfs.OS{}, store.EventListener{})
	if err == nil {
		err = s.Start()
	}
	return s, err
}

// TestEnd is one end of a pair in a process of its own; by itself it is no test.
func TestEnd(t *testing.T) {
	dir, addr := os.Getenv(envDir), os.Getenv(envAddr)
	switch os.Getenv(envEnd) {
	case "slave":
		s, err := openDir(dir, "SLAVE")
		if err != nil {
			t.Fatal(err)
		}
		x := startSlave(t, s, addr, ha.SlaveEvents{})
		_, _ = io.Copy(io.Discard, os.Stdin) // until the parent ends it
		x.Stop()
		_ = s.Stop(context.Background())
	case "master":
		masterEnd(t, dir, addr)
	}
}

// masterEnd sends from several producers and prints what a slave has.
func masterEnd(t *testing.T, dir, addr string) {
	s, err := openDir(dir, "SYNC_MASTER")
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{master: s}
	p.m = ha.NewMaster(ha.MasterOptions{Listen: addr}, settings(), s.Log(),
		ha.MasterEvents{Acknowledged: func() { s.Confirm(p.m.Confirmed(1)) }})
	if err := p.m.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	out := make(chan string, 100)
	l := ledger{told: func(q int32, at int64, body string) { out <- fmt.Sprintf("ack %d %d %s\n", q, at, body) }}
	var producers, printer sync.WaitGroup
	for i := range uint64(4) {
		name := fmt.Sprintf("r%s-p%d", os.Getenv(envRun), i)
		producers.Go(func() { p.produce(ctx, t, &l, name, i) })
	}
	printer.Go(func() {
		for line := range out {
			_, _ = os.Stdout.WriteString(line) // one write a line: a kill cuts none
		}
	})
	_, _ = io.Copy(io.Discard, os.Stdin)
	cancel()
	producers.Wait()
	close(out)
	printer.Wait()
	p.m.Stop()
	_ = s.Stop(context.Background())
}

// child is an end in a process.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	read  sync.WaitGroup
}

func startChild(t *testing.T, end, dir, addr string, run int, l *ledger) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0], "-test.run=^TestEnd$", "-test.v=false")}
	c.cmd.Env = append(os.Environ(), envEnd+"="+end, envDir+"="+dir, envAddr+"="+addr, envRun+"="+strconv.Itoa(run))
	c.cmd.Stderr = os.Stderr
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.cmd.StdoutPipe()
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	c.stdin = stdin
	c.read.Go(func() {
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			var q int32
			var at int64
			var body string
			if n, _ := fmt.Sscanf(lines.Text(), "ack %d %d %s", &q, &at, &body); n == 3 {
				l.ack(q, at, body)
			} else if len(lines.Text()) > 0 && lines.Text() != "PASS" {
				t.Logf("%s: %s", end, lines.Text())
			}
		}
	})
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	return c
}

// end ends the process, by SIGKILL or by the end of its input.
func (c *child) end(kill bool) {
	if kill {
		_ = c.cmd.Process.Kill()
	}
	_ = c.stdin.Close()
	c.read.Wait()
	_ = c.cmd.Wait()
}

// kills can be raised: HA_KILLS=200 go test -run Kill9 -timeout 30m ./store/ha.
func kills(t *testing.T) int {
	if n, err := strconv.Atoi(os.Getenv("HA_KILLS")); err == nil {
		return n
	}
	if testing.Short() {
		return 3
	}
	return 10
}

// TestKill9 kills master or slave, processes with files on the disk, while producers wait for the slave; then both have
// every message that a producer was told of, once, and no queue has a gap.
func TestKill9(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	_ = free.Close()
	dirs := map[string]string{"master": t.TempDir(), "slave": t.TempDir()}
	var l ledger
	rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 6))
	ends := map[string]*child{}
	for name, dir := range dirs {
		ends[name] = startChild(t, name, dir, addr, 0, &l)
	}
	for i := range kills(t) {
		before := l.count()
		testutil.WaitFor(t, "acknowledgements go on", func() bool { return l.count() > before+100 })
		time.Sleep(time.Duration(rnd.IntN(50)) * time.Millisecond)
		name := []string{"master", "slave"}[rnd.IntN(2)]
		ends[name].end(true)
		ends[name] = startChild(t, name, dirs[name], addr, i+1, &l)
	}
	ends["master"].end(false)
	ends["slave"].end(false)

	var both [2]*store.Store
	for i, role := range []string{"SYNC_MASTER", "SLAVE"} {
		s, err := openDir(dirs[[]string{"master", "slave"}[i]], role)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Stop(context.Background()) })
		both[i] = s
	}
	t.Logf("%d messages were acknowledged, the log ends at %d", l.count(), both[0].MaxPhyOffset())
	l.check(t, "the master", both[0])
	if both[0].MaxPhyOffset() < both[1].MaxPhyOffset() {
		t.Errorf("the slave is ahead: %d, %d", both[0].MaxPhyOffset(), both[1].MaxPhyOffset())
	}
	m := startMaster(t, both[0], settings(), ha.MasterEvents{})
	startSlave(t, both[1], m.Addr().String(), ha.SlaveEvents{})
	same(t, both[0], both[1])
	l.check(t, "the slave", both[1])
}
