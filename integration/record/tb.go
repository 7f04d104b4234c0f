package main

import (
	"fmt"
	"runtime"
	"testing"
)

// recorderTB lets the Go client's cases run outside of "go test". One goroutine at a time, but for Errorf.
type recorderTB struct {
	testing.TB // nil: only the methods below are used
	cleanups   []func()
	failure    string
}

func (r *recorderTB) Helper() {}

func (r *recorderTB) Logf(string, ...any) {}

func (r *recorderTB) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recorderTB) Error(args ...any) { r.failure += fmt.Sprintln(args...) }

func (r *recorderTB) Errorf(format string, args ...any) { r.Error(fmt.Sprintf(format, args...)) }

func (r *recorderTB) Fatal(args ...any) { r.Error(args...); runtime.Goexit() }

func (r *recorderTB) Fatalf(format string, args ...any) { r.Fatal(fmt.Sprintf(format, args...)) }

// run calls f as a test and reports its failure.
func (r *recorderTB) run(f func(testing.TB)) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for i := len(r.cleanups) - 1; i >= 0; i-- {
				r.cleanups[i]()
			}
		}()
		f(r)
	}()
	<-done
	if r.failure != "" {
		return fmt.Errorf("go client: %s", r.failure)
	}
	return nil
}
