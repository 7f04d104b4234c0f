package check

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"

	"gorocket/store/commitlog"
	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/recovery"
	"gorocket/store/vfs"
)

// Severity says what a Finding means.
type Severity string

const (
	// Damaged is content that neither Java nor gorocket leaves behind, and that a start does not repair by itself.
	Damaged Severity = "damaged"
	// Repairable is what a kill or power cut leaves; the next start of a broker repairs it.
	Repairable Severity = "repairable"
	// Note is worth knowing and harmless.
	Note Severity = "note"
)

// Finding is one verdict of Verify.
type Finding struct {
	Severity Severity `json:"severity"`
	Kind     string   `json:"kind"`   // commitlog, consumequeue, index, checkpoint, config, unreadable, start
	File     string   `json:"file"`   // path
	Offset   int64    `json:"offset"` // position inside File, bytes; -1: the file as a whole
	Text     string   `json:"text"`
}

// Place is the file, with the position in it where there is one.
func (f *Finding) Place() string { return place(f.File, f.Offset) }

// maxFindings bounds the list of a Report; Counts go on.
const maxFindings = 1000

// Report is the result of Verify.
type Report struct {
	Dir          string           `json:"dir"`
	Healthy      bool             `json:"healthy"` // nothing is Damaged
	CleanStop    bool             `json:"cleanStop"`
	LogFrom      int64            `json:"logFrom"` // commit log offsets
	LogTo        int64            `json:"logTo"`
	Records      int64            `json:"records"`
	Queues       int64            `json:"queues"`
	QueueEntries int64            `json:"queueEntries"`
	IndexFiles   int64            `json:"indexFiles"`
	IndexEntries int64            `json:"indexEntries"`
	ConfigFiles  int64            `json:"configFiles"`
	Counts       map[Severity]int `json:"counts"`
	Findings     []Finding        `json:"findings"` // the first maxFindings
}

// ErrInUse is returned by Verify when a broker runs on the directory.
var ErrInUse = errors.New("store: in use: a broker runs on this directory")

// verifier is one run of Verify; one goroutine.
type verifier struct {
	cfg        Options
	start      Options // as given: what a start would run with
	fs         vfs.FS
	log        *commitlog.Log
	report     *Report
	last       map[queueKey]lastRecord // newest record of each queue with an entry
	recov      recovery.Crash          // what a start would go by
	synced     int64                   // store time before which every record had been synced, ms
	rebuilt    int64                   // log offset from which a start after a kill builds queue entries again
	next       int64                   // queue offset behind the entries of the present batch queue
	prev       int64                   // log offset of the entry before the present one
	indexKnown bool                    // an index file has a size we know
	good       int64                   // entries of the present queue that point into the log
	salvage    bool                    // read what can be read: short files, and those behind a missing one
	stop       bool                    // the walk ends here
	from       int64                   // position of the walk in the present file, for salvageLog
	missing    bool                    // a file of the log is missing
	rotten     bool                    // the log has damage: queues and index may point at it

	// instead of checking what a record means; nil: check
	onRecord func(seg *commitlog.Segment, p int64, m *record.View)
	// hears of the ranges that the walk steps over; may be nil
	onDamage func(d damagedRange)
}

// queueKey names a queue.
type queueKey struct {
	topic string
	id    int32
}

// lastRecord is what the log knows of a queue: its newest record with an entry, and how many entries there must be,
// from where its offsets begin at 0.
type lastRecord struct{ offset, queueOffset, entries int64 }

// Verify reads everything in a store directory and changes nothing: the log record by record with CRCs, each consume
// queue entry and index entry against the log, checkpoint, and the JSON files of config. cfg names directory and file
// sizes; sizes that fit no file are taken from the files. The error tells why the directory cannot be read (ErrInUse,
// no store there); what is wrong inside stands in the report. Do not call it in the process of a broker that has the
// directory open: closing the lock file would give its lock up (POSIX).
func Verify(cfg Options, fsys vfs.FS) (*Report, error) { return inspect(cfg, fsys, true) }

// inspect is Verify; trial opens the store in a dry run too, to see whether a start would be refused.
func inspect(cfg Options, fsys vfs.FS, trial bool) (*Report, error) {
	v, err := newVerifier(cfg, fsys)
	if err != nil {
		return v.report, err
	}
	steps := []func() error{v.openLog, v.walkLog, v.queues, v.index, v.checkpoint, v.config}
	if trial {
		steps = append(steps, v.trial)
	}
	for _, step := range steps {
		if err := v.guard(step); err != nil {
			v.close()
			return v.report, err
		}
	}
	v.close()
	v.report.Healthy = v.report.Counts[Damaged] == 0
	return v.report, nil
}

