package main

import (
	"os"
	"runtime/pprof"
)

// profile writes a CPU profile of run into a file, which `make pgo` makes default.pgo of; without a name it only runs.
func profile(name string, run func() error) error {
	if name == "" {
		return run()
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		_ = f.Close()
		return err
	}
	failed := run()
	pprof.StopCPUProfile()
	if err := f.Close(); failed == nil {
		failed = err
	}
	return failed
}
