// Command attack sends a broker, at full strength, what has broken one before: too many connections, frames that never
// end, names that are paths, forged transactions and routes, numbers without limit. Beside it a victim sends 500
// messages a second and keeps a ledger of what was acknowledged. After each attack: nothing lost, memory within its
// bound, the victim's latency within its own, everybody served again.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"gorocket/integration/harness"
)

// What an attack must not exceed.
const (
	maxRssAnon  = 600 << 10              // KiB of the broker
	maxFactor   = 10                     // times the victim's p99 before the attack
	leastBound  = 150 * time.Millisecond // ... or this, whichever is more
	servedAgain = 2 * time.Second        // after the end of the attack
	calmBefore  = 4 * time.Second        // the victim alone
	calmAfter   = 2 * time.Second        // the victim once everybody must be served again
)

func main() {
	only := flag.String("only", "", "names of attacks, separated by blanks; all when empty")
	list := flag.Bool("list", false, "print the attacks and end")
	victim := flag.String("victim", "", "be the victim of a broker at this address (the attack starts itself so)")
	impatient := flag.Bool("impatient", false, "the victim does not ask for what the broker's mode promises")
	flag.Parse()
	if *victim != "" {
		if err := beVictim(*victim, *impatient); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if *list {
		for _, a := range attacks {
			fmt.Printf("%-14s %s\n", a.name, a.about)
		}
		return
	}
	if why := harness.Go.Missing(); why != "" {
		fmt.Fprintln(os.Stderr, why)
		os.Exit(2)
	}
	passed, failed := 0, 0
	for _, a := range attacks {
		if *only != "" && !slices.Contains(strings.Fields(*only), a.name) {
			continue
		}
		r, err := a.play()
		fmt.Printf("%-14s %s\n", a.name, r)
		if err != nil {
			fmt.Printf("%-14s FAILED: %v\n", "", err)
			failed++
			continue
		}
		passed++
	}
	fmt.Printf("attack: %d passed, %d failed\n", passed, failed)
	if failed > 0 || passed == 0 {
		os.Exit(1)
	}
}
