package load

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// clockTick is the kernel's unit of CPU time in /proc (USER_HZ).
const clockTick = 10 * time.Millisecond

// CPUTime is the user and system time of a process so far, 0 when it is gone.
func CPUTime(pid int) time.Duration {
	text, err := os.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var user, system int64
	fmt.Sscan(fields[11], &user)
	fmt.Sscan(fields[12], &system)
	return time.Duration(user+system) * clockTick
}

// RssAnon is the anonymous memory of a process in KiB, 0 when it is gone.
func RssAnon(pid int) (kib int) {
	text, _ := os.ReadFile(procFile(pid, "status"))
	for line := range strings.Lines(string(text)) {
		if _, err := fmt.Sscanf(line, "RssAnon: %d kB", &kib); err == nil {
			return kib
		}
	}
	return 0
}

// OpenFiles is the number of file descriptors of a process, Maps that of its memory maps.
func OpenFiles(pid int) int {
	list, _ := os.ReadDir(procFile(pid, "fd"))
	return len(list)
}

// Maps is the number of memory maps of a process.
func Maps(pid int) int {
	text, _ := os.ReadFile(procFile(pid, "maps"))
	return strings.Count(string(text), "\n")
}

func procFile(pid int, name string) string { return filepath.Join("/proc", fmt.Sprint(pid), name) }

// Machine is the CPU time of all cores so far, used and idle.
func Machine() (busy, idle time.Duration) {
	text, _ := os.ReadFile("/proc/stat")
	var user, nice, system, free, wait, irq, soft int64
	fmt.Sscanf(string(text), "cpu %d %d %d %d %d %d %d", &user, &nice, &system, &free, &wait, &irq, &soft)
	return time.Duration(user+nice+system+irq+soft) * clockTick, time.Duration(free+wait) * clockTick
}
