package remoting

import (
	"math"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"golang.org/x/sys/unix"
)

// MemoryLimit is how many bytes this process may use: the smallest limit of its control groups (v1 or v2, those that
// enclose it too, as systemd's MemoryMax), or what the machine has. It reads files, so ask once.
func MemoryLimit() int64 {
	machine, _ := memlimit.FromSystem()
	return smallest(machine, ContainerLimit())
}

// ContainerLimit is the memory limit of this process' control groups in bytes, 0 when there is none.
func ContainerLimit() int64 {
	n, err := memlimit.FromCgroup()
	if err != nil || n > math.MaxInt64/2 {
		return 0
	}
	return int64(n)
}

func smallest(machine uint64, container int64) int64 {
	n := int64(min(machine, math.MaxInt64/2))
	if container > 0 && (n == 0 || container < n) {
		return container
	}
	return n
}

// DescriptorLimit raises the number of files that this process may open to the most it is allowed, and returns it. Go
// does the same when a program starts; not for one whose parent was given less later.
func DescriptorLimit() int {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil {
		return fewDescriptors
	}
	if l.Cur < l.Max {
		if more := (unix.Rlimit{Cur: l.Max, Max: l.Max}); unix.Setrlimit(unix.RLIMIT_NOFILE, &more) == nil {
			l = more
		}
	}
	return int(min(l.Cur, math.MaxInt32))
}

// fewDescriptors is the usual limit where it cannot be read.
const fewDescriptors = 1024

// defaultConnections leaves a quarter of the descriptors, and at least reserve of them where there are enough, for
// other files.
func defaultConnections(descriptors, reserve int) int {
	other := max(descriptors/4, min(reserve, descriptors/2))
	return max(1, descriptors-other)
}

// Limits of the default of Options.MaxWaiting, in bytes.
const (
	leastWaiting, mostWaiting = 48 << 20, 128 << 20
	waitingPart               = 8 // of the memory
)

// defaultWaiting is the budget for what waits, of a process that may use memory bytes.
func defaultWaiting(memory int64) int64 {
	return min(max(memory/waitingPart, leastWaiting), mostWaiting)
}
