package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/vfs"
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

// Units in which a crash loses data, in bytes.
const (
	killPage  = 4096 // a killed write ends between two of them
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
	page := (end - 1) / killPage * killPage // of the last byte
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

// abortText is the content of the abort file: Java's, which is the process, and the run of the machine, padded so that
// it overwrites any other.
func abortText(boot string) string {
	return fmt.Sprintf("%-10d\n%-*s\n", os.Getpid(), consumequeue.BootLen, boot)
}

// bootOf is the run of the machine, "" when it is not known.
func bootOf(fsys vfs.FS) string {
	if b, ok := fsys.(vfs.Booter); ok {
		if id := b.BootID(); len(id) <= consumequeue.BootLen {
			return id
		}
	}
	return ""
}

// sameRun tells that whoever left the abort file ran since the machine was started last, so that the page cache has all
// it had written. Java does not say.
func sameRun(fsys vfs.FS, abort string) (bool, error) {
	text, err := vfs.ReadFile(fsys, abort)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	_, boot, _ := strings.Cut(string(text), "\n")
	boot = strings.TrimRight(boot, " \n\x00")
	return err == nil && boot != "" && boot == bootOf(fsys), err
}
