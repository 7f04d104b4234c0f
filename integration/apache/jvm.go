package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// jvm is one test JVM with its servers, which are its children and share its process group.
type jvm struct {
	suite   *suite
	group   group
	leftOut []string

	rows    []row
	planned []string // methods of the class that runs, without a result so far
	fate    row      // result that stands for all methods of the class
}

// run starts the JVM and returns how many of the classes are dealt with: all of them unless one ran out of time or
// ended the JVM.
func (j *jvm) run(ctx context.Context, specs []string) (done int, err error) {
	cmd, lines, err := j.start(specs)
	if err != nil {
		return 0, err
	}
	defer func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the servers too
		for range lines {
		}
		_ = cmd.Wait()
		os.RemoveAll(j.tmp())
	}()
	late := time.NewTimer(*limit)
	defer late.Stop()
	for done < len(specs) {
		select {
		case <-ctx.Done():
			return done, ctx.Err()
		case <-late.C:
			j.giveUp(specs[done], fmt.Sprintf("not done in %v", *limit))
			return done + 1, nil
		case line, ok := <-lines:
			if !ok {
				j.giveUp(specs[done], "the test JVM ended; see "+j.log())
				return done + 1, nil
			}
			if j.take(strings.Split(line, "\t")) {
				j.giveUp(specs[done], "no result")
				done++
				late.Reset(*limit)
			}
		}
	}
	return done, nil
}

func (j *jvm) log() string { return j.suite.logs + "/" + j.group.name + ".log" }
func (j *jvm) tmp() string { return j.suite.dir + "/" + j.group.name }

func (j *jvm) start(specs []string) (*exec.Cmd, <-chan string, error) {
	if err := os.MkdirAll(j.tmp(), 0o755); err != nil {
		return nil, nil, err
	}
	log, err := os.OpenFile(j.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, nil, err
	}
	defer log.Close()
	s := j.suite
	args := append([]string{"-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"}, opens...)
	for k, v := range map[string]string{
		"java.io.tmpdir": j.tmp(), "user.home": j.tmp(), "rocketmq.client.localOffsetStoreDir": j.tmp() + "/offsets",
		"rocketmq.client.logUseSlf4j": "true",
		"apache.namesrv":              s.namesrv, "apache.broker": s.broker, "apache.brokerConf": s.conf,
		"apache.logs":    s.logs,
		"apache.leftOut": strings.Join(j.leftOut, ","), "apache.peersMillis": fmt.Sprint(j.group.peersMillis),
		"net.bytebuddy.experimental": "true",
	} {
		args = append(args, "-D"+k+"="+v)
	}
	cmd := exec.Command("java", append(append(args, "-cp", j.classPath(), "gorocket.apacheit.Runner"), specs...)...)
	cmd.Env = append(os.Environ(), "ROCKETMQ_HOME="+s.dir)
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	lines := make(chan string)
	go scan(stdout, lines)
	return cmd, lines, nil
}

func (j *jvm) classPath() string {
	if own := j.suite.groupClasses[j.group.name]; own != "" {
		return own + ":" + j.suite.classPath
	}
	return j.suite.classPath
}

// scan ends when the JVM and its children have closed the pipe.
func scan(from io.Reader, to chan<- string) {
	defer close(to)
	in := bufio.NewScanner(from)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		to <- in.Text()
	}
}

// take reads one line of the runner; it returns true at the end of a class.
func (j *jvm) take(f []string) (classDone bool) {
	switch {
	case f[0] == "@plan" && len(f) == 3:
		j.planned = append(j.planned, f[2])
	case f[0] == "@row" && len(f) == 6:
		r := row{f[1], f[2], f[3], f[4], f[5]}
		if r.method == "*" {
			j.fate = r
			break
		}
		if i := slices.Index(j.planned, r.method); i >= 0 {
			j.planned = slices.Delete(j.planned, i, i+1)
		}
		j.add(r)
	case f[0] == "@done":
		return true
	}
	return false
}

// giveUp writes a row for each method that has none.
func (j *jvm) giveUp(spec, why string) {
	class := spec[strings.LastIndexByte(spec, '.')+1:]
	class, _, _ = strings.Cut(class, "#")
	r := row{class, "", "error", "0", why}
	if j.fate.result != "" {
		r = j.fate
	}
	if len(j.planned) == 0 && (why != "no result" || j.fate.bad()) {
		j.planned = []string{"-"}
	}
	for _, m := range j.planned {
		r.method = m
		j.add(r)
	}
	j.planned, j.fate = nil, row{}
}

func (j *jvm) add(r row) {
	j.rows = append(j.rows, r)
	fmt.Printf("  %-5s %6s s  %s  %s\n", r.result, r.seconds, r.key(), r.message)
}
