package check

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"path"

	"gorocket/store/commitlog"
	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// DamagedTopic is the topic of the records that SkipDamaged puts where the log holds no record any more. They say that
// they are prepared messages, so that neither we nor Java give them an entry in a queue, and hold zeros.
const DamagedTopic = "rmq_sys_gorocket_damaged"

// shortTopic is DamagedTopic for a range that is too short for it.
const shortTopic = "D"

// skipper is one run of SkipDamaged; one goroutine.
type skipper struct {
	cfg    Options
	fs     vfs.FS
	plan   *Plan
	v      *verifier
	ranges []blankRange // ascending
	times  int64        // store time of the record before the present one, ms
}

// blankRange is a range of the log to be covered, in one file.
type blankRange struct {
	damagedRange
	time int64 // store time of the record before, ms; of the one behind where there is none
}

func (r *blankRange) start() int64 { return r.seg.Base + r.from }
func (r *blankRange) end() int64   { return r.seg.Base + r.to }

// SkipDamaged covers what stands in the middle of the commit log and is no record, so that the records before and
// behind it can be read again, by us and by Java: their places, queue offsets and contents stay. What is covered is
// kept in the folder of the repair, under the same offset. dryRun only says what would be done. Else Repair follows,
// and the plan is that of both. Errors as Repair.
//
// Java takes a blank record for the end of a file, so one cannot stand in the middle. A range is covered with whole
// records of DamagedTopic, as long as maxMessageSize allows at most, but with a blank one where it ends its file.
func SkipDamaged(cfg Options, fsys vfs.FS, dryRun bool) (*Plan, error) {
	if err := idleStore(&cfg, fsys); err != nil {
		return nil, err
	}
	k := &skipper{cfg: cfg, fs: fsys, plan: &Plan{Dir: cfg.Root, Aside: asideName(&cfg, fsys),
		Steps: []Step{}}}
	if err := k.find(); err != nil {
		return k.plan, err
	}
	if len(k.ranges) == 0 && dryRun {
		return PlanRepair(cfg, fsys)
	}
	for i := range k.ranges {
		k.step(&k.ranges[i])
	}
	if dryRun {
		k.plan.Starts, k.plan.LogTo = true, k.v.report.LogTo
		return k.plan, nil
	}
	if err := k.mend(); err != nil {
		return k.plan, err
	}
	done, err := repairTo(cfg, fsys, k.plan.Aside)
	if done != nil {
		done.Steps, done.More = append(k.plan.Steps, done.Steps...), done.More+k.plan.More
	}
	return done, err
}

// find walks the log.
func (k *skipper) find() error {
	v, err := newVerifier(k.cfg, k.fs)
	if err != nil {
		return err
	}
	k.v = v
	v.onRecord = func(_ *commitlog.Segment, _ int64, m *record.View) {
		for i := len(k.ranges) - 1; i >= 0 && k.ranges[i].time == 0; i-- {
			k.ranges[i].time = m.StoreTimestamp
		}
		k.times = m.StoreTimestamp
	}
	v.onDamage = func(d damagedRange) { k.ranges = append(k.ranges, blankRange{d, k.times}) }
	defer v.close()
	return v.guarded(func() error {
		if err := v.openLog(); err != nil {
			return err
		}
		if v.missing {
			return fmt.Errorf("store: a commit log file is missing: %s", v.report.Findings[0].Text)
		}
		if err := v.walkLog(); err != nil {
			return err
		}
		return k.widen()
	})
}

// widen takes the record behind a range along that is too short to be covered.
func (k *skipper) widen() error {
	for i := range k.ranges {
		r := &k.ranges[i]
		if r.to == r.seg.Size || r.to-r.from >= k.overhead(shortTopic) {
			continue
		}
		m, ok := k.v.log.RecordAt(r.end())
		if !ok {
			return fmt.Errorf("store: %s: no record at byte %d", r.seg.Name, r.to)
		}
		r.why += fmt.Sprintf("; the message behind it is lost too (%s, queue %d, offset %d): the range is too short "+
			"to be covered", m.Topic, m.QueueID, m.QueueOffset)
		r.to += int64(m.Size)
	}
	return nil
}

func (k *skipper) step(r *blankRange) {
	if len(k.plan.Steps) >= maxFindings {
		k.plan.More++
		return
	}
	k.plan.Steps = append(k.plan.Steps, Step{ByRepair, "blank", r.seg.Name, r.from, fmt.Sprintf(
		"cover %d bytes, up to byte %d, and keep them in %s: %s", r.to-r.from, r.to, k.asideOf(r.seg.Name), r.why)})
}

