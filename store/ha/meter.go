package ha

import (
	"sync/atomic"
	"time"
)

// meter measures bytes per second. One goroutine adds, any may look.
type meter struct {
	second atomic.Int64 // unix
	now    atomic.Int64 // bytes in it
	before atomic.Int64 // bytes in the second before
}

func (m *meter) add(n int64) {
	if s := time.Now().Unix(); s != m.second.Load() {
		before := int64(0)
		if s == m.second.Load()+1 {
			before = m.now.Load()
		}
		m.before.Store(before)
		m.now.Store(0)
		m.second.Store(s)
	}
	m.now.Add(n)
}

// rate is what came in the last whole second, in bytes.
func (m *meter) rate() int64 {
	switch time.Now().Unix() - m.second.Load() {
	case 0:
		return m.before.Load()
	case 1:
		return m.now.Load()
	}
	return 0
}
