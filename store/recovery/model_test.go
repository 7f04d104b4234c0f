package recovery

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"gorocket/store/checkpoint"
	"gorocket/store/commitlog"
	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// written is a record of a random log.
type written struct {
	at, size int64
	queue    int32
	offset   int64 // in its queue
	time     int64 // ms
}

// randomLog is a log of three queues in files of logFile bytes, as it was written, and what is in it.
type randomLog struct {
	files   [][]byte
	records []written
}

// makeLog writes records of any size by us and by other programs, some with zeros in their properties, which get
// a property CRC.
func makeLog(rnd *rand.Rand) *randomLog {
	l, now, ends := &randomLog{files: [][]byte{make([]byte, logFile)}}, int64(1_000_000), [3]int64{}
	p := int64(0)
	for range 5 + rnd.IntN(60) {
		q := rnd.Int32N(3)
		m := msg("Topic", q, strings.Repeat("b", rnd.IntN(1500)))
		switch rnd.IntN(4) {
		case 0:
			m.Properties = []byte(strings.Repeat("KEYS\x01some keys\x02", rnd.IntN(200)))
		case 1:
			m.Properties = append([]byte("K\x01v\x02zero\x01"), make([]byte, rnd.IntN(3000))...)
		}
		now += rnd.Int64N(3000)
		base := int64(len(l.files)-1) * logFile
		b, err := limits.Append(nil, &m, record.Stamp{QueueOffset: ends[q], Offset: base + p, StoreTime: now})
		if err != nil {
			panic(err)
		}
		if p+int64(len(b))+record.BlankSize > logFile {
			record.PutBlank(l.files[len(l.files)-1][p:], logFile-p)
			l.files, p, base = append(l.files, make([]byte, logFile)), 0, base+logFile
			b, _ = limits.Append(nil, &m, record.Stamp{QueueOffset: ends[q], Offset: base, StoreTime: now})
		}
		copy(l.files[len(l.files)-1][p:], b)
		l.records = append(l.records, written{base + p, int64(len(b)), q, ends[q], now})
		p += int64(len(b))
		ends[q]++
	}
	return l
}

// end is where the first n records end.
func (l *randomLog) end(n int) int64 {
	if n == 0 {
		return 0
	}
	last := l.records[n-1]
	return last.at + last.size
}

// zero makes [from, to) of the log zero.
func zero(files [][]byte, from, to int64) {
	for ; from < to; from++ {
		files[from/logFile][from%logFile] = 0
	}
}

// changed is the number of the first record that is not what was written.
func (l *randomLog) changed(files [][]byte) int {
	for i, w := range l.records {
		f, p := w.at/logFile, w.at%logFile
		if !bytes.Equal(files[f][p:p+w.size], l.files[f][p:p+w.size]) {
			return i
		}
	}
	return len(l.records)
}

// crash takes from a copy of the log what a crash can take. It returns the time up to which all was synced, and
// whether the machine went on, as it does when known records have to be left.
func (l *randomLog) crash(rnd *rand.Rand, known int) (files [][]byte, safe int64, intact bool) {
	for _, f := range l.files {
		files = append(files, bytes.Clone(f))
	}
	n := min(known+rnd.IntN(len(l.records)-known+1), len(l.records)-1)
	all := l.end(len(l.records))
	if known > 0 || rnd.IntN(2) == 0 { // the process was killed in the middle of a write
		w := l.records[n]
		cut := (w.at + rnd.Int64N(w.size+1)) / KillPage * KillPage
		if cut = max(cut, w.at); known == len(l.records) {
			cut = all
		}
		zero(files, cut, int64(len(files))*logFile)
		return files[:cut/logFile+1], rnd.Int64N(w.time + 1), true
	}
	// the power was cut: any sector of what was not synced may be missing
	safe = l.records[n].time
	for n > 0 && l.records[n-1].time == safe {
		n--
	}
	for at := l.records[n].at; at < all; at = (at/sectorLen + 1) * sectorLen {
		if first := at == l.records[n].at; rnd.IntN(40) == 0 || first && rnd.IntN(3) == 0 {
			zero(files, at, min((at/sectorLen+1)*sectorLen, all))
		}
	}
	return files, safe, false
}