// asideOf is where bytes of a log file are kept: beside the folder of the file.
func (k *skipper) asideOf(name string) string {
	dir := path.Dir(name)
	return path.Join(path.Dir(dir), k.plan.Aside, path.Base(dir), path.Base(name))
}

// mend keeps the bytes, mends the queues, and covers the ranges last: whatever ends it in between, a second run or
// Repair goes on.
func (k *skipper) mend() error {
	if len(k.ranges) == 0 {
		return nil
	}
	for i := range k.ranges {
		r := &k.ranges[i]
		if r.seg.ReadOnly = k.readOnlyDir(r.seg.Name); r.seg.ReadOnly {
			return fmt.Errorf("store: %s is in readOnlyCommitLogStorePaths and damaged: it cannot be mended there",
				r.seg.Name)
		}
		if err := copyRange(k.fs, r.seg.Name, k.asideOf(r.seg.Name), r.from, r.to); err != nil {
			return err
		}
	}
	if err := k.mendQueues(); err != nil {
		return err
	}
	for _, name := range []string{"index", consumequeue.ManifestFile} { // the index is built again
		if err := k.aside(name); err != nil {
			return err
		}
	}
	for i := range k.ranges {
		if err := k.cover(&k.ranges[i]); err != nil {
			return err
		}
	}
	return nil
}

func (k *skipper) readOnlyDir(name string) bool {
	for _, dir := range k.cfg.Log.ReadOnly {
		if path.Dir(name) == dir {
			return true
		}
	}
	return false
}

// aside moves something of the root into the folder of this repair, if it is there.
func (k *skipper) aside(name string) error {
	if _, err := k.fs.Stat(k.cfg.sub(name)); err != nil {
		return nil
	}
	return moveAside(k.fs, move{from: k.cfg.sub(name), to: k.cfg.sub(k.plan.Aside, name)})
}

// cover writes records over a range and makes them durable.
func (k *skipper) cover(r *blankRange) error {
	f, err := k.fs.OpenFile(r.seg.Name)
	if err != nil {
		return err
	}
	defer f.Close()
	if r.to == r.seg.Size {
		var head [record.BlankSize]byte
		record.PutBlank(head[:], r.to-r.from)
		if _, err := f.WriteAt(head[:], r.from); err != nil {
			return err
		}
		return f.Sync()
	}
	for _, p := range k.pieces(r) {
		b, err := k.record(p, r.time)
		if err == nil {
			_, err = f.WriteAt(b, p.offset-r.seg.Base)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", r.seg.Name, err)
		}
	}
	return f.Sync()
}

// piece is one covering record.
type piece struct {
	offset int64 // commit log offset
	size   int64
	topic  string
}

// pieces cuts a range into records, none of them too long and none too short.
func (k *skipper) pieces(r *blankRange) (list []piece) {
	topic := DamagedTopic
	if r.to-r.from < k.overhead(topic) {
		topic = shortTopic
	}
	least := k.overhead(topic)
	most := max(least+int64(k.cfg.Limits.MaxBody), 2*least)
	for at := r.start(); at < r.end(); {
		n := min(r.end()-at, most)
		if rest := r.end() - at - n; rest > 0 && rest < least {
			n -= least
		}
		list = append(list, piece{at, n, topic})
		at += n
	}
	return list
}

// blankRecord is a covering record without body.
func (k *skipper) blankRecord(topic string) (record.Limits, *record.Message) {
	limits := k.cfg.Limits
	limits.MaxBody, limits.PropCRC = datafile.MaxSize, k.cfg.Checks.NeedsPropCRC
	nowhere := netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
	return limits, &record.Message{Topic: topic, SysFlag: record.SysFlagPrepared, BornHost: nowhere, StoreHost: nowhere}
}

// overhead is the length of a covering record without body, bytes.
func (k *skipper) overhead(topic string) int64 {
	limits, m := k.blankRecord(topic)
	e, _ := limits.Plan(m)
	return int64(e.Size)
}

// record encodes a covering record.
func (k *skipper) record(p piece, storeTime int64) ([]byte, error) {
	limits, m := k.blankRecord(p.topic)
	m.Body, m.BornTimestamp = make([]byte, p.size-k.overhead(p.topic)), storeTime
	b, err := limits.Append(nil, m, record.Stamp{Offset: p.offset, StoreTime: storeTime})
	if err == nil && int64(binary.BigEndian.Uint32(b)) != p.size {
		err = fmt.Errorf("store: BUG: a record of %d bytes for a range of %d", len(b), p.size)
	}
	return b, err
}
