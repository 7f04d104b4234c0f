package check

import (
	"bytes"
	"slices"
	"sort"

	"gorocket/store/commitlog"
	"gorocket/store/datafile"
	"gorocket/store/dispatch"
	"gorocket/store/record"
	"gorocket/store/recovery"
)

// openLog maps the commit log files for reading. A missing file ends the log there: what lies behind it is a finding.
func (v *verifier) openLog() error {
	var all []datafile.File
	size := v.cfg.Log.SegmentSize
	for _, dir := range slices.Concat(v.cfg.Log.Paths, v.cfg.Log.ReadOnly) {
		found, used, err := v.dataFiles("commitlog", dir, size)
		if err != nil {
			return err
		}
		size, all = used, append(all, found...)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Base < all[j].Base })
	v.cfg.Log.SegmentSize = size
	v.log = commitlog.New(v.cfg.log(v.fs), commitlog.Settings{}, nil, commitlog.Events{})
	for i, f := range all {
		if i > 0 && all[i-1].Base+size != f.Base {
			v.rotten, v.missing = true, true
			v.add(Damaged, "commitlog", f.Path, -1, "a file is missing between %s and this one: the files from here "+
				"on were not checked", all[i-1].Path)
			if !v.salvage {
				break
			}
		}
		f.ReadOnly = true
		if err := v.log.Map(f); err != nil {
			return err
		}
	}
	return nil
}

// walkLog checks every record and finds the end of the log. Damage is stepped over: the walk goes on with the next
// valid record.
func (v *verifier) walkLog() error {
	segs := v.log.Segments()
	if len(segs) == 0 {
		return nil
	}
	if err := v.beginWalk(segs); err != nil {
		return err
	}
	return v.walkOn(segs, 0, 0)
}

// beginWalk finds out what a start would go by.
func (v *verifier) beginWalk(segs []*commitlog.Segment) error {
	v.report.LogFrom, v.report.LogTo = segs[0].Base, segs[0].Base
	check, err := v.readCheckpoint()
	if err != nil {
		return err
	}
	v.synced = check.PhysicTime
	v.recov = recovery.Crash{Clean: v.report.CleanStop, Checkpoint: check,
		IndexSafe: v.cfg.IndexSafe}
	v.rebuilt = segs[v.recov.StartSegment(segs)].Base
	if v.recov.Intact, err = recovery.SameRun(v.fs, v.cfg.sub("abort")); err != nil {
		return err
	}
	return nil
}

// damagedRange is a part of a log file that holds no record, in front of one that proves that there was one.
type damagedRange struct {
	seg      *commitlog.Segment
	from, to int64 // positions in the file
	why      string
}

// walkOn walks from position p of file i on.
func (v *verifier) walkOn(segs []*commitlog.Segment, i int, p int64) error {
	for i < len(segs) && !v.stop {
		bad, why := v.walkFrom(segs[i], p)
		if bad < 0 {
			i, p = i+1, 0
			continue
		}
		next, at, err := v.nextRecord(segs, i, bad)
		if err != nil {
			return err
		}
		if next < 0 {
			v.tail(segs[i], bad, why)
			break
		}
		v.rotten = true
		v.add(Damaged, "commitlog", segs[i].Name, bad, "%s, but %s holds a record at byte %d", recovery.OrZeros(why),
			segs[next].Name, at)
		v.tellDamage(segs[i:next+1], bad, at, recovery.OrZeros(why))
		i, p = next, at
	}
	v.log.Readable.Store(v.report.LogTo)
	return nil
}

// tellDamage tells onDamage of a range, file by file: it begins in the first of segs and ends in the last.
func (v *verifier) tellDamage(segs []*commitlog.Segment, from, to int64, why string) {
	for i, seg := range segs {
		d := damagedRange{seg, from, seg.Size, why}
		if i == len(segs)-1 {
			d.to = to
		}
		if from = 0; v.onDamage != nil && d.from < d.to {
			v.onDamage(d)
		}
	}
}

const tornText = "topic or properties hold zeros: a page of the record never reached the disk"

// walkFrom checks records from position p on; bad is where the first thing stands that is no record, -1 when the file
// is full.
func (v *verifier) walkFrom(seg *commitlog.Segment, p int64) (bad int64, why string) {
	var m record.View
	for p < seg.Size && !v.stop {
		v.from = p
		st, why := seg.Examine(p, v.cfg.Checks, &m)
		switch st {
		case commitlog.StepBlank:
			v.report.LogTo = seg.End()
			return -1, ""
		case commitlog.StepRecord:
			if v.recov.Torn(seg, p, &m) {
				return p, tornText
			}
			v.record(seg, p, &m)
			p += int64(m.Size)
			v.report.LogTo = seg.Base + p
		default:
			return p, why
		}
	}
	return -1, ""
}

func (v *verifier) record(seg *commitlog.Segment, p int64, m *record.View) {
	v.report.Records++
	if v.onRecord != nil {
		v.onRecord(seg, p, m)
		return
	}
	if bytes.IndexByte(m.Topic, 0) >= 0 {
		v.add(Damaged, "commitlog", seg.Name, p, tornText)
	}
	if t := m.StoreTimestamp; t < 0 || t > farFuture {
		v.add(Damaged, "commitlog", seg.Name, p, "store time %d is no time in ms", t)
	}
	f := dispatch.FactsOf(m)
	if record.HasQueueEntry(f.SysFlag) {
		v.expect(queueKey{f.Topic, m.QueueID}, m, m.QueueOffset)
	}
	_ = v.rules().Lights(&f, func(name string, offset int64) error {
		v.expect(queueKey{name, 0}, m, offset)
		return nil
	})
}

func (v *verifier) rules() dispatch.Rules { return v.cfg.Rules }

// expect notes that a queue must have an entry.
func (v *verifier) expect(k queueKey, m *record.View, offset int64) {
	n := v.last[k].entries + 1
	if offset == 0 { // the queue begins, after its topic was deleted perhaps
		n = 1
	}
	v.last[k] = lastRecord{m.PhysicalOffset, offset, n}
}

// tail judges what follows the last record of the log.
func (v *verifier) tail(seg *commitlog.Segment, p int64, why string) {
	if why != "" && v.salvage {
		v.onDamage(damagedRange{seg, p, -1, why})
	}
	if why != "" {
		v.add(v.afterKill(), "commitlog", seg.Name, p, "torn tail: %s; the next start cuts the log here", why)
	}
}

// nextRecord looks for a record behind position p of file i that proves damage, as recovery does: after a clean stop
// any, after a kill one that is older than the checkpoint. File -1 when there is none.
func (v *verifier) nextRecord(segs []*commitlog.Segment, i int, p int64) (file int, at int64, err error) {
	proves := v.recov.Proof(segs[i], p)
	for p++; i < len(segs); i, p = i+1, 0 {
		if at, err = segs[i].Search(p, v.cfg.Checks.Lenient(), proves); at >= 0 || err != nil {
			return i, at, err
		}
	}
	return -1, -1, nil
}
