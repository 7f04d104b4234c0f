package sim

// seedRuntime makes the runtime's random numbers those of a seed; nil without the runtime of integration/sim/overlay.
var seedRuntime func(seed uint64)
