package main

import (
	"errors"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
)

func longRun() toolRun {
	return toolRun{args: "send --size 1024 --connections 8 --rate 20000", warm: 3, takes: *longTime}
}

func longLength(kind harness.Kind) time.Duration { return longRun().length(kind) }

// long sends for minutes while commit log files are filled and deleted.
func (r *round) long(p *harness.Pair, figures []figure) error {
	stop := ageing(p.Broker.Store())
	before, err := firstOffset(p.Broker.Store())
	if err != nil {
		stop()
		return err
	}
	v, err := r.tool(p, longRun())
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	after, err := firstOffset(p.Broker.Store())
	if err != nil {
		return err
	}
	size, err := strconv.ParseInt(ageLog["mappedFileSizeCommitLog"], 10, 64)
	if err != nil {
		return err
	}
	r.set(longDeleted.name, float64((after-before)/size))
	r.set(longBad.name, v.unanswered())
	if err := r.take(figures, v); err != nil {
		return err
	}
	if after == before && *longTime >= time.Minute {
		return errors.New("no commit log file was deleted meanwhile")
	}
	return nil
}

// agePause is the time between two looks for files that are full.
const agePause = 2 * time.Second

// ageing makes full commit log files look old until the function it returns is called, which returns the first error.
func ageing(store string) (stop func() error) {
	var (
		wg    sync.WaitGroup
		first error // read after wg.Wait
		end   = make(chan struct{})
	)
	wg.Go(func() {
		for {
			select {
			case <-end:
				return
			case <-time.After(agePause):
			}
			if _, err := load.AgeLog(store); err != nil && first == nil {
				first = err
			}
		}
	})
	return func() error {
		close(end)
		wg.Wait()
		return first
	}
}

// firstOffset is where the commit log begins: the name of its first file; 0 when there is none yet.
func firstOffset(store string) (int64, error) {
	files, err := load.LogFiles(store)
	if err != nil || len(files) == 0 {
		return 0, err
	}
	return strconv.ParseInt(filepath.Base(files[0]), 10, 64)
}
