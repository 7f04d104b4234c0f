// Command mutants changes the code in one small place at a time and looks whether the unit tests notice. It prints each
// mutant that survives, and the share of those that were caught; the exit status is 1 below -least.
//
//	go run ./mutants -n 150 -seed 1 -dirs store,broker,remoting
//
// Places are drawn by chance, the same for the same seed and tree. All mutants are built into the test programs at once,
// each behind a switch; first each test runs alone without a mutant, which tells how long it takes and which mutants it
// meets. Then each mutant is switched on for the tests that meet it, in all packages, until one fails; one that hangs has
// noticed, too. The few that can not be switched (constants) are built one by one and meet the tests of all packages that
// are built with them. A mutant that does not compile is drawn again. Mutants that are known to change nothing are in
// equivalent.txt, each with a reason; those in the folders are printed, and not counted.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
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
	flag.BoolVar(&o.own, "own", false, "only with the package's own tests: quick, to write some; the share says little")
	flag.BoolVar(&o.near, "near", false, "only with the tests of the package and of the one around it")
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
	own      bool
	near     bool
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
	known, err := equivalents(equivalentText)
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(o.seed, 0))
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	list, same, err := without(all, known)
	if err != nil {
		return err
	}
	fmt.Printf("%d places in %s; %d of them by seed %d\n", len(all), strings.Join(o.dirs, ", "), min(o.n, len(list)),
		o.seed)
	r := &runner{o: o, root: root, stop: make(chan os.Signal, 1)}
	if r.tests, err = listTests(root); err != nil {
		return err
	}
	signal.Notify(r.stop, os.Interrupt, syscall.SIGTERM)
	if err := r.all(list); err != nil {
		return err
	}
	return r.report(same, known)
}

// folders lists the folders of some places.
func folders(list []place) (dirs []string) {
	for _, p := range list {
		dirs = append(dirs, filepath.ToSlash(filepath.Dir(p.file)))
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// report prints the sums; an error when too few were caught.
func (r *runner) report(same []place, known map[string]string) error {
	for _, p := range same {
		fmt.Printf("equivalent: %s: %s\n", p, known[p.key()])
	}
	for _, p := range r.survived {
		fmt.Println("survived:", p.key())
	}
	tried := r.caught + len(r.survived)
	fmt.Printf("mutants: %d of %d caught (%.1f %%); not counted: %d that did not compile, %d listed as equivalent\n",
		r.caught, tried, 100*float64(r.caught)/float64(max(1, tried)), r.broken, len(same))
	if float64(r.caught) < r.o.least*float64(tried) || tried == 0 {
		return fmt.Errorf("less than %.0f %% caught", 100*r.o.least)
	}
	return nil
}
