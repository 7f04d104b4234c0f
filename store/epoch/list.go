// Package epoch is who wrote which part of a log whose masters change (Java EpochFileCache): each master's time has a
// number, which grows, and the offset at which its first byte stands. Two logs are the same up to where they last had
// the same master.
package epoch

import (
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Entry is the time of one master.
type Entry struct {
	Epoch int32
	Start int64 // offset of the first byte that it wrote
}

// List is who wrote a log, in the order of epochs and starts. It is not changed once it is shared.
type List []Entry

// MaxEntries is the most a list may have: a number of changes of the master that no broker sees while it keeps its log.
const MaxEntries = 65_536

// Last is the newest epoch, -1 when there is none.
func (l List) Last() int32 {
	if len(l) == 0 {
		return -1
	}
	return l[len(l)-1].Epoch
}

// End is where the part of entry i ends: where the next one begins, math.MaxInt64 for the last.
func (l List) End(i int) int64 {
	if i+1 < len(l) {
		return l[i+1].Start
	}
	return math.MaxInt64
}

// At is the entry of who wrote the byte at an offset, and where its part ends; what is older than the list is the first
// one's. ok is false for an empty list.
func (l List) At(offset int64) (e Entry, end int64, ok bool) {
	if len(l) == 0 {
		return Entry{}, 0, false
	}
	i, found := slices.BinarySearchFunc(l, offset, func(e Entry, at int64) int { return int(min(max(e.Start-at, -1), 1)) })
	if !found {
		i--
	}
	i = max(i, 0)
	return l[i], l.End(i), true
}

// With is the list with one more entry. What begins where it begins, or later, goes: those masters wrote nothing that
// is in this log. (Java refuses the new one then, and takes two masters for the same.) An error: its epoch is not above
// those that stay, or there is no room.
func (l List) With(e Entry) (List, error) {
	next := l.Below(e.Start)
	if e.Epoch <= next.Last() || e.Epoch < 0 || e.Start < 0 {
		return nil, fmt.Errorf("epoch: %d from offset %d on does not follow epoch %d", e.Epoch, e.Start, next.Last())
	}
	if len(next) >= MaxEntries {
		return nil, fmt.Errorf("epoch: more than %d", MaxEntries)
	}
	return append(slices.Clone(next), e), nil
}

// Below is the list without those who began at an offset or later. The log ends there.
func (l List) Below(end int64) List {
	n := len(l)
	for n > 0 && l[n-1].Start >= end {
		n--
	}
	return l[:n:n]
}

// From is the list without those whose part ends at an offset or before. The log begins there.
func (l List) From(first int64) List {
	i := 0
	for i+1 < len(l) && l.End(i) <= first {
		i++
	}
	return l[i:]
}

// Common is the offset up to which two logs, which end at ends, are the same for certain: the newest epoch that both
// have from the same offset on, up to where the first of them went on with another one. ok is false when there is none.
// Java: EpochFileCache.findConsistentPoint.
func Common(ours List, end int64, theirs List, theirEnd int64) (offset int64, ok bool) {
	for i, j := len(ours)-1, len(theirs)-1; i >= 0 && j >= 0; {
		a, b := ours[i], theirs[j]
		switch {
		case a == b:
			return min(ours.End(i), end, theirs.End(j), theirEnd), true
		case a.Epoch >= b.Epoch:
			i--
			if a.Epoch == b.Epoch {
				j--
			}
		default:
			j--
		}
	}
	return 0, false
}

// Encode is the content of Java's epochFileCheckpoint: the number of entries, the CRC-32 of the lines that follow, and
// a line for each.
func (l List) Encode() []byte {
	var lines strings.Builder
	for _, e := range l {
		fmt.Fprintf(&lines, "%d-%d\n", e.Epoch, e.Start)
	}
	return fmt.Appendf(nil, "%d\n%d\n%s", len(l), checksum(lines.String()), lines.String())
}

func checksum(s string) uint32 { return crc32.ChecksumIEEE([]byte(s)) & math.MaxInt32 }

// maxFile is more than the longest list takes, in bytes.
const maxFile = MaxEntries*40 + 100

// Parse reads what Encode writes. Java's checksum 0 is that of any lines.
func Parse(b []byte) (List, error) {
	if len(b) > maxFile {
		return nil, fmt.Errorf("epoch: %d bytes, a list of epochs has %d at most", len(b), maxFile)
	}
	head, rest, _ := strings.Cut(string(b), "\n")
	sum, lines, _ := strings.Cut(rest, "\n")
	n, err := strconv.Atoi(strings.TrimSpace(head))
	crc, crcErr := strconv.ParseUint(strings.TrimSpace(sum), 10, 31)
	if err != nil || crcErr != nil {
		return nil, fmt.Errorf("epoch: the first two lines are %.40q and %.40q: want the number of entries, and a checksum",
			head, sum)
	}
	if crc != 0 && uint32(crc) != checksum(lines) {
		return nil, fmt.Errorf("epoch: the lines have checksum %d, not %d", checksum(lines), crc)
	}
	var list List
	for line := range strings.Lines(lines) {
		e, err := parseLine(strings.TrimSpace(line))
		if err == nil {
			list, err = list.follow(e)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(list) != n {
		return nil, fmt.Errorf("epoch: %d lines, not %d", len(list), n)
	}
	return list, nil
}

func parseLine(line string) (e Entry, err error) {
	number, start, _ := strings.Cut(line, "-")
	epoch, err := strconv.ParseInt(number, 10, 32)
	if err == nil {
		e.Start, err = strconv.ParseInt(start, 10, 64)
	}
	if err != nil || epoch < 0 || e.Start < 0 {
		return e, fmt.Errorf("epoch: line %.60q", line)
	}
	e.Epoch = int32(epoch)
	return e, nil
}

// follow adds an entry that has to follow the last one.
func (l List) follow(e Entry) (List, error) {
	if n := len(l); n >= MaxEntries || n > 0 && (e.Epoch <= l[n-1].Epoch || e.Start <= l[n-1].Start) {
		return nil, fmt.Errorf("epoch: %d from offset %d on does not follow the one before", e.Epoch, e.Start)
	}
	return append(l, e), nil
}

// ListOf makes a list of what a peer sent. An error: it is none.
func ListOf(entries []Entry) (list List, err error) {
	for _, e := range entries {
		if e.Epoch < 0 || e.Start < 0 {
			return nil, fmt.Errorf("epoch: %d from offset %d on", e.Epoch, e.Start)
		}
		if list, err = list.follow(e); err != nil {
			return nil, err
		}
	}
	return list, nil
}
