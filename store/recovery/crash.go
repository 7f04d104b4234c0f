package recovery

import (
	"bytes"

	"gorocket/store/checkpoint"
	"gorocket/store/commitlog"
	"gorocket/store/datafile"
	"gorocket/store/record"
)

// Which records are torn though head, lengths and body CRC fit: neither topic nor properties are covered by the body
// CRC. What never reached the disk reads as zeros, because files are zero before they are written. Only what a crash
// can do counts:
//
//   - The process was killed, the machine went on. The page cache has all that was written; the kernel ends a long
//     write between two pages. So a record is cut short at a page, and nothing follows.
//   - The machine went down, or nobody knows. Each sector that was not synced may be missing, or may hold what it held
//     when it was written last.
//
// An append gives records whose properties could be mistaken (they hold a zero byte) a property CRC, so that no whole
// record looks torn.

// Crash is what is known of how the store was left. Recovery and verify go by it.
type Crash struct {
	Clean      bool              // the last stop was clean
	Intact     bool              // the machine has not been down since: whatever was written is there
	Checkpoint checkpoint.Values // what was surely on disk
	IndexSafe  bool              // the index has to be covered too (messageIndexSafe)
}

// Units in which a crash loses data, in bytes.
const (
	KillPage  = 4096 // a killed write ends between two of them
	sectorLen = 512  // what a disk writes as a whole, at least
	tornRun   = 8    // zeros at the end of a sector that count as missing data
)

// uncovered is the part of a record that no CRC covers: topic, length of the properties, properties; it ends with the
// record.
func uncovered(m *record.View) int { return len(m.Record) - len(m.Properties) - 2 - len(m.Topic) }

// cutShort tells that the record at position p of a segment ends in zeros from a page boundary on, as a killed write
// leaves the last record. next is the content of the file behind it.
func cutShort(m *record.View, p int64, next []byte) bool {
	from := uncovered(m)
	end := p + int64(len(m.Record))
	page := (end - 1) / KillPage * KillPage // of the last byte
	if page <= p || int(page-p) >= len(m.Record)-2 && len(m.Properties) == 0 {
		return false // the length of no properties is zero anyway
	}
	if !datafile.IsZero(next[:min(record.BlankSize, len(next))]) || m.Sealed() {
		return false
	}
	return datafile.IsZero(m.Record[max(int(page-p), from):]) && datafile.IsZero(m.Record[page-p:])
}

// lostSector tells that a sector of topic or properties ends in zeros, as far as it belongs to the record at position p
// of its file.
func lostSector(m *record.View, p int64) bool {
	from := uncovered(m)
	if bytes.IndexByte(m.Record[from:], 0) < 0 || m.Sealed() {
		return false
	}
	for at := from; at < len(m.Record); {
		end := min(int((p+int64(at))/sectorLen*sectorLen+sectorLen-p), len(m.Record))
		if datafile.IsZero(m.Record[max(at, end-tornRun):end]) && holdsText(m, at, end) {
			return true
		}
		at = end
	}
	return false
}

// holdsText tells that [from, to) of a record has more than the length of the properties.
func holdsText(m *record.View, from, to int) bool {
	props := len(m.Record) - len(m.Properties)
	return from < props-2 || to > props
}

// unsynced tells that nothing proves that a record had been synced.
func (c *Crash) unsynced(m *record.View) bool {
	return !c.Clean && m.StoreTimestamp >= c.Checkpoint.PhysicTime
}

// Torn tells that a record is not whole though it looks so.
func (c *Crash) Torn(seg *commitlog.Segment, p int64, m *record.View) bool {
	if !c.unsynced(m) {
		return false
	}
	if c.Intact {
		return cutShort(m, p, seg.Data[p+int64(m.Size):])
	}
	return lostSector(m, p)
}

// Proof returns the test by which a record behind position p, where the log seems to end, proves that what stood at p
// had been written, so that the log is damaged there and not torn: it was synced, or a clean stop followed. While the
// machine went on nothing that was written is missing, synced or not, and records were written one after the other;
// only a batch gets its first size last.
func (c *Crash) Proof(seg *commitlog.Segment, p int64) func(m *record.View) bool {
	any := c.Clean || c.Intact && !openBatch(seg.Data[p:])
	return func(m *record.View) bool { return any || m.StoreTimestamp < c.Checkpoint.PhysicTime }
}
