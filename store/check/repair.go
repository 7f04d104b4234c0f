package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// Who takes a Step.
const (
	// ByStart: the next start of a broker does it by itself.
	ByStart = "start"
	// ByRepair: a start would fail or would not see the damage; Repair moves files aside, which a start never does.
	ByRepair = "repair"
	// ByOperator: it may cost messages or needs something that is not in the directory; text names the ways out.
	ByOperator = "operator"
)

// Step is one thing to do in a store directory.
type Step struct {
	By     string `json:"by"`     // ByStart, ByRepair, ByOperator
	Action string `json:"action"` // cut, remove, build, move, write, decide
	File   string `json:"file"`
	Offset int64  `json:"offset"` // position inside File, bytes; -1: the file as a whole
	Text   string `json:"text"`
}

// Plan is the result of PlanRepair and Repair.
type Plan struct {
	Dir       string `json:"dir"`
	Aside     string `json:"aside"` // name of the folders that files are moved to, beside the folders they come from
	CleanStop bool   `json:"cleanStop"`
	Done      bool   `json:"done"`   // the steps by start and repair were taken
	Starts    bool   `json:"starts"` // a broker can start once the steps by repair are taken
	LogTo     int64  `json:"logTo"`  // end of the commit log then
	Steps     []Step `json:"steps"`
	More      int    `json:"more"` // steps left out of the list
}

// place is a file, with the position in it where there is one.
func place(file string, offset int64) string {
	if offset < 0 {
		return file
	}
	return file + ":" + strconv.FormatInt(offset, 10)
}

// WriteText writes one line for each step and one for the whole.
func (p *Plan) WriteText(w io.Writer) error {
	for _, s := range p.Steps {
		if _, err := fmt.Fprintf(w, "%s: %s %s: %s\n", s.By, s.Action, place(s.File, s.Offset), s.Text); err != nil {
			return err
		}
	}
	if p.More > 0 {
		fmt.Fprintf(w, "... and %d more\n", p.More)
	}
	state := map[bool]string{true: "a broker can start", false: "no broker can start"}[p.Starts]
	if p.Done {
		state = "repaired, " + state
	}
	_, err := fmt.Fprintf(w, "%s: %s, the log ends at %d, %d steps, %d not taken by a start\n", p.Dir, state, p.LogTo,
		len(p.Steps)+p.More, p.Left())
	return err
}

// Left counts the steps that a start does not take by itself.
func (p *Plan) Left() (n int) {
	for _, s := range p.Steps {
		if s.By == ByOperator || s.By == ByRepair && !p.Done {
			n++
		}
	}
	return n
}

// repairer is one run of PlanRepair; one goroutine.
type repairer struct {
	cfg   Options
	fs    vfs.FS
	dry   *vfs.DryRun
	moves []move
	plan  *Plan

	refused bool // a table of config refuses the start
}

// move is a file or folder that goes aside.
type move struct{ from, to, why string }

// maxMoves bounds the attempts to find a directory that opens.
const maxMoves = 1000

// PlanRepair says what a start on a store directory would do, what Repair would do first, and where only the operator
// can decide. Nothing is changed: the start is carried out on a copy of the directory in memory that shares what is not
// changed (vfs.DryRun). Errors as Verify.
func PlanRepair(cfg Options, fsys vfs.FS) (*Plan, error) {
	r, err := plan(cfg, fsys, asideName(&cfg, fsys))
	if r == nil {
		return nil, err
	}
	return r.plan, err
}

func plan(cfg Options, fsys vfs.FS, aside string) (*repairer, error) {
	if err := idleStore(&cfg, fsys); err != nil {
		return nil, err
	}
	_, err := fsys.Stat(cfg.sub("abort"))
	r := &repairer{cfg: cfg, fs: fsys, plan: &Plan{Dir: cfg.Root, CleanStop: err != nil,
		Aside: aside, Steps: []Step{}}}
	s, err := r.opens()
	if err == nil {
		s, err = r.better(s)
	}
	for _, m := range r.moves {
		r.add(ByRepair, "move", m.from, -1, "move to %s: %s", m.to, m.why)
	}
	if err != nil {
		r.add(ByOperator, "decide", errorFile(err), errorOffset(err), "%s", r.advice(err))
		return r, nil
	}
	r.plan.Starts, r.plan.LogTo = !r.refused, s.Report().To
	r.steps(s)
	return r, nil
}

