package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// fault is one thing that goes wrong, or that somebody does, and how long it stays so. All of it is fixed before the
// run: a run with fewer faults breaks the same things at the same times.
type fault struct {
	at, stays time.Duration
	kind      kind
	node      int // index in sim.nodes, or among brokers or controllers
	nodes     int // bits of nodes on one side of a cut
	way       int // of a cut: 0 both, 1 out of the side, 2 into it
	n         int // what the kind needs
	seed      uint64
	share     float64
}

// kind is what goes wrong.
type kind string

const (
	kill    kind = "kill"     // kill -9 of a process, which starts again
	power   kind = "power"    // the same with what was not synced, and no word to its peers
	killAt  kind = "kill-at"  // in the middle of what it does with its disk: before its nth call
	powerAt kind = "power-at" // the same
	stop    kind = "stop"     // a clean stop
	all     kind = "all"      // kill of all brokers
	cut     kind = "cut"      // some nodes are cut off from the others, in one direction or both
	drag    kind = "drag"     // the network of a node is slow
	slow    kind = "slow"     // the disk of a broker is
	full    kind = "full"     // it is full
	clock   kind = "clock"    // its wall clock steps, and stays so
	elect   kind = "elect"    // an operator names the next master
	member  kind = "member"   // a controller leaves the group, and comes back with its old state
)

func (f fault) String() string {
	s := fmt.Sprintf("%v %s node=%d", f.at, f.kind, f.node)
	if f.stays > 0 {
		s += fmt.Sprintf(" stays=%v", f.stays)
	}
	switch f.kind {
	case cut:
		s += fmt.Sprintf(" side=%b way=%d", f.nodes, f.way)
	case killAt, powerAt, clock, drag, slow:
		s += fmt.Sprintf(" n=%d", f.n)
	}
	return s
}

// scene is what a seed says: who is there, and what goes wrong.
type scene struct {
	seed        uint64
	controllers int
	brokers     int
	sync        bool          // SYNC_FLUSH: then the power may be cut
	late        time.Duration // when the last broker comes, with an empty disk; 0: at the start
	anyCut      bool          // the power may be cut wherever, see run.safe
	chaos       time.Duration
	faults      []fault
}

func (sc *scene) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %d controllers, %d brokers, sync flush %v\n", sc.seed, sc.controllers, sc.brokers, sc.sync)
	if sc.late > 0 {
		fmt.Fprintf(&b, "  the last broker comes at %v\n", sc.late)
	}
	for _, f := range sc.faults {
		fmt.Fprintf(&b, "  %v\n", f)
	}
	return b.String()
}

// sceneOf is the scene of a seed.
func sceneOf(seed uint64) *scene {
	r := rand.New(rand.NewPCG(seed, 3))
	sc := &scene{seed: seed, controllers: 3, brokers: 2 + r.IntN(2), sync: r.IntN(2) == 0, chaos: 20 * time.Second}
	every := time.Duration(400+r.IntN(2000)) * time.Millisecond
	for at := 3 * time.Second; at < sc.chaos; at += time.Duration(r.Int64N(int64(2 * every))) {
		sc.faults = append(sc.faults, sc.fault(r, at))
	}
	if sc.brokers == 3 && r.IntN(3) == 0 {
		sc.late = time.Duration(r.Int64N(int64(sc.chaos))).Round(time.Microsecond)
	}
	slices.SortStableFunc(sc.faults, func(a, b fault) int { return int(a.at - b.at) })
	return sc
}

// fault draws one.
func (sc *scene) fault(r *rand.Rand, at time.Duration) fault {
	f := fault{at: at.Round(time.Microsecond), stays: time.Duration(r.Int64N(int64(4 * time.Second))).Round(time.Microsecond),
		seed: r.Uint64(), share: r.Float64(), node: r.IntN(sc.controllers + sc.brokers), way: r.IntN(3),
		nodes: 1 + r.IntN(1<<(sc.controllers+sc.brokers)-2), n: 1 + r.IntN(60)}
	broker := sc.controllers + r.IntN(sc.brokers)
	kinds := []struct {
		k      kind
		weight int
	}{{kill, 14}, {killAt, 8}, {stop, 5}, {all, 2}, {cut, 25}, {drag, 8}, {slow, 8}, {full, 4}, {clock, 4}, {elect, 8}, {power, 10},
		{powerAt, 6}, {member, 2}}
	total := 0
	for _, k := range kinds {
		total += k.weight
	}
	x := r.IntN(total)
	for _, k := range kinds {
		if x -= k.weight; x < 0 {
			f.kind = k.k
			break
		}
	}
	if !sc.sync {
		switch f.kind {
		case power:
			f.kind = kill
		case powerAt:
			f.kind = killAt
		}
	}
	switch f.kind {
	case killAt, powerAt, slow, full, clock, elect:
		f.node = broker
	case cut:
		if r.IntN(2) == 0 { // one broker alone
			f.nodes = 1 << broker
		}
	case member:
		f.node = r.IntN(sc.controllers)
	}
	return f
}
