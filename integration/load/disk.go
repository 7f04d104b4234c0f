package load

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// The probe of Fdatasync.
const (
	probes    = 300
	probeFile = 64 << 20
)

// Fdatasync is the median time of one after a write of n bytes into a warm file in folder, with a rest before each: a
// virtual machine that has slept wakes up slowly.
func Fdatasync(folder string, n int, rest time.Duration) (time.Duration, error) {
	f, err := os.Create(filepath.Join(folder, "probe"))
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.Write(make([]byte, probeFile)); err != nil { // written, not only reserved: as a warm log file is
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	var all []time.Duration
	for i := range probes {
		time.Sleep(rest)
		if _, err := f.WriteAt(make([]byte, n), int64(i*n)); err != nil {
			return 0, err
		}
		begin := time.Now()
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			return 0, fmt.Errorf("fdatasync: %w", err)
		}
		all = append(all, time.Since(begin))
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

// LogFiles are the commit log files of a broker's store, oldest first; their names are their offsets.
func LogFiles(store string) ([]string, error) {
	return filepath.Glob(filepath.Join(store, "commitlog", "*"))
}

// AgeLog makes all commit log files but the last two, which the broker writes to, look four days old, so that it takes
// them for expired. It returns how many files there are.
func AgeLog(store string) (files int, err error) {
	list, err := LogFiles(store)
	old := time.Now().Add(-96 * time.Hour)
	for _, f := range list[:max(0, len(list)-2)] {
		if e := os.Chtimes(f, old, old); e != nil && !os.IsNotExist(e) && err == nil {
			err = e
		}
	}
	return len(list), err
}
