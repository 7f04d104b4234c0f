package store

import "gorocket/store/commitlog"

// GetResult is the reusable answer of Get. Slices and Ranges point into the commit log and are valid until Release; the
// caller must call Release exactly once after each Get, whatever the status. A zero value is ready for use.
type GetResult struct {
	Status          GetStatus
	NextBeginOffset int64
	MinOffset       int64
	MaxOffset       int64
	Slices          [][]byte // one record each
	QueueOffsets    []int64  // queue offset of each slice
	Ranges          []Range  // the same bytes as Slices, joined where they touch
	Bytes           int      // sum of the lengths
	Count           int      // messages
	FilteredCount   int      // messages MatchRecord refused
	SuggestSlave    bool     // the reader is further behind than accessMessageInMemoryMaxRatio of RAM
	Err             error    // with status NotReadable: a *ReadError
	// HotOnly was set and data was left out because reading it might block; ask again without HotOnly
	Cold bool

	leases []*commitlog.Segment
	block  [entryBlock]byte // consume queue entries being looked at
}

// Release gives the leases back. Slices and Ranges must not be used afterwards. The result can be used for another Get.
func (r *GetResult) Release() {
	for i, l := range r.leases {
		l.Release()
		r.leases[i] = nil
	}
	r.leases = r.leases[:0]
}

// reset prepares the result for a new Get, keeping its slices' memory.
func (r *GetResult) reset() {
	r.Release()
	clear(r.Slices)
	clear(r.Ranges)
	r.Status, r.NextBeginOffset, r.MinOffset, r.MaxOffset = Found, 0, 0, 0
	r.Slices, r.QueueOffsets, r.Ranges = r.Slices[:0], r.QueueOffsets[:0], r.Ranges[:0]
	r.Bytes, r.Count, r.FilteredCount, r.SuggestSlave, r.Cold, r.Err = 0, 0, 0, false, false, nil
}
