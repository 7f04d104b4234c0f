package check

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"

	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// trial opens a store in a dry run as the next start would. Verify, PlanRepair and the start agree because they ask the
// same code. Stop the store.
func trial(cfg Options, dry *vfs.DryRun) (Store, error) {
	s, err := cfg.Open(dry)
	if err != nil {
		return nil, err
	}
	if err := s.TailRefused(); err != nil {
		_ = s.Stop(context.Background())
		return nil, err
	}
	return s, nil
}

// finishTrial does what a start does in the background, and stops.
func finishTrial(s Store) error {
	err := s.WriteQueues(context.Background())
	_ = s.Stop(context.Background())
	return err
}

// leftDamaged returns an error when the start that was tried on dry leaves something damaged in what is built from the
// log. base is what dry shows, unchanged.
func leftDamaged(cfg Options, base vfs.FS, dry *vfs.DryRun) error {
	report, err := inspect(cfg, logBefore{dry, base, &cfg}, false)
	if err != nil {
		return err
	}
	for _, f := range report.Findings {
		if f.Kind == "consumequeue" && f.Severity != Note || f.Kind == "index" && f.Severity == Damaged {
			return fmt.Errorf("%s: %s", f.File, f.Text)
		}
	}
	return nil
}

// trial makes a finding of what would refuse a start with this configuration, and of damage of queues that looks like
// what a kill leaves, but that a start does not mend.
func (v *verifier) trial() error {
	dry := vfs.NewDryRun(v.fs)
	s, err := trial(v.start, dry)
	if err != nil {
		v.addRefusal(err)
		return nil
	}
	if err := finishTrial(s); err != nil {
		return err
	}
	mended := func(f Finding) bool { return f.Kind == "consumequeue" && f.Severity == Repairable }
	if v.report.Counts[Damaged] == 0 && slices.ContainsFunc(v.report.Findings, mended) {
		if err := leftDamaged(v.start, v.fs, dry); err != nil {
			v.add(Damaged, "consumequeue", v.start.sub("consumequeue"), -1, "a start leaves damage: %v", err)
		}
	}
	return nil
}

// addRefusal notes why a start is refused. It comes first, whatever the number of findings.
func (v *verifier) addRefusal(err error) {
	var misfit *datafile.MisfitError
	text := "a start is refused: " + err.Error()
	if errors.As(err, &misfit) && !misfit.Name {
		text += ". Is it the right configuration (-c)?"
	}
	v.report.Counts[Damaged]++
	first := []Finding{{Damaged, "start", errorFile(err), errorOffset(err), text}}
	v.report.Findings = append(first, v.report.Findings[:min(len(v.report.Findings), maxFindings-1)]...)
}

// logBefore shows what a dry run made, but the commit log as it is: a file that was changed in a dry run cannot be
// mapped. The torn tail that is still there is known to the caller.
type logBefore struct {
	vfs.FS
	base vfs.FS
	cfg  *Options
}

func (l logBefore) of(dir string) vfs.FS {
	if slices.Contains(l.cfg.Log.Paths, dir) {
		return l.base
	}
	return l.FS
}

func (l logBefore) OpenReadOnly(name string) (vfs.File, error) {
	return l.of(path.Dir(name)).OpenReadOnly(name)
}

func (l logBefore) ReadDir(dir string) ([]vfs.FileInfo, error) { return l.of(dir).ReadDir(dir) }
