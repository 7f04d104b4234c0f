package store

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"gorocket/compat"
	"gorocket/store/check"
	"gorocket/store/vfs"
)

// The commands that look at a store directory, see package check. None may be called in the process of a broker that
// has the directory open.

// checkOptions describe the directory of this configuration.
func (c *Config) checkOptions() check.Options {
	cfg := *c
	return check.Options{Root: c.StorePathRootDir, Log: c.logOptions(nil), Checks: c.logChecks(),
		Queues: c.queueOptions(nil, nil), Rules: c.dispatchRules(c.delayLevels()), Limits: c.RecordLimits(),
		Indexed: c.MessageIndexEnable, IndexSafe: c.MessageIndexEnable && c.MessageIndexSafe,
		IndexSlots: c.MaxHashSlotNum, IndexEntries: c.MaxIndexNum,
		Open: func(fsys vfs.FS) (check.Store, error) { return openToCheck(cfg, fsys) }}
}

func openToCheck(cfg Config, fsys vfs.FS) (check.Store, error) {
	s, err := Open(cfg, fsys, EventListener{IsBatchTopic: batchTopics(&cfg, fsys)})
	if err != nil {
		return nil, err // and no *Store: an interface that holds a nil pointer is not nil
	}
	return s, nil
}

// batchTopics reads from the broker's table which topics have the attribute queue.type=BatchCQ: a start that makes
// their queues anew asks the broker. Without a table that can be read no topic has it.
func batchTopics(cfg *Config, fsys vfs.FS) func(topic string) bool {
	var table struct {
		Topics map[string]struct {
			Attributes map[string]string `json:"attributes"`
		} `json:"topicConfigTable"`
	}
	_ = vfs.ReadFileWithBackup(fsys, cfg.sub("config", "topics.json"),
		func(b []byte) error { return compat.Unmarshal(b, &table) }, nil)
	return func(topic string) bool { return table.Topics[topic].Attributes["queue.type"] == "BatchCQ" }
}

// TailRefused tells why Start would find no place for the next record, whatever room there is.
func (s *Store) TailRefused() error { return s.log.TailRefused() }

// WriteQueues writes what the consume queues have in memory, unsynced.
func (s *Store) WriteQueues(ctx context.Context) error { return s.queues.Write(ctx, 1) }

// Verify is check.Verify for a configuration.
func Verify(cfg Config, fsys vfs.FS) (*check.Report, error) {
	if err := cfg.Validate(); err != nil {
		return &check.Report{Dir: cfg.StorePathRootDir}, err
	}
	return check.Verify(cfg.checkOptions(), fsys)
}

// VerifyStore is Verify on the operating system's files.
func (c Config) VerifyStore() (*check.Report, error) { return Verify(c, vfs.OS{}) }

// PlanRepair is check.PlanRepair for a configuration.
func PlanRepair(cfg Config, fsys vfs.FS) (*check.Plan, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return check.PlanRepair(cfg.checkOptions(), fsys)
}

// PlanRepair is PlanRepair on the operating system's files.
func (c Config) PlanRepair() (*check.Plan, error) { return PlanRepair(c, vfs.OS{}) }

// Repair is check.Repair for a configuration.
func Repair(cfg Config, fsys vfs.FS) (*check.Plan, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return check.Repair(cfg.checkOptions(), fsys)
}

// Repair is Repair on the operating system's files.
func (c Config) Repair() (*check.Plan, error) { return Repair(c, vfs.OS{}) }

// SkipDamaged is check.SkipDamaged for a configuration.
func SkipDamaged(cfg Config, fsys vfs.FS, dryRun bool) (*check.Plan, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return check.SkipDamaged(cfg.checkOptions(), fsys, dryRun)
}

// SkipDamaged is SkipDamaged on the operating system's files.
func (c Config) SkipDamaged() (*check.Plan, error) { return SkipDamaged(c, vfs.OS{}, false) }

// PlanSkipDamaged says what SkipDamaged would do to the operating system's files.
func (c Config) PlanSkipDamaged() (*check.Plan, error) { return SkipDamaged(c, vfs.OS{}, true) }

// Export is check.Export for a configuration.
func Export(cfg Config, fsys vfs.FS, f check.ExportFilter, yield func(*check.ExportedMessage) error,
	damaged func(check.ExportDamage)) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	return check.Export(cfg.checkOptions(), fsys, f, yield, damaged)
}

// ExportLines writes the messages of the operating system's files to out, one JSON object a line, and a line for each
// part that was stepped over to notes; whole tells that there was none. Arguments as the fields of ExportFilter.
func (c Config) ExportLines(out, notes io.Writer, topic string, queue int32, from, to int64) (whole bool, err error) {
	lines := json.NewEncoder(out)
	whole = true
	err = Export(c, vfs.OS{}, check.ExportFilter{Topic: topic, Queue: queue, From: from, To: to},
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
