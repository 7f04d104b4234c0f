// Command benchstore measures the stores of a Java 5.5.0 broker and of ours, in turns in one run on one machine, and
// prints a Markdown table: many topics against one, SYNC_FLUSH against the disk, restart after a clean stop, recovery
// after kill -9.
//
//	GOROCKET_BIN=../bin go run ./benchstore            # 10,000 topics x 8 queues, 10 GiB and 5 GiB of log: half an hour, 25 GB of disk
//	GOROCKET_BIN=../bin go run ./benchstore -quick     # small sizes: five minutes; shows that it works, not what it reaches
//
// A figure without its peer in the same run is not a result. All stores are removed afterwards.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
)

// sizes of a run.
type sizes struct {
	topics          int
	cleanLog, dirty int64 // bytes of log before the clean stop and before the kill
	measure, warmUp time.Duration
}

var (
	full  = sizes{topics: 10_000, cleanLog: 10 << 30, dirty: 5 << 30, measure: 10 * time.Second, warmUp: 8 * time.Second}
	small = sizes{topics: 500, cleanLog: 512 << 20, dirty: 512 << 20, measure: 4 * time.Second, warmUp: 4 * time.Second}

	quick  = flag.Bool("quick", false, "small sizes")
	only   = flag.String("only", "", "one kind only: java or gorocket")
	parts  = flag.String("parts", "many,sync,kill,pace", "what to measure")
	topics = flag.Int("topics", 0, "topics of 8 queues, instead of 10,000 (500 with -quick)")
	dir    = flag.String("dir", "", "where stores are made; default: the system's temporary folder")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "benchstore:", err)
		os.Exit(1)
	}
}

func run() error {
	if err := os.Setenv("GOROCKET_JVM_FLAGS", load.JVMFlags); err != nil {
		return err
	}
	s := full
	if *quick {
		s = small
	}
	if *topics > 0 {
		s.topics = *topics
	}
	b := &bench{sizes: s, results: map[string]map[harness.Kind]result{}}
	for _, kind := range []harness.Kind{harness.Java, harness.Go} {
		if *only != "" && *only != string(kind) {
			continue
		}
		if why := kind.Missing(); why != "" {
			return fmt.Errorf("%s", why)
		}
		for _, part := range strings.Split(*parts, ",") {
			if err := b.part(kind, part); err != nil {
				return fmt.Errorf("%s, %s: %w", kind, part, err)
			}
		}
	}
	b.table(os.Stdout)
	return nil
}
