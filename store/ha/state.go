package ha

import (
	"slices"
	"time"
)

// MasterState is what a master knows of itself and its slaves (Java HARuntimeInfo).
type MasterState struct {
	End     int64        // of the log
	Slaves  []SlaveState // those that have asked for the log, in the order in which they connected
	Waiting int          // connections that have not asked for anything yet
	Refused int64        // connections since NewMaster that were no slave's: silent, wrong, or too many
}

// SlaveState is one slave, as its master sees it (Java HARuntimeInfo.HAConnectionRuntimeInfo).
type SlaveState struct {
	Addr           string
	Since          time.Time // of the connection
	Acked          int64     // offset below which the slave has everything
	Behind         int64     // bytes from there to the end of the log
	Next           int64     // offset of what is sent next
	BytesPerSecond int64
	ID             int64     // of the broker in a switching group, 0: not known
	Learner        bool      // it says that it never becomes part of the sync state set
	CaughtUp       time.Time // when it last had all there was to have, zero: never on this connection
}

// State is what Master knows now.
func (m *Master) State() MasterState {
	m.mu.Lock()
	defer m.mu.Unlock()
	st := MasterState{End: m.log.End(), Refused: m.refused}
	for _, c := range m.conns {
		if c.asked.Load() < 0 {
			st.Waiting++
			continue
		}
		acked := c.acked.Load()
		one := SlaveState{Addr: c.addr, Since: c.came, Acked: acked, Next: c.next.Load(),
			Behind: max(0, st.End-acked), BytesPerSecond: c.sent.rate(), CaughtUp: c.caughtUp(st.End)}
		if h := c.hello.Load(); h != nil {
			one.ID, one.Learner = h.id, h.learner
		}
		st.Slaves = append(st.Slaves, one)
	}
	return st
}

// Confirmed is the offset below which at least so many connected slaves have everything; -1 when there are fewer. For 0
// it is the end of the log.
func (m *Master) Confirmed(slaves int) int64 {
	if slaves <= 0 {
		return m.log.End()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var few [8]int64
	acked := few[:0]
	for _, c := range m.conns {
		if c.asked.Load() >= 0 {
			acked = append(acked, c.acked.Load())
		}
	}
	if len(acked) < slaves {
		return -1
	}
	slices.Sort(acked)
	return acked[len(acked)-slaves]
}

// InSync is how many connected slaves lack less than gap bytes of the log.
func (m *Master) InSync(gap int64) (n int) {
	end := m.log.End()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.conns {
		if c.asked.Load() >= 0 && end-c.acked.Load() < gap {
			n++
		}
	}
	return n
}
