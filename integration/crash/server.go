package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

// names is the name server that the brokers register at.
type names struct {
	dir    string
	server *harness.Server
}

func startNames() (*names, error) {
	if why := harness.Go.Missing(); why != "" {
		return nil, errors.New(why + "; run make build first, or set GOROCKET_BIN")
	}
	dir, err := os.MkdirTemp("", "crash-names-")
	if err != nil {
		return nil, err
	}
	s, err := harness.NewNamesrv(harness.Go, dir, "namesrv", nil)
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return &names{dir, s}, nil
}

func (n *names) addr() string { return n.server.Addr() }

func (n *names) close() {
	n.server.Kill()
	os.RemoveAll(n.dir)
}

// answer launches the broker and waits until it answers requests.
func answer(s *harness.Server) (time.Duration, error) {
	begin := time.Now()
	if err := s.Launch(); err != nil {
		return 0, err
	}
	for {
		err := ping(s.Addr())
		if err == nil {
			return time.Since(begin), nil
		}
		if s.Process().Ended() || time.Since(begin) > 60*time.Second {
			return 0, fmt.Errorf("the broker does not start: %w\n%s", err, s.Process().Tail(15))
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func ping(addr string) error {
	c, err := client.Dial(addr, 5*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Call(30, map[string]any{"topic": "SELF_TEST_TOPIC", "queueId": "0"}, nil)
	return err
}

// canVerify tells whether our binary has the verify command.
func canVerify() bool {
	out, err := exec.Command(harness.Binary("gorocket"), "verify", "--help").CombinedOutput()
	return err == nil && bytes.Contains(out, []byte("verify DIR"))
}

// verify runs `gorocket verify` on the store of a killed broker: a torn tail is no damage.
func verify(s *harness.Server) error {
	cmd := exec.Command(harness.Binary("gorocket"), "verify", s.Store(), "-c", filepath.Join(s.Dir, "server.properties"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("gorocket verify: %w\n%s", err, out)
	}
	return nil
}
