package compat

import "time"

// DataVersion says how new a table is (protocol/DataVersion.java). A nameserver takes a registration as changed when
// any field differs.
type DataVersion struct {
	Counter      int64 `json:"counter"`
	StateVersion int64 `json:"stateVersion"` // epoch of the master in controller mode, else 0
	Timestamp    int64 `json:"timestamp"`    // milliseconds since 1970
}

// NewDataVersion is a fresh table's version: counter 0, timestamp now.
func NewDataVersion() DataVersion { return DataVersion{Timestamp: time.Now().UnixMilli()} }

// Next counts one change made in the given state version (DataVersion.nextVersion).
func (d *DataVersion) Next(stateVersion int64) {
	d.Timestamp = time.Now().UnixMilli()
	d.StateVersion = stateVersion
	d.Counter++
}

// Compare orders by state version, counter, timestamp: -1, 0 or 1 (DataVersion.compare).
func (d DataVersion) Compare(o DataVersion) int {
	for _, p := range [...][2]int64{{d.StateVersion, o.StateVersion}, {d.Counter, o.Counter},
		{d.Timestamp, o.Timestamp}} {
		if p[0] != p[1] {
			if p[0] > p[1] {
				return 1
			}
			return -1
		}
	}
	return 0
}