// TestRandomCrashes: whatever a kill or a power cut takes, a start keeps exactly the records in front of the first that
// is not whole, whatever the queues knew before, and finds nothing to do when it runs again.
func TestRandomCrashes(t *testing.T) {
	rounds := uint64(120)
	if testing.Short() {
		rounds = 30
	}
	for seed := range rounds {
		rnd := rand.New(rand.NewPCG(seed, 3))
		l := makeLog(rnd)
		p, files, safe, intact, known := crashed(t, rnd, l)
		keep := l.changed(files)
		if len(files) < len(l.files) { // records of files that are not there
			for keep > 0 && l.records[keep-1].at >= int64(len(files))*logFile {
				keep--
			}
		}
		for _, clean := range []bool{false, true} {
			report, newest := p.recovers(clean, safe, intact)
			what := fmt.Sprintf("seed %d, clean %v, safe %d, intact %v: %d of %d records", seed, clean, safe, intact, keep,
				len(l.records))
			p.holds(what, l, keep)
			if want := l.end(keep); keep > 0 && (report.To != want && report.To%logFile != 0 ||
				newest != l.records[keep-1].time) {
				t.Errorf("%s: %+v, newest %d", what, report, newest)
			}
			if !clean && known > 0 && (report.Rebuilt != int64(keep-known) || report.FullRebuild ||
				report.From != (l.end(known)-1)/logFile*logFile) {
				t.Errorf("%s: the queues had %d, %+v", what, known, report)
			}
			if clean && (report.Rebuilt != 0 || report.Trimmed != 0 || report.FullRebuild) {
				t.Errorf("%s: again: %+v", what, report)
			}
			p.saveQueues()
		}
		p.log.Close()
		p.mem.Free()
		if t.Failed() {
			return
		}
	}
}

// crashed makes a log, with queues that know nothing, all of it, or, by a manifest, the first known records, and
// crashes.
func crashed(t *testing.T, rnd *rand.Rand, l *randomLog) (p *place, files [][]byte, safe int64, intact bool,
	known int) {
	t.Helper()
	if rnd.IntN(3) == 0 {
		known = 1 + rnd.IntN(len(l.records))
		p = placeOf(t, l.first(known))
	} else {
		p = placeOf(t, l.files)
	}
	if known > 0 || rnd.IntN(2) == 0 { // the queues were written
		p.recovers(rnd.IntN(2) == 0, 0, false)
		p.saveQueues()
	}
	if files, safe, intact = l.crash(rnd, known); known > 0 {
		if err := p.queues.SaveManifest(l.end(known), p.mem.BootID()); err != nil {
			t.Fatal(err)
		}
	}
	if !intact {
		p.loseEntries(rnd, l, safe)
	}
	p.replace(files)
	return p, files, safe, intact, known
}

// loseEntries takes entries out of the files of the queues that a power cut may take: of records not older than safe.
func (p *place) loseEntries(rnd *rand.Rand, l *randomLog, safe int64) {
	p.t.Helper()
	const perFile = 50
	for _, w := range l.records {
		name := fmt.Sprintf("/s/consumequeue/Topic/%d/%s", w.queue, datafile.Name(w.offset/perFile*perFile*consumequeue.Unit))
		f, err := p.mem.OpenFile(name)
		if err != nil || w.time < safe || rnd.IntN(4) > 0 {
			continue // no queues were written, or it stays
		}
		if _, err := f.WriteAt(make([]byte, consumequeue.Unit), w.offset%perFile*consumequeue.Unit); err != nil {
			p.t.Fatal(err)
		}
	}
}

// first is the log as it was when it had n records.
func (l *randomLog) first(n int) (files [][]byte) {
	for _, f := range l.files[:(l.end(n)-1)/logFile+1] {
		files = append(files, bytes.Clone(f))
	}
	zero(files, l.end(n), int64(len(files))*logFile)
	return files
}

