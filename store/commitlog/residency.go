package commitlog

import "time"

const (
	// residentChunk is how many bytes of a file the kernel is asked about at once, whether they are in memory.
	residentChunk = 1 << 20
	// residentFor is for how long its answer is believed, in ms.
	residentFor = 100
)

// Resident tells whether n bytes of a leased segment are in memory, so that reading them does not wait for the disk.
// The kernel's answer (mincore) is old as soon as it is given; here it may be residentFor old. In return readers that
// come past the same place one after the other, each for the messages of another queue, do not all ask. Any goroutine.
func (s *Segment) Resident(from, n int) bool {
	now := time.Now().UnixMilli()
	for end := from + n; from < end; {
		chunk := from / residentChunk
		next := min(end, (chunk+1)*residentChunk)
		if !s.chunkResident(chunk, now) && !s.m.Resident(from, next-from) {
			return false
		}
		from = next
	}
	return true
}

// chunkResident tells whether a chunk is in memory as a whole.
func (s *Segment) chunkResident(chunk int, now int64) bool {
	asked := &s.asked[chunk]
	last := asked.Load() // when the kernel was asked; negative: it said no
	if age := now - max(last, -last); age >= 0 && age < residentFor {
		return last > 0
	}
	begin := chunk * residentChunk
	if !s.m.Resident(begin, min(residentChunk, int(s.Size)-begin)) {
		asked.Store(-now)
		return false
	}
	asked.Store(now)
	return true
}
