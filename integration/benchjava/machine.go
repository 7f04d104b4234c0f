package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"gorocket/integration/harness"
	"gorocket/integration/load"
)

// machine says what ran it, without names and paths.
func machine() string {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%s, %d cores, %s GiB, Linux %s, %s, gorocket built with %s",
		load.ValueOf("/proc/cpuinfo", "model name", "unknown processor"), runtime.NumCPU(),
		memory(load.ValueOf("/proc/meminfo", "MemTotal", "")), strings.TrimSpace(string(kernel)), jdk(), runtime.Version())
}

// memory turns "24684956 kB" into whole GiB.
func memory(text string) string {
	var kib int64
	if _, err := fmt.Sscan(text, &kib); err != nil {
		return "unknown"
	}
	return fmt.Sprint((kib + 1<<19) >> 20)
}

// jdk is the first line of `java -version`.
func jdk() string {
	text, err := exec.Command("java", "-version").CombinedOutput()
	if err != nil {
		return "no JDK"
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.ReplaceAll(strings.TrimSpace(line), `"`, "")
}

// commit names the source that is measured.
func commit() string {
	text, err := exec.Command("git", "-C", harness.Root(), "describe", "--tags", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}
