//go:build sim

package sim

import _ "unsafe" // for go:linkname

// With the runtime that integration/sim/overlay writes: what it is for is said there.

//go:linkname simState runtime.simState
var simState uint64

func init() {
	seedRuntime = func(seed uint64) { simState = seed*2 + 1 }
}
