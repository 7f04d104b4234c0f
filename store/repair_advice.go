package store

import (
	"errors"
	"fmt"
	"path"
)

const restoreAdvice = "Ways out: (1) copy this file from a slave or a backup taken after it was full, with the broker stopped; files of a master and its slave are the same byte for byte. " +
	"(2) Without a copy: start an empty broker beside it, let consumers and producers move there, and read what is needed from here"

// advice says what the operator can do about an error of Open.
func (r *repairer) advice(err error) string {
	var (
		damage *CorruptionError
		misfit *MisfitError
	)
	switch {
	case errors.As(err, &damage) && damage.Missing:
		return fmt.Sprintf("%s. Ways out: (1) put the missing file back from a slave or a backup. (2) Move the files in front of it to another folder: the log then begins at offset %s and older messages are gone",
			damage.Reason, path.Base(damage.File))
	case errors.As(err, &damage):
		base, _ := parseSegmentName(path.Base(damage.File))
		at := base + damage.Offset
		return fmt.Sprintf("%s. %s. (3) Keep a copy of the whole directory, then move %s and all later commit log files to another folder: the start goes on with what is left, and all messages from log offset %d on are gone "+
			"(those before %d in that file are whole)", damage.Reason, restoreAdvice, damage.File, base, at)
	case errors.As(err, &misfit):
		return fmt.Sprintf("%v. Ways out: if all files of the folder have this size, set %s to it in broker.conf; if only this one has, put it back from a slave or a backup", err, misfit.Key)
	}
	return err.Error()
}

// errorFile is the file an error of Open is about, "" when it names none.
func errorFile(err error) string {
	var (
		damage *CorruptionError
		misfit *MisfitError
	)
	switch {
	case errors.As(err, &damage):
		return damage.File
	case errors.As(err, &misfit):
		return misfit.File
	}
	return ""
}

func errorOffset(err error) int64 {
	var damage *CorruptionError
	if errors.As(err, &damage) && !damage.Missing {
		return damage.Offset
	}
	return -1
}