// better looks for damage that the start of s did not see, and moves aside what can be built again. Where building it
// again meets damage of the log, or mends nothing, everything stays: the directory starts as it is.
func (r *repairer) better(s Store) (Store, error) {
	before := len(r.moves)
	if err := r.findings(); err != nil || len(r.moves) == before {
		return s, err
	}
	moved, err := r.opens()
	if err == nil {
		if err = r.healed(); err == nil {
			return moved, nil
		}
	}
	why := r.moves[before].from + " (" + r.moves[before].why + ")"
	r.add(ByOperator, "decide", cmp.Or(errorFile(err), r.moves[before].from), errorOffset(err),
		"a broker starts, but %s cannot be built again: %s", why, r.advice(err))
	r.moves = r.moves[:before]
	return r.opens()
}

// healed returns an error when the start that was tried last leaves something damaged in what is built from the log.
func (r *repairer) healed() error { return leftDamaged(r.cfg, r.fs, r.dry) }

// asideName names the folder of a repair.
func asideName(cfg *Options, fsys vfs.FS) string {
	name := "repair-" + time.Now().Format("20060102150405")
	for n, first := 2, name; slices.ContainsFunc(asideRoots(cfg), func(root string) bool {
		_, err := fsys.Stat(path.Join(root, name))
		return err == nil
	}); n++ {
		name = fmt.Sprint(first, "-", n)
	}
	return name
}

// asideRoots are the folders in which such a folder may be.
func asideRoots(cfg *Options) []string {
	roots := []string{cfg.Root}
	for _, dir := range slices.Concat(cfg.Log.Paths, cfg.Log.ReadOnly) {
		roots = append(roots, path.Dir(dir))
	}
	return roots
}

// opens tries to open the store in a dry run, moving aside what stands in the way, until it opens or nothing helps.
func (r *repairer) opens() (s Store, err error) {
	for range maxMoves {
		if r.dry, err = r.moved(); err != nil {
			return nil, err
		}
		skip := len(r.dry.Changes())
		if s, err = trial(r.cfg, r.dry); err == nil {
			err = finishTrial(s)
			r.dry.Forget(skip)
			return s, err
		}
		if !r.remedy(err) {
			break
		}
	}
	return nil, err
}

// moved shows the directory with what goes aside out of the way.
func (r *repairer) moved() (*vfs.DryRun, error) {
	dry := vfs.NewDryRun(r.fs)
	for _, m := range r.moves {
		if err := dry.Rename(m.from, m.to); err != nil {
			return nil, err
		}
	}
	return dry, nil
}

// remedy adds a move that takes the cause of err away; false when nothing harmless does.
func (r *repairer) remedy(err error) bool {
	var m *datafile.MisfitError
	if !errors.As(err, &m) {
		return false
	}
	stranger := m.Name && !likeSegment(path.Base(m.File))
	switch {
	case strings.HasPrefix(m.File, r.cfg.sub("index")+"/"):
		return r.asideIndex(m.File, "its size is not that of an index file; it is built again from the log")
	case stranger:
		r.aside(m.File, "no file of a store has this name, and a start fails while it is there")
	case m.Rebuildable && r.odd(m):
		r.asideQueues(fmt.Sprintf("%s has %d bytes instead of %d", m.File, m.Size, m.Want))
	default:
		return false
	}
	return true
}

func likeSegment(name string) bool {
	_, ok := datafile.ParseName(name)
	return ok
}

// odd tells that the other files of the directory do have the configured size: then it is this one that is wrong, not
// the configuration.
func (r *repairer) odd(m *datafile.MisfitError) bool {
	list, err := r.dry.ReadDir(path.Dir(m.File))
	return err == nil && (len(list) == 1 || fittingSize(list, m.Want) == m.Want)
}

// asideQueues moves all queues aside: only when none is there, a start after a clean stop reads the whole log to build
// them.
func (r *repairer) asideQueues(why string) {
	why += "; all queues are built again from the log, those of deleted topics too"
	for _, dir := range []string{"consumequeue", "batchconsumequeue", "consumequeue_ext"} {
		if _, err := r.fs.Stat(r.cfg.sub(dir)); err == nil {
			r.aside(r.cfg.sub(dir), why)
		}
	}
}

// asideIndex moves an index file and all newer ones aside, since the index is built from the end of its last file on.
func (r *repairer) asideIndex(file, why string) bool {
	list, err := r.dry.ReadDir(path.Dir(file))
	for _, fi := range list {
		if full := path.Join(path.Dir(file), fi.Name); full >= file {
			r.aside(full, why)
			why = "newer than " + file + "; it is built again from the log"
		}
	}
	return err == nil
}

