package commitlog

import (
	"bytes"
	"encoding/binary"
	"slices"

	"gorocket/store/record"
	"gorocket/store/vfs"
)

// RecordAt decodes the record at an offset of the log; for callers that know that no cleaning runs.
func (l *Log) RecordAt(at int64) (m record.View, ok bool) {
	seg := l.Lease(at)
	if seg == nil {
		return m, false
	}
	defer seg.Release()
	return m, record.DecodeInto(seg.Data[at-seg.Base:], &m) == nil
}

// LastRecord decodes the last record that accept takes; ok is false when there is none. What it returns is valid as
// long as its file is; for callers that know that nothing is appended and no cleaning runs.
func (l *Log) LastRecord(accept func(m *record.View) bool) (last record.View, ok bool) {
	for _, seg := range slices.Backward(l.Segments()) {
		var m record.View
		for p := int64(0); seg.Base+p < l.End(); p += int64(m.Size) {
			if st, _ := seg.Examine(p, Checks{}, &m); st != StepRecord {
				break
			}
			if accept(&m) {
				last, ok = m, true
			}
		}
		if ok {
			return last, true
		}
	}
	return last, false
}

// Checks says which records count as whole.
type Checks struct {
	BodyCRC bool // the body CRC has to fit (checkCRCOnRecover), and with it what follows
	// a property CRC has to fit (enabledAppendPropCRC, forceVerifyPropCRC): else a client may have written it
	PropCRC      bool
	NeedsPropCRC bool // there has to be one (forceVerifyPropCRC)
}

// Lenient are the checks by which a record proves that what is missing in front of it was there: a record without a
// property CRC does too, else forceVerifyPropCRC=true would cut off the whole log of a store without them.
func (c Checks) Lenient() Checks { return Checks{BodyCRC: c.BodyCRC} }

// Step is what stands at a place of the log.
type Step int

// The steps.
const (
	StepRecord Step = iota
	StepBlank       // filler: go to the next file
	StepEmpty       // zeros
	StepBad         // anything else
)

// Examine looks at position p of a file. m is set for StepRecord, why for StepBad.
func (s *Segment) Examine(p int64, checks Checks, m *record.View) (st Step, why string) {
	return examine(s.Data[p:], s.Base+p, checks, m)
}

// examine looks at the bytes from an offset of the log on.
func examine(b []byte, at int64, checks Checks, m *record.View) (st Step, why string) {
	if len(b) < record.BlankSize {
		return StepBlank, ""
	}
	size, magic := record.Head(b)
	switch {
	case magic == record.MagicBlank:
		return StepBlank, ""
	case magic == 0 && size == 0:
		return StepEmpty, ""
	}
	if err := record.DecodeInto(b, m); err != nil {
		return StepBad, err.Error()
	}
	if why := checks.misfit(m, at); why != "" {
		return StepBad, why
	}
	return StepRecord, ""
}

// misfit checks what decoding does not.
func (c Checks) misfit(m *record.View, at int64) (why string) {
	if m.PhysicalOffset != at {
		return "the record says it belongs elsewhere"
	}
	if !c.BodyCRC {
		return ""
	}
	if !m.BodyCRCOK() {
		return "body CRC differs"
	}
	stored, computed, ok := record.ReadPropCRC(m.Record)
	if ok && stored != computed && c.PropCRC {
		return "property CRC differs"
	}
	if !ok && c.NeedsPropCRC {
		return "no property CRC (forceVerifyPropCRC)"
	}
	return ""
}

// Search returns the position of the first valid record at or behind from that accept takes, -1 when there is none.
// Holes of the file are not read.
func (s *Segment) Search(from int64, checks Checks, accept func(m *record.View) bool) (int64, error) {
	for _, r := range vfs.DataRanges(s.file, from, s.Size) {
		if at := s.searchIn(r, from, checks, accept); at >= 0 {
			return at, nil
		}
	}
	return -1, nil
}

// searchIn is Search for records whose magic number stands in r: it has no zero byte, so a hole cannot cut it.
func (s *Segment) searchIn(r vfs.Range, from int64, checks Checks, accept func(m *record.View) bool) int64 {
	var magic [4]byte
	binary.BigEndian.PutUint32(magic[:], record.MagicV1)
	common := magic[:3] // of all versions
	for at := r.From; at < r.To; at++ {
		i := bytes.Index(s.Data[at:r.To], common)
		if i < 0 {
			return -1
		}
		at += int64(i)
		var m record.View
		start := at - record.PosMagic
		if start < from {
			continue
		}
		if st, _ := s.Examine(start, checks, &m); st == StepRecord && accept(&m) {
			return start
		}
	}
	return -1
}
