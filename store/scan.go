package store

import (
	"bytes"
	"encoding/binary"

	"gorocket/store/record"
	"gorocket/store/vfs"
)

// recordAt decodes the record at an offset of the log; for callers that know that no cleaning runs.
func recordAt(l *commitLog, at int64) (m record.View, ok bool) {
	seg := l.lease(at)
	if seg == nil {
		return m, false
	}
	defer seg.release()
	return m, record.DecodeInto(seg.data[at-seg.base:], &m) == nil
}

// step is what stands at a place of the log.
type step int

const (
	stepRecord step = iota
	stepBlank       // filler: go to the next file
	stepEmpty       // zeros
	stepBad         // anything else
)

// examine looks at position p of a segment. m is set for stepRecord, why for stepBad.
func examine(seg *segment, p int64, cfg *Config, m *record.View) (st step, why string) {
	b := seg.data[p:]
	if len(b) < record.BlankSize {
		return stepBlank, ""
	}
	size, magic := record.Head(b)
	switch {
	case magic == record.MagicBlank:
		return stepBlank, ""
	case magic == 0 && size == 0:
		return stepEmpty, ""
	}
	if err := record.DecodeInto(b, m); err != nil {
		return stepBad, err.Error()
	}
	if why := verify(m, seg.base+p, cfg); why != "" {
		return stepBad, why
	}
	return stepRecord, ""
}

// verify checks what decoding does not.
func verify(m *record.View, at int64, cfg *Config) (why string) {
	if m.PhysicalOffset != at {
		return "the record says it belongs elsewhere"
	}
	if !cfg.CheckCRCOnRecover {
		return ""
	}
	if !m.BodyCRCOK() {
		return "body CRC differs"
	}
	stored, computed, ok := record.ReadPropCRC(m.Record)
	// else a client may have written it
	if ok && stored != computed && (cfg.EnabledAppendPropCRC || cfg.ForceVerifyPropCRC) {
		return "property CRC differs"
	}
	if !ok && cfg.ForceVerifyPropCRC {
		return "no property CRC (forceVerifyPropCRC)"
	}
	return ""
}

// searchStep is how much of a file search looks at before it asks again where data is, in bytes.
const searchStep = 1 << 20

// search returns the position of the first valid record at or behind from that accept takes, -1 when there is none.
// Holes of the file are not read.
func (s *segment) search(from int64, cfg *Config, accept func(m *record.View) bool) (int64, error) {
	var magic [4]byte
	binary.BigEndian.PutUint32(magic[:], record.MagicV1)
	common := magic[:3] // of all versions
	for at := from; at < s.size; {
		data, err := vfs.FirstData(s.file, at, s.size)
		if data < 0 || err != nil {
			return -1, err
		}
		end := min(data+searchStep, s.size)
		for at = data; at < end; at++ {
			i := bytes.Index(s.data[at:min(end+int64(len(common))-1, s.size)], common)
			if i < 0 {
				break
			}
			at += int64(i)
			var m record.View
			start := at - record.PosMagic
			if start < from {
				continue
			}
			if st, _ := examine(s, start, cfg, &m); st == stepRecord && accept(&m) {
				return start, nil
			}
		}
		at = end
	}
	return -1, nil
}
