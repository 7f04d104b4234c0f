package meta

import (
	"gorocket/compat"
	"sync"
)

// Mode is the body of 401. Java: SetMessageRequestModeRequestBody.
type Mode struct {
	ConsumerGroup    string `json:"consumerGroup"`
	Mode             string `json:"mode" enum:"PULL,POP"`
	PopShareQueueNum int    `json:"popShareQueueNum"`
	Topic            string `json:"topic"`
}

// ModesWrapper is messageRequestMode.json and the answer of 402.
type ModesWrapper struct {
	MessageRequestModeMap map[string]map[string]Mode `json:"messageRequestModeMap"`
}

// Modes holds what 401 set. Java: MessageRequestModeManager.
type Modes struct {
	Changed func()

	mu    sync.Mutex
	table map[string]map[string]Mode // guarded by mu; topic -> group
	size  int                        // guarded by mu; entries of table
}

// NewModes makes an empty table.
func NewModes() *Modes {
	return &Modes{Changed: func() {}, table: map[string]map[string]Mode{}}
}

// Set stores the mode of a topic and group. The error is a *TableFullError.
func (r *Modes) Set(m Mode) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, had := r.table[m.Topic][m.ConsumerGroup]; !had {
		if r.size >= MaxRequestModes {
			return &TableFullError{What: "message request modes", Limit: MaxRequestModes}
		}
		r.size++
	}
	if r.table[m.Topic] == nil {
		r.table[m.Topic] = map[string]Mode{}
	}
	r.table[m.Topic][m.ConsumerGroup] = m
	r.Changed()
	return nil
}

// Get returns the mode of a topic and group, if one was set.
func (r *Modes) Get(topic, group string) (Mode, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m, ok := r.table[topic][group]
	return m, ok
}

// RemoveTopic forgets the modes of a topic.
func (r *Modes) RemoveTopic(topic string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if groups := r.table[topic]; groups != nil {
		r.size -= len(groups)
		delete(r.table, topic)
		r.Changed()
	}
}

// Count is the number of entries.
func (r *Modes) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.size
}

// Wrapper copies the table.
func (r *Modes) Wrapper() ModesWrapper {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := ModesWrapper{MessageRequestModeMap: map[string]map[string]Mode{}}
	for topic, groups := range r.table {
		w.MessageRequestModeMap[topic] = map[string]Mode{}
		for g, m := range groups {
			w.MessageRequestModeMap[topic][g] = m
		}
	}
	return w
}

// Encode is the content of messageRequestMode.json.
func (r *Modes) Encode() ([]byte, error) { return compat.MarshalPretty(r.Wrapper()) }

// Load fills the table from messageRequestMode.json.
func (r *Modes) Load(data []byte) error {
	var w ModesWrapper
	if err := compat.Unmarshal(data, &w); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if w.MessageRequestModeMap != nil {
		r.take(w)
	}
	return nil
}

// take replaces the table. The caller holds mu.
func (r *Modes) take(w ModesWrapper) {
	r.table, r.size = w.MessageRequestModeMap, 0
	for _, groups := range r.table {
		r.size += len(groups)
	}
}

// How groups consume. Java: MessageRequestMode.
const (
	ModePull = "PULL"
	ModePop  = "POP"
)
