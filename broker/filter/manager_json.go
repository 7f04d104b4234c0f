package filter

import (
	"fmt"

	"gorocket/compat"
)

// loadedDead is how long ago, in ms, the consumers in a loaded file are taken to have left. Java:
// ConsumerFilterManager.decode.
const loadedDead = 30_000

// managerJSON is the form of consumerFilter.json.
type managerJSON struct {
	FilterDataByTopic map[string]*topicJSON `json:"filterDataByTopic"`
}

type topicJSON struct {
	GroupFilterData map[string]*dataJSON `json:"groupFilterData"`
	Topic           string               `json:"topic"`
}

type dataJSON struct {
	BloomFilterData *BloomData `json:"bloomFilterData"`
	BornTime        int64      `json:"bornTime"`
	ClientVersion   int64      `json:"clientVersion"`
	ConsumerGroup   string     `json:"consumerGroup"`
	Dead            bool       `json:"dead"` // written for the reader's eye; not read
	DeadTime        int64      `json:"deadTime"`
	Expression      string     `json:"expression"`
	ExpressionType  string     `json:"expressionType"`
	Topic           string     `json:"topic"`
}

// Encode cleans and returns the content of consumerFilter.json as a Java broker reads it. Java:
// ConsumerFilterManager.encode.
func (m *Manager) Encode() ([]byte, error) {
	m.Clean()
	j := managerJSON{FilterDataByTopic: map[string]*topicJSON{}}
	for _, d := range m.all() {
		t := j.FilterDataByTopic[d.Topic]
		if t == nil {
			t = &topicJSON{Topic: d.Topic, GroupFilterData: map[string]*dataJSON{}}
			j.FilterDataByTopic[d.Topic] = t
		}
		t.GroupFilterData[d.ConsumerGroup] = d.json()
	}
	return compat.MarshalPretty(j)
}

func (d *Data) json() *dataJSON {
	return &dataJSON{BloomFilterData: d.Bloom, BornTime: d.BornTime, ClientVersion: d.ClientVersion,
		ConsumerGroup: d.ConsumerGroup, Dead: d.Dead(),
		DeadTime: d.DeadTime, Expression: d.Expression, ExpressionType: d.ExpressionType, Topic: d.Topic}
}

// JSON is the data as consumerFilter.json has it, "null" for no data: part of the answer to code 321.
func (d *Data) JSON() (string, error) {
	if d == nil {
		return "null", nil
	}
	text, err := compat.MarshalPretty(d.json())
	return string(text), err
}

// Decode replaces all data by that of a consumerFilter.json, for which everybody is dead until the next heartbeat.
// problems lists expressions that do not compile (all messages match them, as in Java). A file made for another bloom
// filter is left out as a whole, which problems tells, too. Once, before any other call. Errors: no JSON, more than
// MaxEntries entries. Java: ConsumerFilterManager.decode.
func (m *Manager) Decode(src []byte) (problems []error, err error) {
	var j managerJSON
	if err := compat.Unmarshal(src, &j); err != nil {
		return nil, fmt.Errorf("filter: consumerFilter.json: %w", err)
	}
	topics, count := map[string]map[string]*Data{}, 0
	now := m.now()
	for topic, t := range j.FilterDataByTopic {
		if t == nil {
			continue
		}
		for group, e := range t.GroupFilterData {
			if e == nil {
				continue
			}
			if !m.bloom.Valid(e.BloomFilterData) {
				return []error{fmt.Errorf("filter: consumerFilter.json: topic=%s group=%s: made for another bloom filter, all "+
					"entries are ignored",
					topic, group)}, nil
			}
			if count++; count > MaxEntries {
				return nil, fmt.Errorf("filter: consumerFilter.json: more than %d entries", MaxEntries)
			}
			d, err := e.data(topic, group, now)
			if err != nil {
				problems = append(problems, err)
			}
			if topics[topic] == nil {
				topics[topic] = map[string]*Data{}
			}
			topics[topic][group] = d
		}
	}
	m.change.Lock()
	defer m.change.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.topics, m.count, m.bytes = topics, count, 0
	for _, groups := range topics {
		for _, d := range groups {
			m.bytes += d.size()
		}
	}
	return problems, nil
}

// data makes the entry of a topic and group; the keys of the file count, not the names repeated inside.
func (e *dataJSON) data(topic, group string, now int64) (*Data, error) {
	d := &Data{ConsumerGroup: group, Topic: topic, Expression: e.Expression, ExpressionType: e.ExpressionType,
		BornTime: e.BornTime,
		DeadTime: e.DeadTime, ClientVersion: e.ClientVersion, Bloom: e.BloomFilterData}
	if d.DeadTime == 0 {
		d.DeadTime = max(now-loadedDead, d.BornTime)
	}
	var err error
	if d.expr, err = CompileType(d.ExpressionType, d.Expression); err != nil {
		return d, fmt.Errorf("filter: consumerFilter.json: topic=%s group=%s expression=%q: %w", topic, group, d.Expression,
			err)
	}
	return d, nil
}
