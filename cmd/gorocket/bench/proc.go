package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// clockTick is the kernel's unit of CPU time in /proc (USER_HZ).
const clockTick = 10 * time.Millisecond

// cpuTime is CPU time of a process so far.
type cpuTime struct{ user, system time.Duration }

func (t cpuTime) total() time.Duration { return t.user + t.system }

func (t cpuTime) since(u cpuTime) cpuTime { return cpuTime{t.user - u.user, t.system - u.system} }

// sample is what /proc says about a process.
type sample struct {
	cpu     cpuTime
	rssAnon int64 // bytes
}

// sampleProcess reads CPU time and anonymous memory of a process on this machine.
func sampleProcess(pid int) (s sample, err error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return s, fmt.Errorf("--pid %d: no such process on this machine: %w", pid, err)
	}
	if s.cpu, err = parseStat(string(stat)); err != nil {
		return s, fmt.Errorf("--pid %d: %w", pid, err)
	}
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return s, fmt.Errorf("--pid %d: %w", pid, err)
	}
	s.rssAnon = parseRssAnon(string(status))
	return s, nil
}

// parseStat reads utime and stime, fields 14 and 15 of /proc/pid/stat. The second field is the program's name in
// brackets and may hold anything.
func parseStat(text string) (cpuTime, error) {
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return cpuTime{}, fmt.Errorf("stat has %d fields behind the name", len(fields))
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return cpuTime{}, fmt.Errorf("utime: %w", err)
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	if err != nil {
		return cpuTime{}, fmt.Errorf("stime: %w", err)
	}
	return cpuTime{time.Duration(user) * clockTick, time.Duration(system) * clockTick}, nil
}

// parseRssAnon reads the line "RssAnon: n kB" of /proc/pid/status; 0 when there is none.
func parseRssAnon(text string) int64 {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return n << 10
		}
	}
	return 0
}

// ownCPU is the CPU time of this process, in microseconds' precision.
func ownCPU() cpuTime {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return cpuTime{}
	}
	return cpuTime{time.Duration(u.Utime.Nano()), time.Duration(u.Stime.Nano())}
}
