// Command run runs seeds of the simulation, each in a process of its own, replays those that fail and looks which of
// their faults are needed for that.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"gorocket/integration/sim/overlay"
)

// outcome is what a process says of its seed.
type outcome struct {
	Seed   uint64
	Broken []string
	Scene  string
	Faults int
	Stats  map[string]int
	Course string
	hung   bool
	cpu    time.Duration // of its process
}

var (
	binary = flag.String("bin", "", "the test binary of integration/sim, made before; empty: it is built")
	work   = flag.String("work", "../../bin/sim", "where it is built")
	plant  = flag.String("plant", "", "a fault to plant in the product, one of those in overlay.Plants")
	first  = flag.Uint64("first", 1, "the first seed")
	seeds  = flag.Int("seeds", 30, "how many")
	procs  = flag.Int("procs", 2, "how many at a time")
	most   = flag.Int("most", 5, "end after so many seeds that fail; 0: never")
	shrink = flag.Bool("shrink", true, "look for a smaller scene of a seed that fails")
	replay = flag.Int("replay", 0, "run each seed so many times more, and say how often its course is the same")
	power  = flag.Bool("power", true, "cut the power also where what was acknowledged is not on the broker's disk")
	limit  = flag.Duration("limit", time.Minute, "of real time for a seed")
)

func main() {
	flag.Parse()
	if *binary == "" {
		path, err := build(*work, *plant)
		if err != nil {
			fmt.Fprintln(os.Stderr, "sim:", err)
			os.Exit(2)
		}
		*binary = path
	}
	failed := runAll()
	for _, o := range failed {
		report(o)
	}
	if len(failed) > 0 {
		os.Exit(1)
	}
}

// build builds the simulation and returns the path of its binary. The working directory is in integration/sim.
func build(dir, plant string) (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("go list: %w", err)
	}
	here := strings.TrimSpace(string(out))
	// "_": no pattern of packages (./...) finds what is written there
	lay, err := overlay.Write(filepath.Join(dir, "_overlay"), filepath.Join(here, "../.."), plant)
	if err != nil {
		return "", err
	}
	path, err := filepath.Abs(filepath.Join(dir, "sim.test"))
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "test", "-c", "-o", path, "-tags", "sim", "-overlay", lay, ".")
	cmd.Dir = here
	cmd.Env = append(os.Environ(), "GOEXPERIMENT=norandomizedheapbase64")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
}

// one runs a seed, with some of its faults (nil: all).
func one(seed uint64, keep []int) (o outcome) {
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	args := []string{"-test.run", "^TestSeed$", "-sim.seed", strconv.FormatUint(seed, 10), "-sim.power=" + fmt.Sprint(*power)}
	if keep != nil {
		args = append(args, "-sim.keep", list(keep))
	}
	cmd := exec.CommandContext(ctx, *binary, args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "GOGC=off")
	out, _ := cmd.CombinedOutput()
	o.Seed = seed
	if cmd.ProcessState != nil {
		o.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "SEED "); ok && json.Unmarshal([]byte(text), &o) == nil {
			return o
		}
	}
	o.hung = true
	o.Broken = []string{"the process said nothing in the end; its last words:\n" + string(out[max(0, len(out)-3000):])}
	return o
}

func list(keep []int) string {
	if len(keep) == 0 {
		return "-"
	}
	var parts []string
	for _, i := range keep {
		parts = append(parts, strconv.Itoa(i))
	}
	return strings.Join(parts, ",")
}

// runAll runs the seeds and returns those that failed.
func runAll() (failed []outcome) {
	begin := time.Now()
	todo, done := make(chan uint64), make(chan outcome)
	stop := make(chan struct{})
	go func() {
		defer close(todo)
		for i := range *seeds {
			select {
			case todo <- *first + uint64(i):
			case <-stop:
				return
			}
		}
	}()
	var wg sync.WaitGroup
	same, replays := 0, 0
	var mu sync.Mutex
	for range *procs {
		wg.Go(func() {
			for seed := range todo {
				o := one(seed, nil)
				for range *replay {
					again := one(seed, nil)
					mu.Lock()
					if replays++; again.Course == o.Course {
						same++
					}
					mu.Unlock()
				}
				done <- o
			}
		})
	}
	go func() { wg.Wait(); close(done) }()
	sum, ran, cpu := map[string]int{}, 0, time.Duration(0)
	for o := range done {
		ran++
		cpu += o.cpu
		for k, v := range o.Stats {
			sum[k] += v
		}
		if len(o.Broken) > 0 {
			failed = append(failed, o)
			fmt.Printf("seed %d FAILED: %s\n", o.Seed, o.Broken[0])
			if len(failed) == *most {
				close(stop)
			}
		}
		if ran%500 == 0 {
			fmt.Printf("%d seeds, %d failed, %v\n", ran, len(failed), time.Since(begin).Round(time.Second))
		}
	}
	fmt.Printf("%d seeds, %d failed, in %v, %v of CPU a seed: %v\n", ran, len(failed), time.Since(begin).Round(time.Second),
		(cpu / time.Duration(max(ran, 1))).Round(time.Millisecond), sum)
	if *replay > 0 {
		fmt.Printf("%d of %d replays took the same course\n", same, replays)
	}
	return failed
}

// report replays a seed that failed, and shrinks it.
func report(o outcome) {
	fmt.Printf("\n== seed %d\n%s", o.Seed, o.Scene)
	for _, b := range o.Broken {
		fmt.Println("  ", b)
	}
	fails, same := 0, 0
	const times = 3
	for range times {
		again := one(o.Seed, nil)
		if len(again.Broken) > 0 {
			fails++
		}
		if again.Course == o.Course {
			same++
		}
	}
	fmt.Printf("replayed %d times: it failed %d times, and took the same course %d times\n", times, fails, same)
	if !*shrink || fails == 0 || o.hung {
		return
	}
	keep, small := smaller(o)
	fmt.Printf("fewer faults that do: -sim.keep %s\n%s", list(keep), small.Scene)
	for _, b := range small.Broken[:min(3, len(small.Broken))] {
		fmt.Println("  ", b)
	}
}

// smaller takes faults out, half of them, a quarter, one, as long as the rest fails.
func smaller(o outcome) (keep []int, small outcome) {
	for i := range o.Faults {
		keep = append(keep, i)
	}
	small = o
	for n := max(1, len(keep)/2); ; n /= 2 {
		for i := 0; i < len(keep); {
			try := append(append([]int{}, keep[:i]...), keep[min(len(keep), i+n):]...)
			if next := one(o.Seed, try); len(next.Broken) > 0 && !next.hung {
				keep, small = try, next
			} else {
				i += n
			}
		}
		if n == 1 {
			return keep, small
		}
	}
}
