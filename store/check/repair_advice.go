package check

import (
	"errors"
	"fmt"
	"path"

	"gorocket/store/datafile"
)

const restoreAdvice = "Ways out: (1) copy this file from a slave or a backup taken after it was full, with the " +
	"broker stopped; files of a master and its slave are the same byte for byte. (2) Without a copy: "

// unreadableAdvice is skipAdvice for a page that the disk does not give.
func unreadableAdvice(dir string) string {
	return fmt.Sprintf("Ways out: (1) as long as the disk reads the rest, copy the directory to another disk with a "+
		"tool that steps over bad sectors (ddrescue), then gorocket repair DIR --skip-damaged there. (2) Put the "+
		"file back from a slave or a backup. gorocket export %s reads what can be read and changes nothing", dir)
}

// advice says what the operator can do about an error of Open.
func (r *repairer) advice(err error) string {
	var (
		damage *datafile.CorruptionError
		misfit *datafile.MisfitError
		bad    *datafile.ReadError
	)
	switch {
	case errors.As(err, &damage) && damage.Missing:
		return fmt.Sprintf("%s. Ways out: (1) put the missing file back from a slave or a backup. (2) Move the "+
			"files in front of it to another folder: the log then begins at offset %s and older messages are gone",
			damage.Reason, path.Base(damage.File))
	case errors.As(err, &damage) && damage.Dir != "":
		return fmt.Sprintf("%s. %s%s", damage.Reason, restoreAdvice, datafile.SkipAdvice(damage.Dir))
	case errors.As(err, &damage):
		return fmt.Sprintf("%s. %sgorocket export %s reads what can be read and changes nothing", damage.Reason,
			restoreAdvice, r.cfg.Root)
	case errors.As(err, &bad):
		return fmt.Sprintf("%v. %s", err, unreadableAdvice(r.cfg.Root))
	case errors.As(err, &misfit):
		return fmt.Sprintf("%v. Ways out: if all files of the folder have this size, set %s to it in broker.conf; "+
			"if only this one has, put it back from a slave or a backup", err, misfit.Key)
	}
	return err.Error()
}

// errorFile is the file an error of Open is about, "" when it names none.
func errorFile(err error) string {
	var (
		damage *datafile.CorruptionError
		misfit *datafile.MisfitError
		bad    *datafile.ReadError
	)
	switch {
	case errors.As(err, &bad):
		return bad.File
	case errors.As(err, &damage):
		return damage.File
	case errors.As(err, &misfit):
		return misfit.File
	}
	return ""
}

func errorOffset(err error) int64 {
	var bad *datafile.ReadError
	if errors.As(err, &bad) {
		return bad.Offset
	}
	var damage *datafile.CorruptionError
	if errors.As(err, &damage) && !damage.Missing {
		return damage.Offset
	}
	return -1
}
