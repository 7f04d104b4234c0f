// Command mutants changes the code in one small place at a time and looks whether the unit tests notice. It prints each
// mutant that survives, and the share of those that were caught; the exit status is 1 below -least.
//
//	go run ./mutants -n 150 -seed 1 -dirs store,broker,remoting
//
// Places are drawn by chance, the same for the same seed and tree. A mutant that does not compile is drawn again. Each
// one is tested by its own package and by those behind it, `-then`, until one fails; a test that hangs has noticed,
// too.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	var o options
	dirs := flag.String("dirs", "store,broker,remoting", "folders whose code is changed, with those below")
	flag.StringVar(&o.root, "root", "..", "the module's folder")
	flag.StringVar(&o.only, "only", "", "only files whose path holds this")
	flag.IntVar(&o.n, "n", 150, "mutants")
	flag.Uint64Var(&o.seed, "seed", 1, "of the draw")
	flag.Float64Var(&o.least, "least", 0.9, "share that has to be caught")
	flag.DurationVar(&o.timeout, "timeout", 3*time.Minute, "for the tests of one package")
	flag.IntVar(&o.parallel, "parallel", 2, "mutants tested at a time")
	flag.Parse()
	o.dirs = strings.Split(*dirs, ",")
	if err := run(&o); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

type options struct {
	root     string
	dirs     []string
	only     string
	n        int
	seed     uint64
	least    float64
	timeout  time.Duration
	parallel int
}

func run(o *options) error {
	root, err := filepath.Abs(o.root)
	if err != nil {
		return err
	}
	var all []place
	for _, dir := range o.dirs {
		found, err := places(root, dir, o.only)
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return fmt.Errorf("nothing to change in %v", o.dirs)
	}
	rng := rand.New(rand.NewPCG(o.seed, 0))
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)
	fmt.Printf("%d places in %s; %d of them by seed %d\n", len(all), strings.Join(o.dirs, ", "), min(o.n, len(all)),
		o.seed)
	r := &runner{o: o, root: root, stop: stop}
	r.all(all)
	caught, tried := r.caught, r.caught+len(r.survived)
	fmt.Printf("mutants: %d of %d caught (%.1f %%), %d did not compile\n", caught, tried,
		100*float64(caught)/float64(max(1, tried)), r.broken)
	for _, s := range r.survived {
		fmt.Println("survived:", s)
	}
	if float64(caught) < o.least*float64(tried) || tried == 0 {
		return fmt.Errorf("less than %.0f %% caught", 100*o.least)
	}
	return nil
}
