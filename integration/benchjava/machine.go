package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"gorocket/integration/harness"
)

// machine says what ran it, without names and paths.
func machine() string {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%s, %d cores, %s GiB, Linux %s, %s, gorocket built with %s", valueOf("/proc/cpuinfo", "model name", "unknown processor"), runtime.NumCPU(),
		memory(valueOf("/proc/meminfo", "MemTotal", "")), strings.TrimSpace(string(kernel)), jdk(), runtime.Version())
}

// valueOf is the first "key : value" of a file.
func valueOf(file, key, missing string) string {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return missing
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