// newVerifier makes a verifier of a store that no broker runs on.
func newVerifier(cfg Options, fsys vfs.FS) (*verifier, error) {
	v := &verifier{cfg: cfg, start: cfg, fs: fsys, last: map[queueKey]lastRecord{},
		report: &Report{Dir: cfg.Root, Counts: map[Severity]int{}, Findings: []Finding{}}}
	if err := idleStore(&cfg, fsys); err != nil {
		return v, err
	}
	_, err := fsys.Stat(cfg.sub("abort"))
	v.report.CleanStop = errors.Is(err, fs.ErrNotExist)
	v.cfg.Checks.BodyCRC = true
	return v, nil
}

// guard makes a finding of a page that cannot be read: what the step had still to look at stays unchecked.
func (v *verifier) guard(step func() error) error {
	err := vfs.Guard(step)
	var fault *vfs.FaultError
	if !errors.As(err, &fault) {
		return err
	}
	at := v.placed(fault)
	v.rotten = true
	v.add(Damaged, "unreadable", at.File, at.Offset, "%v; what follows was not checked", at.Err)
	return nil
}

// placed finds file and position of a page that cannot be read.
func (v *verifier) placed(fault *vfs.FaultError) *datafile.ReadError {
	at := &datafile.ReadError{File: v.cfg.Root, Offset: -1, Err: fault}
	if v.log != nil {
		at = cmp.Or(commitlog.Placed(v.log.Segments(), fault), at)
	}
	return at
}

// guarded is guard for who cannot go on: a page that cannot be read is a *ReadError.
func (v *verifier) guarded(step func() error) error {
	err := vfs.Guard(step)
	var fault *vfs.FaultError
	if errors.As(err, &fault) {
		return v.placed(fault)
	}
	return err
}

// idleStore returns an error unless there is a store that no broker runs on.
func idleStore(cfg *Options, fsys vfs.FS) error {
	if t, ok := fsys.(vfs.LockTester); ok {
		if held, err := t.Locked(cfg.sub("lock")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		} else if held {
			return fmt.Errorf("%w: %s is locked", ErrInUse, cfg.sub("lock"))
		}
	}
	if _, err := fsys.ReadDir(cfg.Log.Paths[0]); err != nil {
		return fmt.Errorf("store: no store there: %w", err)
	}
	return nil
}

func (v *verifier) close() {
	if v.log != nil {
		v.log.Close()
	}
}

func (v *verifier) add(s Severity, kind, file string, offset int64, format string, args ...any) {
	v.report.Counts[s]++
	if len(v.report.Findings) < maxFindings {
		v.report.Findings = append(v.report.Findings, Finding{s, kind, file, offset, fmt.Sprintf(format, args...)})
	}
}

// afterKill is Repairable after a kill, Damaged after a clean stop.
func (v *verifier) afterKill() Severity {
	if v.report.CleanStop {
		return Damaged
	}
	return Repairable
}

// dataFiles lists the files of a mapped-file directory that have the right name and size, ascending and without a gap;
// the others are findings. When no file has size, the size of the first is taken.
func (v *verifier) dataFiles(kind, dir string, size int64) (out []datafile.File, used int64, err error) {
	list, err := v.fs.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, size, nil
	}
	if err != nil {
		return nil, size, err
	}
	used = fittingSize(list, size)
	for i, fi := range list {
		name := dir + "/" + fi.Name
		base, ok := datafile.ParseName(fi.Name)
		switch {
		case fi.IsDir:
		case !ok || base%used != 0:
			v.add(Damaged, kind, name, -1, "unexpected file name: the start would fail")
		case fi.Size == 0 && i == len(list)-1:
			v.add(Repairable, kind, name, -1, "empty last file: removed by the next start")
		case fi.Size != used:
			worse := Damaged
			if !v.report.CleanStop && fi.Size < used && (i == len(list)-1 || fi.Size == 0 && kind != "commitlog") {
				worse = Repairable
			}
			v.add(worse, kind, name, -1, "%d bytes instead of %d", fi.Size, used)
			if v.salvage && fi.Size > 0 && fi.Size < used {
				out = append(out, datafile.File{Path: name, Base: base, Short: fi.Size})
			}
		default:
			out = append(out, datafile.File{Path: name, Base: base})
		}
	}
	return out, used, nil
}

// fittingSize is want if a file has it, else the size of the first file that is not empty.
func fittingSize(list []vfs.FileInfo, want int64) int64 {
	first := int64(0)
	for _, fi := range list {
		if fi.Size == want {
			return want
		}
		if first == 0 && !fi.IsDir {
			first = fi.Size
		}
	}
	if first <= 0 || first > datafile.MaxSize {
		return want
	}
	return first
}