// aside adds a move of a file or folder to the folder of this repair, which stands beside the data folder it belongs
// to.
func (r *repairer) aside(from, why string) {
	root := r.cfg.Root
	for _, dir := range slices.Concat(r.cfg.Log.Paths, r.cfg.Log.ReadOnly) {
		if strings.HasPrefix(from, dir+"/") {
			root = path.Dir(dir)
		}
	}
	rel := strings.TrimPrefix(strings.TrimPrefix(from, root), "/")
	r.moves = append(r.moves, move{from, path.Join(root, r.plan.Aside, rel), why})
}

// findings looks for damage that a start would not see, in what can be built again: damaged queues and index files go
// aside.
func (r *repairer) findings() error {
	dry, err := r.moved()
	if err != nil {
		return err
	}
	report, err := inspect(r.cfg, dry, false)
	if err != nil {
		return err
	}
	queues, mends := false, ""
	for _, f := range report.Findings {
		switch {
		case f.Severity == Repairable && f.Kind == "consumequeue":
			mends = f.File + ": " + f.Text
		case f.Severity != Damaged:
		case f.Kind == "unreadable":
			r.add(ByOperator, "decide", f.File, f.Offset, "%s. %s", f.Text, unreadableAdvice(r.cfg.Root))
		case f.Kind == "commitlog":
			r.add(ByOperator, "decide", f.File, f.Offset, "a start would not notice: %s. %s%s", f.Text, restoreAdvice,
				datafile.SkipAdvice(r.cfg.Root))
		case f.Kind == "checkpoint" && !r.goes(f.File):
			r.aside(f.File, f.Text+"; without it a start after a kill looks at the whole log")
		case f.Kind == "index" && !r.goes(f.File):
			r.asideIndex(f.File, f.Text)
		case f.Kind == "consumequeue" && !queues:
			queues = true
			r.asideQueues(f.File + ": " + f.Text)
		case f.Kind == "config":
			r.table(f)
		}
	}
	if mends != "" && !queues && r.healed() != nil { // a start that knows the queues by their manifest does not look
		r.asideQueues(mends)
	}
	return nil
}

// table notes that a table of config cannot be read. An empty one costs what it held, any other refuses the start.
func (r *repairer) table(f Finding) {
	if st, err := r.fs.Stat(f.File); err == nil && st.Size == 0 {
		r.add(ByOperator, "decide", f.File, f.Offset,
			"it is empty and has no .bak: put a copy back, or move it aside; what it held is lost then")
		return
	}
	r.refused = true
	r.add(ByOperator, "decide", f.File, f.Offset, "%s, and its .bak does not either: put a copy back, or move the "+
		"file aside and lose what it held", f.Text)
}

func (r *repairer) goes(file string) bool {
	for _, m := range r.moves {
		if m.from == file {
			return true
		}
	}
	return false
}

func (r *repairer) add(by, action, file string, offset int64, format string, args ...any) {
	if len(r.plan.Steps) >= maxFindings {
		r.plan.More++
		return
	}
	r.plan.Steps = append(r.plan.Steps, Step{by, action, file, offset, fmt.Sprintf(format, args...)})
}

// Repair takes the steps of PlanRepair that are safe: it moves files aside and then does what a start and a clean stop
// do. The bytes that the start cuts from the end of the log are copied aside before. It deletes nothing that holds a
// record. The plan that was carried out is returned.
func Repair(cfg Options, fsys vfs.FS) (*Plan, error) {
	return repairTo(cfg, fsys, asideName(&cfg, fsys))
}

// repairTo is Repair with the name of the folder that files are moved to.
func repairTo(cfg Options, fsys vfs.FS, aside string) (*Plan, error) {
	r, err := plan(cfg, fsys, aside)
	if r == nil {
		return nil, err
	}
	if !r.plan.Starts || r.operator() {
		return r.plan, nil // who has to decide may want the directory as it is
	}
	for _, m := range r.moves {
		if err := moveAside(fsys, m); err != nil {
			return r.plan, err
		}
	}
	if err := r.keepCut(); err != nil {
		return r.plan, err
	}
	s, err := cfg.Open(fsys)
	if err != nil {
		return r.plan, err
	}
	if err := s.Start(); err != nil {
		_ = s.Stop(context.Background())
		return r.plan, err
	}
	r.plan.Done = true
	return r.plan, s.Stop(context.Background())
}

func (r *repairer) operator() bool {
	for _, s := range r.plan.Steps {
		if s.By == ByOperator {
			return true
		}
	}
	return false
}

func moveAside(fsys vfs.FS, m move) error {
	if err := vfs.MkdirDurable(fsys, path.Dir(m.to)); err != nil {
		return err
	}
	if err := fsys.Rename(m.from, m.to); err != nil {
		return err
	}
	return fsys.SyncDir(path.Dir(m.from))
}
