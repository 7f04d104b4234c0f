package meta

import (
	"math"
	"strings"

	"gorocket/compat"
)

// lightOffsets is lmqConsumerOffset.json: with enableLmq Java keeps all offsets there, those of light groups by
// topic@group without a queue. We write consumerOffset.json as well, so that switching enableLmq off loses nothing.
// Java: LmqConsumerOffsetManager.
type lightOffsets struct {
	DataVersion    *compat.DataVersion      `json:"dataVersion"`
	LmqOffsetTable map[string]int64         `json:"lmqOffsetTable"`
	OffsetTable    map[string]map[int]int64 `json:"offsetTable"`
}

// EncodeLight is the content of lmqConsumerOffset.json.
func (t *Offsets) EncodeLight() ([]byte, error) {
	w := t.Wrapper(false)
	l := lightOffsets{DataVersion: w.DataVersion, OffsetTable: w.OffsetTable, LmqOffsetTable: map[string]int64{}}
	t.Each(func(k OffsetKey) {
		if !IsLight(k.Group) {
			return
		}
		if off := t.Query(k.Group, k.Topic, 0); off >= 0 {
			l.LmqOffsetTable[k.Topic+"@"+k.Group] = off
		}
	})
	return compat.MarshalPretty(l)
}

// LoadLight adds what lmqConsumerOffset.json holds, with enableLmq only.
func (t *Offsets) LoadLight(data []byte) error {
	if !t.Light {
		return nil
	}
	var l lightOffsets
	if err := compat.Unmarshal(data, &l); err != nil {
		return err
	}
	t.fill(l.OffsetTable)
	for key, off := range l.LmqOffsetTable {
		t.fill(map[string]map[int]int64{key: {0: off}})
	}
	return nil
}

// fill takes offsets by topic@group; before anybody else uses the table.
func (t *Offsets) fill(table map[string]map[int]int64) {
	for key, queues := range table {
		topic, group, ok := strings.Cut(key, "@")
		if !ok {
			continue
		}
		q := t.orCreate(group, topic)
		for queue, off := range queues {
			if queue >= 0 && queue <= math.MaxInt32 && q.set(int32(queue), off) {
				t.size.Add(1)
			}
		}
	}
}
