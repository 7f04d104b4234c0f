package timer

import (
	"errors"
	"io/fs"
	"sync"
	"time"

	"gorocket/compat"
	"gorocket/store/vfs"
)

// maxMetricTopics bounds the table; topics beyond it are not counted.
const maxMetricTopics = 100_000

// metrics counts the waiting messages of each real topic: config/timermetrics and the answer of code 61. The numbers
// are for people: after a crash they may be off by what was in flight, and they are set right when nothing waits. Java:
// TimerMetrics.
type metrics struct {
	fs   vfs.FS
	name string

	mu      sync.Mutex
	version compat.DataVersion     // guarded by mu
	counts  map[string]*TopicCount // guarded by mu
	dirty   bool                   // guarded by mu
}

// TopicCount is how many timer messages of a topic wait. Java: TimerMetrics.Metric.
type TopicCount struct {
	Count     int64 `json:"count"`
	TimeStamp int64 `json:"timeStamp"` // ms, of the last change
}

// metricsTable is the JSON of config/timermetrics. Java: TimerMetricsSerializeWrapper.
type metricsTable struct {
	DataVersion compat.DataVersion     `json:"dataVersion"`
	TimingCount map[string]*TopicCount `json:"timingCount"`
}

func openMetrics(fsys vfs.FS, name string, told func(vfs.Restored)) (*metrics, error) {
	m := &metrics{fs: fsys, name: name, version: compat.NewDataVersion(), counts: map[string]*TopicCount{}}
	err := vfs.ReadFileWithBackup(fsys, name, m.decode, told)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	return m, err
}

func (m *metrics) decode(data []byte) error {
	w := metricsTable{DataVersion: m.version}
	if err := compat.Unmarshal(data, &w); err != nil {
		return err
	}
	for topic, c := range w.TimingCount {
		if c == nil {
			delete(w.TimingCount, topic)
		}
	}
	if w.TimingCount != nil {
		m.counts = w.TimingCount
	}
	m.version = w.DataVersion
	return nil
}

func (m *metrics) add(topic []byte, n int64) {
	if len(topic) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.counts[string(topic)]
	if c == nil {
		if len(m.counts) >= maxMetricTopics {
			return
		}
		c = &TopicCount{}
		m.counts[string(topic)] = c
	}
	c.Count += n
	m.dirty = true
	m.version.Counter++
	if now := time.Now().UnixMilli(); now != c.TimeStamp {
		c.TimeStamp, m.version.Timestamp = now, now
	}
}

// settle sets all counts to zero: nothing waits.
func (m *metrics) settle() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.counts {
		if c.Count != 0 {
			c.Count, m.dirty = 0, true
		}
	}
}

func (m *metrics) remove(topic string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.counts[topic]; ok {
		delete(m.counts, topic)
		m.dirty = true
	}
}

func (m *metrics) encode() ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return compat.Marshal(metricsTable{m.version, m.counts})
}

// each calls fn for every topic that was ever counted.
func (m *metrics) each(fn func(topic string, n int64)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for topic, c := range m.counts {
		fn(topic, c.Count)
	}
}

// save writes the file if something changed.
func (m *metrics) save() error {
	m.mu.Lock()
	dirty := m.dirty
	m.dirty = false
	m.mu.Unlock()
	if !dirty {
		return nil
	}
	data, err := m.encode()
	if err == nil {
		err = vfs.WriteFileAtomic(m.fs, m.name, data)
	}
	if err != nil {
		m.mu.Lock()
		m.dirty = true
		m.mu.Unlock()
	}
	return err
}
