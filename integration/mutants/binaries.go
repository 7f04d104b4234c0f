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
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// binaries are the test programs of all packages, built once with every mutant in them, each behind a switch.
type binaries struct {
	o     *options
	root  string
	dir   string // holds the programs, and is the temporary folder of what they do
	ended func() bool
	tests []test // those that pass without a mutant
}

// errEnded says that somebody pressed Ctrl-C before the first mutant.
var errEnded = errors.New("ended before the first mutant")

// test is one test function.
type test struct {
	pkg, name string
	took      time.Duration // alone, without a mutant
	meets     map[int]bool  // the mutants whose code it runs
}

// buildIn builds mutants into the code: the ids of those that fit, by place; the others need a build of their own.
func buildIn(l *loader, list []place) (text map[string]string, ids map[place]int, senses func(place) bool, err error) {
	text, ids = map[string]string{}, map[place]int{}
	fit := map[place]fitness{}
	for _, dir := range folders(list) {
		c, err := l.check(dir, nil)
		if err != nil {
			return nil, nil, nil, err
		}
		edits := map[string][]edit{}
		for i, p := range list {
			if filepath.ToSlash(filepath.Dir(p.file)) != dir {
				continue
			}
			e, f := c.switchable(p, i+1)
			if fit[p] = f; f == fits {
				ids[p] = i + 1
				edits[p.file] = append(edits[p.file], e)
			}
		}
		if err := l.renderAll(dir, edits, len(list), text, func(id int) { delete(ids, list[id-1]) }); err != nil {
			return nil, nil, nil, err
		}
	}
	return text, ids, func(p place) bool { return fit[p] != senseless }, nil
}

// renderAll makes the files of a folder. An edit that does not compile with the others is dropped, which drop is told.
func (l *loader) renderAll(dir string, edits map[string][]edit, n int, text map[string]string, drop func(id int)) error {
	text[dir+"/"+helperFile] = fmt.Sprintf(helperText, l.names[dir], n+1)
	for {
		for file, list := range edits {
			src, err := os.ReadFile(filepath.Join(l.root, file))
			if err != nil {
				return err
			}
			text[file] = render(string(src), list)
		}
		c, err := l.check(dir, text)
		if err != nil {
			return err
		}
		if len(c.wrong) == 0 {
			return nil
		}
		if !dropWrong(c, l.root, edits, text, drop) {
			return fmt.Errorf("%s does not compile with its mutants: %w", dir, c.wrong[0])
		}
	}
}

// dropWrong takes the edits away that lie on lines with errors; false when there is none.
func dropWrong(c *checked, root string, edits map[string][]edit, text map[string]string, drop func(id int)) (some bool) {
	for _, e := range c.wrong {
		at := c.fset.Position(e.Pos)
		file, _ := filepath.Rel(root, at.Filename)
		line := strings.Split(text[file], "\n")[at.Line-1]
		edits[file] = slices.DeleteFunc(edits[file], func(e edit) bool {
			id := strconv.Itoa(e.id)
			hit := strings.Contains(line, "("+id+")") || strings.Contains(line, "("+id+",")
			if hit {
				drop(e.id)
				some = true
			}
			return hit
		})
	}
	return some
}

// build makes the test programs of some packages.
func (b *binaries) build(text map[string]string, pkgs []string) error {
	replace := map[string]string{}
	for file, t := range text {
		name := filepath.Join(b.dir, strings.ReplaceAll(file, "/", "+"))
		if err := os.WriteFile(name, []byte(t), 0o644); err != nil {
			return err
		}
		replace[filepath.Join(b.root, file)] = name
	}
	j, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	overlay := filepath.Join(b.dir, "overlay.json")
	if err := os.WriteFile(overlay, j, 0o644); err != nil {
		return err
	}
	for _, pkg := range pkgs {
		if b.ended() {
			return errEnded
		}
		c := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", b.program(pkg), pkg)
		c.Dir = b.root
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("%s with its mutants: %w\n%s", pkg, err, out)
		}
	}
	return nil
}

func (b *binaries) program(pkg string) string {
	return filepath.Join(b.dir, strings.ReplaceAll(strings.TrimPrefix(pkg, "./"), "/", "+")+".test")
}

// run runs tests of one package with a mutant, or none for 0.
func (b *binaries) run(pkg string, names []string, mutant int, trace string, limit time.Duration) ([]byte, error) {
	pattern := "^(" + strings.Join(names, "|") + ")$"
	ctx, cancel := context.WithTimeout(context.Background(), limit+5*time.Minute)
	defer cancel()
	// a mutant may take memory without an end
	c := exec.CommandContext(ctx, "/bin/sh", "-c", `ulimit -d 6000000; exec "$0" "$@"`, b.program(pkg), "-test.run", pattern,
		"-test.failfast", "-test.timeout", limit.String())
	c.Dir = filepath.Join(b.root, pkg)
	c.Env = append(os.Environ(), "MUTANT_ON="+strconv.Itoa(mutant), "MUTANT_TRACE="+trace, "TMPDIR="+b.dir)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = time.Second
	return c.CombinedOutput()
}

