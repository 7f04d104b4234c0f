package store

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"gorocket/store/check"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// Offline is a store directory that no broker runs on, for the commands that look at it, see package check. None of its
// methods may be called in the process of a broker that has the directory open.
type Offline struct {
	Config Config
	FS     vfs.FS
	// IsBatchTopic is that of EventListener: a start that makes queues anew asks it. nil: no topic is one.
	IsBatchTopic func(topic string) bool
}

// options describe the directory, once its configuration is valid.
func (o Offline) options() (check.Options, error) {
	c := &o.Config
	if err := c.Validate(); err != nil {
		return check.Options{}, err
	}
	return check.Options{Root: c.StorePathRootDir, Log: c.logOptions(nil), Checks: c.logChecks(),
		Queues: c.queueOptions(nil, nil), Rules: c.dispatchRules(c.delayLevels()), Limits: c.RecordLimits(),
		Indexed: c.MessageIndexEnable, IndexSafe: c.MessageIndexEnable && c.MessageIndexSafe,
		IndexSlots: c.MaxHashSlotNum, IndexEntries: c.MaxIndexNum, Open: o.open}, nil
}

// open opens a store on the directory as a file system shows it.
func (o Offline) open(fsys vfs.FS) (check.Store, error) {
	s, err := Open(o.Config, fsys, EventListener{IsBatchTopic: o.IsBatchTopic})
	if err != nil {
		return nil, err // and no *Store: an interface that holds a nil pointer is not nil
	}
	return s, nil
}

// TailRefused tells why Start would find no place for the next record, whatever room there is.
func (s *Store) TailRefused() error { return s.log.TailRefused() }

// WriteQueues writes what the consume queues have in memory, unsynced.
func (s *Store) WriteQueues(ctx context.Context) error { return s.queues.Write(ctx, 1) }

// Verify is check.Verify of the directory.
func (o Offline) Verify() (*check.Report, error) {
	opt, err := o.options()
	if err != nil {
		return &check.Report{Dir: o.Config.StorePathRootDir}, err
	}
	return check.Verify(opt, o.FS)
}

// PlanRepair is check.PlanRepair of the directory.
func (o Offline) PlanRepair() (*check.Plan, error) {
	opt, err := o.options()
	if err != nil {
		return nil, err
	}
	return check.PlanRepair(opt, o.FS)
}

// Repair is check.Repair of the directory.
func (o Offline) Repair() (*check.Plan, error) {
	opt, err := o.options()
	if err != nil {
		return nil, err
	}
	return check.Repair(opt, o.FS)
}

// SkipDamaged is check.SkipDamaged of the directory.
func (o Offline) SkipDamaged() (*check.Plan, error) { return o.skipDamaged(false) }

// PlanSkipDamaged says what SkipDamaged would do.
func (o Offline) PlanSkipDamaged() (*check.Plan, error) { return o.skipDamaged(true) }

func (o Offline) skipDamaged(dryRun bool) (*check.Plan, error) {
	opt, err := o.options()
	if err != nil {
		return nil, err
	}
	return check.SkipDamaged(opt, o.FS, dryRun)
}

// TruncateTo is check.TruncateTo of the directory.
func (o Offline) TruncateTo(offset int64, dryRun bool) (*check.Plan, error) {
	opt, err := o.options()
	if err != nil {
		return nil, err
	}
	return check.TruncateTo(opt, o.FS, offset, dryRun)
}

// CutTo is check.CutTo of the directory.
func (o Offline) CutTo(offset, end int64) (*check.Plan, error) {
	opt, err := o.options()
	if err != nil {
		return nil, err
	}
	return check.CutTo(opt, o.FS, offset, end)
}

// Walk is check.Walk of the directory.
func (o Offline) Walk(yield func(file string, at int64, m *record.View) error, damaged func(check.ExportDamage)) error {
	opt, err := o.options()
	if err != nil {
		return err
	}
	return check.Walk(opt, o.FS, yield, damaged)
}

// Export is check.Export of the directory.
func (o Offline) Export(f check.ExportFilter, yield func(*check.ExportedMessage) error,
	damaged func(check.ExportDamage)) error {
	opt, err := o.options()
	if err != nil {
		return err
	}
	return check.Export(opt, o.FS, f, yield, damaged)
}

// ExportLines writes the messages of the directory to out, one JSON object a line, and a line for each part that was
// stepped over to notes; whole tells that there was none. Arguments as the fields of ExportFilter.
func (o Offline) ExportLines(out, notes io.Writer, topic string, queue int32, from, to int64) (whole bool, err error) {
	lines := json.NewEncoder(out)
	whole = true
	err = o.Export(check.ExportFilter{Topic: topic, Queue: queue, From: from, To: to},
		func(m *check.ExportedMessage) error { return lines.Encode(m) },
		func(d check.ExportDamage) {
			whole = false
			end := "the end"
			if d.To >= 0 {
				end = "byte " + strconv.FormatInt(d.To, 10)
			}
			fmt.Fprintf(notes, "stepped over: %s, byte %d to %s: %s\n", d.File, d.From, end, d.Why)
		})
	return whole, err
}
