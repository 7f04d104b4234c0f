// Command pgo writes the profile that the compiler optimizes gorocket by (make pgo): gorocket bench loads a broker with
// what brokers do most.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/google/pprof/profile"

	"gorocket/integration/harness"
)

// loads are what is profiled. How long each takes is its weight.
var loads = [][]string{
	{"send", "--size", "128", "--duration", "16s"},
	{"send", "--size", "1024", "--duration", "8s"},
	{"send", "--size", "1024", "--connections", "1", "--in-flight", "1", "--duration", "6s"},
	{"send", "--size", "128", "--codec", "rocketmq", "--duration", "5s"},
	{"send", "--size", "128", "--batch", "32", "--duration", "6s"},
	{"pull", "--fill", "200000", "--size", "1024", "--duration", "6s"},
	{"e2e", "--rate", "20000", "--duration", "6s"},
	{"routes", "--duration", "4s"},
}

func main() {
	out := flag.String("out", filepath.Join(harness.Root(), "..", "cmd", "gorocket", "default.pgo"), "file to write")
	flag.Parse()
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, "pgo:", err)
		os.Exit(1)
	}
}

func run(out string) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(harness.Work(), "pgo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	profiled := filepath.Join(dir, "cpu.pprof")
	broker, namesrv, _, err := harness.StartStandalone(dir, "--cpu-profile", profiled)
	if err != nil {
		return err
	}
	defer broker.Kill()
	for _, l := range loads {
		c := exec.Command(harness.Binary("gorocket"), append([]string{"bench", l[0], "-n", namesrv, "-q"}, l[1:]...)...)
		c.Stdout, c.Stderr = os.Stdout, os.Stderr
		if err := c.Run(); err != nil {
			return fmt.Errorf("%v: %w", l, err)
		}
	}
	if _, err := broker.Terminate(20 * time.Second); err != nil {
		return err
	}
	fmt.Println("writing", out)
	return anonymize(profiled, out)
}

// anonymize copies a profile without the path of the program: the copy is committed.
func anonymize(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	p, err := profile.ParseData(b)
	if err != nil {
		return err
	}
	for _, m := range p.Mapping {
		m.File = filepath.Base(m.File)
	}
	var text bytes.Buffer
	if err := p.Write(&text); err != nil {
		return err
	}
	return os.WriteFile(to, text.Bytes(), 0o644)
}
