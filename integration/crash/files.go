package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"

	"gorocket/integration/harness"
)

// checkFiles wants each file of a mapped directory to have its full size after a kill: a Java broker, 4.9 before all,
// refuses a store with a shorter one. The process must be gone.
func checkFiles(s *harness.Server) error {
	for folder, key := range map[string]string{"commitlog": "mappedFileSizeCommitLog",
		"consumequeue": "mappedFileSizeConsumeQueue", "batchconsumequeue": ""} {
		want := int64(13_800_000) // Java's mapperFileSizeBatchConsumeQueue
		if key != "" {
			want, _ = strconv.ParseInt(s.Conf[key], 10, 64)
		}
		err := filepath.WalkDir(filepath.Join(s.Store(), folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return ignoreMissing(err)
			}
			info, err := d.Info()
			if err == nil && info.Size() != want {
				err = fmt.Errorf("%s has %d bytes after the kill, not %d: Java refuses that", path, info.Size(), want)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ignoreMissing: not every store has every folder.
func ignoreMissing(err error) error {
	if err != nil && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
