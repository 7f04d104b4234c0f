package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// runner tests mutants.
type runner struct {
	o     *options
	root  string
	tests tests
	stop  chan os.Signal

	mu       sync.Mutex
	caught   int     // guarded by mu
	broken   int     // guarded by mu; did not compile
	survived []place // guarded by mu
	ended    bool    // guarded by mu; somebody pressed Ctrl-C
}

// verdict is what became of a mutant.
type verdict int

const (
	survives verdict = iota
	caught
	broken // it does not compile
)

// all tests places until enough have compiled.
func (r *runner) all(list []place) error {
	go func() {
		<-r.stop
		r.mu.Lock()
		r.ended = true
		r.mu.Unlock()
	}()
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &binaries{o: r.o, root: r.root, dir: dir, ended: r.stopped}
	list, ids, err := r.prepare(b, list)
	if err != nil {
		return err
	}
	inParallel(r.o.parallel, len(list), func(i int) {
		p, begin := list[i], time.Now()
		if r.stopped() {
			return
		}
		if id := ids[p]; id > 0 {
			v, by := b.try(id, "./"+filepath.ToSlash(filepath.Dir(p.file)))
			r.note(p, v, by, time.Since(begin))
			return
		}
		v, by, err := r.try(p)
		if err != nil {
			fmt.Fprintln(os.Stderr, "mutants:", p, err)
			v = broken
		}
		r.note(p, v, by, time.Since(begin))
	})
	return nil
}

// prepare draws the mutants, builds those that can be switched into the tests, and sees which tests meet them.
func (r *runner) prepare(b *binaries, list []place) (drawn []place, ids map[place]int, err error) {
	l, err := newLoader(r.root)
	if err != nil {
		return nil, nil, err
	}
	list = list[:min(len(list), r.o.n+r.o.n/10+10)] // a few do not compile
	text, ids, senses, err := buildIn(l, list)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range list {
		if len(drawn) == r.o.n {
			break
		}
		if senses(p) {
			drawn = append(drawn, p)
		} else {
			r.broken++
		}
	}
	begin, pkgs := time.Now(), r.tests.testing(folders(drawn), r.o.own, r.o.near)
	if err := b.build(text, pkgs); err != nil {
		return nil, nil, err
	}
	fmt.Printf("%d packages built with them in %.0fs\n", len(pkgs), time.Since(begin).Seconds())
	begin = time.Now()
	if err := b.meet(pkgs); err != nil {
		return nil, nil, err
	}
	fmt.Printf("%d tests pass without a mutant, in %.0fs\n", len(b.tests), time.Since(begin).Seconds())
	return drawn, ids, nil
}

// stopped tells whether somebody pressed Ctrl-C.
func (r *runner) stopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

// note counts a verdict; one that came of tests which were told to stop is none.
func (r *runner) note(p place, v verdict, by string, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	switch v {
	case broken:
		r.broken++
		return
	case caught:
		r.caught++
	case survives:
		r.survived = append(r.survived, p)
	}
	fmt.Printf("%-9s %5.1fs %s %s\n", map[verdict]string{caught: "caught", survives: "SURVIVED"}[v], took.Seconds(), p, by)
}

// try tests one mutant that has a build of its own: in its own package, in the package around, then in all that are
// built with it. The first two leave out what -short leaves out, for speed; the last do not.
func (r *runner) try(p place) (v verdict, by string, err error) {
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return broken, "", err
	}
	defer os.RemoveAll(dir)
	overlay, err := r.overlay(dir, p)
	if err != nil {
		return broken, "", err
	}
	stages := r.tests.of(filepath.ToSlash(filepath.Dir(p.file)))
	if r.o.own {
		stages = stages[:1]
	} else if r.o.near {
		stages = stages[:len(stages)-1]
	}
	for _, s := range stages {
		out, err := r.test(overlay, s)
		if err != nil && bytes.Contains(out, timedOut) { // the machine may have been busy: only what hangs twice hangs
			out, err = r.test(overlay, s)
		}
		if err == nil {
			continue
		}
		if errors.Is(err, errNoTest) {
			return broken, "", err
		}
		time.Sleep(100 * time.Millisecond) // a signal that ended the tests is known by now
		if !bytes.Contains(out, []byte("--- FAIL")) && !bytes.Contains(out, []byte("panic: ")) &&
			(bytes.Contains(out, []byte("[build failed]")) || bytes.Contains(out, []byte("[setup failed]"))) {
			return broken, "", nil
		}
		return caught, "(" + firstFailure(out) + ")", nil
	}
	return survives, "", nil
}

// overlay writes the changed file and what `go test -overlay` reads.
func (r *runner) overlay(dir string, p place) (string, error) {
	src, err := os.ReadFile(filepath.Join(r.root, p.file))
	if err != nil {
		return "", err
	}
	changed := filepath.Join(dir, "changed.go")
	text := append(append(bytes.Clone(src[:p.from]), p.text...), src[p.to:]...)
	if err := os.WriteFile(changed, text, 0o644); err != nil {
		return "", err
	}
	b, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(r.root, p.file): changed}})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, b, 0o644)
}

// timedOut is in what tests print that took longer than -timeout.
var timedOut = []byte("panic: test timed out")

// errNoTest says that the tests did not come to an end.
var errNoTest = errors.New("go test")

// test runs the tests of a stage; what they print, and an error when one failed, errNoTest when that is not known.
func (r *runner) test(overlay string, s stage) ([]byte, error) {
	limit := s.limit(r.o.timeout)
	ctx, cancel := context.WithTimeout(context.Background(), limit*time.Duration(len(s.packages))+10*time.Minute)
	defer cancel()
	args := []string{"test", "-overlay", overlay, "-vet=off", "-count=1", "-failfast", "-timeout", limit.String()}
	if s.short {
		args = append(args, "-short")
	}
	c := exec.CommandContext(ctx, "go", append(args, s.packages...)...)
	c.Dir = r.root
	// one package that fails is enough: the others take minutes, and know nothing that matters
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	out := watched{enough: cancel}
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	if out.seen {
		return out.text, errFailed
	}
	var failed *exec.ExitError
	if ctx.Err() != nil || err != nil && !errors.As(err, &failed) { // tests that hang end by -timeout, long before
		return out.text, fmt.Errorf("%w: %w", errNoTest, errors.Join(ctx.Err(), err))
	}
	return out.text, err
}

// errFailed says that a package failed, and the rest was not waited for.
var errFailed = errors.New("a package failed")

// watched keeps what `go test` prints and calls enough when a package has failed: its line comes behind all that it
// printed.
type watched struct {
	enough func()
	text   []byte
	seen   bool
}

func (w *watched) Write(b []byte) (int, error) {
	w.text = append(w.text, b...)
	if !w.seen && (bytes.HasPrefix(w.text, []byte("FAIL\t")) || bytes.Contains(w.text, []byte("\nFAIL\t"))) {
		w.seen = true
		w.enough()
	}
	return len(b), nil
}

// firstFailure is the name of the test that failed first, or that the tests took too long.
func firstFailure(out []byte) string {
	if _, rest, ok := bytes.Cut(out, []byte("--- FAIL: ")); ok {
		name, _, _ := bytes.Cut(rest, []byte(" "))
		return string(name)
	}
	if bytes.Contains(out, timedOut) {
		return "timed out"
	}
	for _, line := range bytes.Split(out, []byte("\n")) {
		if bytes.HasPrefix(line, []byte("FAIL\t")) {
			return string(bytes.TrimPrefix(line, []byte("FAIL\t")))
		}
	}
	return "killed"
}
