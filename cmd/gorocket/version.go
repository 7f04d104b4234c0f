package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"gorocket/remoting/metrics"
)

// versionText is what --version prints behind the name: version, commit, its time, Go and machine.
func versionText() string {
	b := metrics.BuildOf(version)
	when := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.time" {
				when = " of " + s.Value
			}
		}
	}
	return fmt.Sprintf("%s (commit %s%s, %s %s/%s)", b.Version, b.Commit, when, b.Go, runtime.GOOS, runtime.GOARCH)
}
