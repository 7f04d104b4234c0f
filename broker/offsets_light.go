package broker

import (
	"math"
	"strings"

	"gorocket/compat"
)

// lightOffsets is lmqConsumerOffset.json: with enableLmq Java keeps all offsets there, those of light groups by topic@group without a queue.
// We write consumerOffset.json as well, so that switching enableLmq off loses nothing. Java: LmqConsumerOffsetManager.
type lightOffsets struct {
	DataVersion    *compat.DataVersion      `json:"dataVersion"`
	LmqOffsetTable map[string]int64         `json:"lmqOffsetTable"`
	OffsetTable    map[string]map[int]int64 `json:"offsetTable"`
}

func (t *offsetTable) encodeLight() ([]byte, error) {
	w := t.wrapper(false)
	l := lightOffsets{DataVersion: w.DataVersion, OffsetTable: w.OffsetTable, LmqOffsetTable: map[string]int64{}}
	t.each(func(k offsetKey) {
		if !isLight(k.group) {
			return
		}
		if off := t.query(k.group, k.topic, 0); off >= 0 {
			l.LmqOffsetTable[k.topic+"@"+k.group] = off
		}
	})
	return compat.MarshalPretty(l)
}

func (t *offsetTable) loadLight(data []byte) error {
	if !t.light {
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
func (t *offsetTable) fill(table map[string]map[int]int64) {
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
