package metrics

import (
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
)

// Build tells which program runs.
type Build struct{ Version, Commit, Go string }

// unknown is the commit of a program that was not built in a clone of the repository.
const unknown = "unknown"

// BuildOf reads the commit and the Go version out of the program; "+" behind the commit says that files were changed.
func BuildOf(version string) Build {
	b := Build{Version: version, Commit: unknown, Go: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.Commit = commitOf(info)
	}
	return b
}

func commitOf(info *debug.BuildInfo) string {
	commit, changed := unknown, ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				changed = "+"
			}
		}
	}
	if commit == unknown {
		return unknown
	}
	return commit + changed
}

// Common lists what every exporter has beside the metrics of its server, the labels of a server and those of the Go
// runtime (go_...) and of the process (process_...) apart.
func Common() []Metric {
	return []Metric{{Name: "gorocket_build_info", Kind: Gauge, Labels: []string{"version", "commit", "goversion"},
		Help: "Always 1; the labels say which program runs"}}
}

// collector shows the build.
func (b Build) collector() prometheus.Collector {
	return NewSet(Common(), nil, func(s *Sink) { s.Send("gorocket_build_info", 1, b.Version, b.Commit, b.Go) })
}