// TestRandomDamage: a byte of a record that was synced, with a synced one behind it, is damage: the error names it, and
// nothing is touched.
func TestRandomDamage(t *testing.T) {
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 4))
		l := makeLog(rnd)
		n := rnd.IntN(len(l.records) - 1)
		w, next := l.records[n], l.records[n+1]
		intact := rnd.IntN(2) == 0
		safe := next.time + 1
		if intact {
			safe = 0
		}
		damaged := placeOf(t, l.files)
		files := make([][]byte, len(l.files))
		for i, f := range l.files {
			files[i] = bytes.Clone(f)
		}
		files[w.at/logFile][w.at%logFile+rnd.Int64N(8)] ^= 1 << rnd.IntN(8) // size or magic
		damaged.replace(files)
		_, _, err := Run(damaged.input(false, safe, intact))
		var bad *datafile.CorruptionError
		if !errors.As(err, &bad) || bad.Offset != w.at%logFile ||
			!strings.HasSuffix(bad.File, datafile.Name(w.at/logFile*logFile)) {
			t.Errorf("seed %d: record %d at %d: %v", seed, n, w.at, err)
		}
		for i, f := range files {
			if got, err := vfs.ReadFile(damaged.mem, "/s/commitlog/"+datafile.Name(int64(i)*logFile)); err != nil ||
				!bytes.Equal(got, f) {
				t.Errorf("seed %d: file %d was changed, %v", seed, i, err)
			}
		}
		damaged.log.Close()
		damaged.mem.Free()
	}
}

// placeOf is a log of given files, without queues.
func placeOf(t *testing.T, files [][]byte) *place {
	t.Helper()
	p := &place{t: t, mem: newMem(t)}
	p.replace(files)
	return p
}

// newMem is a memory file system with a directory for a log.
func newMem(t *testing.T) *vfs.Mem {
	t.Helper()
	mem := vfs.NewMem()
	if err := mem.MkdirAll("/s/commitlog"); err != nil {
		t.Fatal(err)
	}
	return mem
}

// replace makes the log these files, and opens it again.
func (p *place) replace(files [][]byte) {
	p.t.Helper()
	if p.log != nil {
		for _, seg := range p.log.Segments() {
			_ = p.mem.Remove(seg.Name)
		}
		p.log.Close()
		p.queues.Close()
	}
	for i, b := range files {
		f, err := p.mem.Create("/s/commitlog/" + datafile.Name(int64(i)*logFile))
		if err == nil {
			_, err = f.WriteAt(b, 0)
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
	p.open()
}

func (p *place) input(clean bool, safe int64, intact bool) Input {
	return Input{Log: p.log, Queues: p.queues, QueuesKnown: p.known, Root: "/s", MaxMemory: 1 << 20,
		Checks: commitlog.Checks{BodyCRC: true},
		Crash: Crash{Clean: clean, Intact: intact, Checkpoint: checkpoint.Values{PhysicTime: safe, LogicsTime: safe,
			IndexTime: safe}}}
}

// recovers runs and wants no error.
func (p *place) recovers(clean bool, safe int64, intact bool) (Report, int64) {
	p.t.Helper()
	report, newest, err := Run(p.input(clean, safe, intact))
	if err != nil {
		p.t.Fatal(err)
	}
	return report, newest
}

// saveQueues writes the queues, and opens everything again.
func (p *place) saveQueues() {
	p.t.Helper()
	if err := p.queues.FlushAll(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	_ = p.mem.Remove("/s/" + consumequeue.ManifestFile) // as a start does
	p.queues.Close()
	p.log.Close()
	p.open()
}

// holds wants the first n records of a log, zeros behind them, and their entries in the queues.
func (p *place) holds(what string, l *randomLog, n int) {
	p.t.Helper()
	for _, seg := range p.log.Segments() {
		left := int64(0)
		for _, w := range l.records[:n] {
			if w.at/logFile == seg.Base/logFile {
				left = w.at%logFile + w.size
			}
		}
		if f := l.files[seg.Base/logFile]; !bytes.Equal(seg.Data[:left], f[:left]) || !datafile.IsZero(seg.Data[left:]) &&
			!bytes.Equal(seg.Data[left:], f[left:]) {
			p.t.Errorf("%s: the file at %d is another one", what, seg.Base)
		}
	}
	for q := range int32(3) {
		queue, have := p.queues.Get("Topic", q), int64(0)
		for _, w := range l.records[:n] {
			if w.queue != q {
				continue
			}
			if queue == nil {
				p.t.Errorf("%s: queue %d is missing", what, q)
				break
			}
			if e, ok := p.queues.Entry(queue, have); !ok || e.Offset != w.at || int64(e.Size) != w.size {
				p.t.Errorf("%s: queue %d, entry %d is %+v, want %+v", what, q, have, e, w)
			}
			have++
		}
		if queue != nil && queue.End() != have {
			p.t.Errorf("%s: queue %d ends at %d, want %d", what, q, queue.End(), have)
		}
	}
}