// meet runs each test of some packages alone: how long it takes, and which mutants it meets.
func (b *binaries) meet(pkgs []string) error {
	var list []test
	for _, pkg := range pkgs {
		c := exec.Command(b.program(pkg), "-test.list", ".")
		c.Dir = filepath.Join(b.root, pkg)
		out, err := c.Output()
		if err != nil {
			return fmt.Errorf("%s: %w", pkg, err)
		}
		for _, name := range strings.Fields(string(out)) {
			if !strings.HasPrefix(name, "Benchmark") {
				list = append(list, test{pkg: pkg, name: name})
			}
		}
	}
	var mu sync.Mutex
	var failed []error
	inParallel(b.o.parallel, len(list), func(i int) {
		t := list[i]
		if b.ended() {
			return
		}
		err := b.alone(&t, filepath.Join(b.dir, fmt.Sprint("trace", i)))
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failed = append(failed, err)
			return
		}
		b.tests = append(b.tests, t)
	})
	for _, err := range failed {
		fmt.Println("not used:", err)
	}
	if b.ended() {
		return errEnded
	}
	if len(failed)*50 > len(list) {
		return errors.New("the tests fail without a mutant")
	}
	return nil
}

// alone runs one test, twice if it fails: the machine may have been busy.
func (b *binaries) alone(t *test, trace string) error {
	defer os.Remove(trace)
	for again := false; ; again = true {
		begin := time.Now()
		out, err := b.run(t.pkg, []string{t.name}, 0, trace, b.o.timeout)
		t.took = time.Since(begin)
		if err != nil && !again {
			continue
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w\n%s", t.pkg, t.name, err, out)
		}
		break
	}
	met, _ := os.ReadFile(trace) // no file: none is met
	t.meets = map[int]bool{}
	for _, f := range strings.Fields(string(met)) {
		id, err := strconv.Atoi(f)
		if err != nil {
			return err
		}
		t.meets[id] = true
	}
	return nil
}

// try runs the tests that meet a mutant until one fails: its own package's first, the quick ones before the slow ones.
func (b *binaries) try(id int, own string) (v verdict, by string) {
	byPkg := map[string][]test{}
	for _, t := range b.tests {
		if t.meets[id] {
			byPkg[t.pkg] = append(byPkg[t.pkg], t)
		}
	}
	var runs [][]test
	for _, list := range byPkg {
		slices.SortFunc(list, func(a, b test) int { // one that meets little means what it meets
			return int(a.took)*len(a.meets) - int(b.took)*len(b.meets)
		})
		runs = append(runs, portions(list)...)
	}
	rank := func(r []test) time.Duration {
		if r[0].pkg == own {
			return total(r) / 4
		}
		return total(r) + time.Second
	}
	slices.SortFunc(runs, func(x, y []test) int { return int(rank(x) - rank(y)) })
	for _, r := range runs {
		if by := b.fails(id, r); by != "" {
			return caught, by
		}
	}
	if len(runs) == 0 {
		return survives, "(no test meets it)"
	}
	return survives, fmt.Sprintf("(%d runs)", len(runs))
}

// portions cuts a list of tests, quick ones first, so that each portion takes twice as long as the one before.
func portions(list []test) (runs [][]test) {
	for most := time.Second / 2; len(list) > 0; most *= 2 {
		n := 1
		for n < len(list) && total(list[:n+1]) <= most {
			n++
		}
		runs, list = append(runs, list[:n]), list[n:]
	}
	return runs
}

func total(list []test) (sum time.Duration) {
	for _, t := range list {
		sum += t.took
	}
	return sum
}

// fails runs tests with a mutant. A test that fails counts if it passes without, one that hangs if it does so twice.
func (b *binaries) fails(id int, list []test) (by string) {
	for len(list) > 0 {
		var names []string
		for _, t := range list {
			names = append(names, t.name)
		}
		limit := min(b.o.timeout, 20*time.Second+4*total(list))
		out, err := b.run(list[0].pkg, names, id, "", limit)
		if err != nil && bytes.Contains(out, timedOut) {
			out, err = b.run(list[0].pkg, names, id, "", limit)
		}
		if err == nil {
			return ""
		}
		by = firstFailure(out)
		i := slices.Index(names, by)
		if i < 0 { // it hangs, or ended the program
			return by
		}
		if _, err := b.run(list[0].pkg, names[i:i+1], 0, "", b.o.timeout); err == nil {
			return by
		}
		fmt.Printf("fails without a mutant: %s %s\n", list[0].pkg, by)
		list = slices.Delete(slices.Clone(list), i, i+1)
	}
	return ""
}

// inParallel calls f for 0 to n-1, several at a time.
func inParallel(workers, n int, f func(i int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range workers {
		wg.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}
