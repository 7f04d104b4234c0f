package slave

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"

	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// Progress is what clients committed to this slave and its master does not know yet. While a master is away its
// consumers go on at the slave; a Java slave loses that as soon as the master is back with its older offsets (#1094,
// #1440, #7790).
type Progress struct {
	Changed func() // marks its file; nil: there is none; immutable after the start

	mu   sync.Mutex
	mine map[meta.OffsetKey]map[int32]int64 // guarded by mu
}

// commitment is one offset.
type commitment struct {
	key    meta.OffsetKey
	queue  int32
	offset int64
}

// Note notes a commit of a client; for meta.Offsets.Committed. Any goroutine.
func (p *Progress) Note(k meta.OffsetKey, queue int32, offset int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mine == nil {
		p.mine = map[meta.OffsetKey]map[int32]int64{}
	}
	if p.mine[k] == nil {
		p.mine[k] = map[int32]int64{}
	}
	p.mine[k][queue] = offset
	p.changed()
}

// changed is called with mu held.
func (p *Progress) changed() {
	if p.Changed != nil {
		p.Changed()
	}
}

// progressTable is the content of slaveProgress.json, and what a returning master asks for.
type progressTable struct {
	OffsetTable map[string]map[int]int64 `json:"offsetTable"`
}

// Encode is the content of slaveProgress.json.
func (p *Progress) Encode() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := progressTable{map[string]map[int]int64{}}
	for k, queues := range p.mine {
		m := make(map[int]int64, len(queues))
		for queue, offset := range queues {
			m[int(queue)] = offset
		}
		w.OffsetTable[k.Topic+"@"+k.Group] = m
	}
	return compat.MarshalPretty(w)
}

// Load reads slaveProgress.json.
func (p *Progress) Load(data []byte) error {
	var w progressTable
	if err := compat.Unmarshal(data, &w); err != nil {
		return err
	}
	for key, queues := range w.OffsetTable {
		topic, group, ok := strings.Cut(key, "@")
		for queue, offset := range queues {
			if ok && queue >= 0 && queue <= math.MaxInt32 {
				p.Note(meta.OffsetKey{Group: group, Topic: topic}, int32(queue), offset)
			}
		}
	}
	return nil
}

// Clear forgets everything: this broker is a master now, and what was committed here is what counts.
func (p *Progress) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.mine) > 0 {
		p.mine = nil
		p.changed()
	}
}

// against forgets what the master knows by now, and returns the rest.
func (p *Progress) against(master map[string]map[int]int64) (ahead []commitment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, queues := range p.mine {
		theirs := master[k.Topic+"@"+k.Group]
		for queue, offset := range queues {
			if at, has := theirs[int(queue)]; has && at >= offset {
				delete(queues, queue)
				p.changed()
				continue
			}
			ahead = append(ahead, commitment{k, queue, offset})
		}
		if len(queues) == 0 {
			delete(p.mine, k)
		}
	}
	return ahead
}

// ahead tells whether clients have committed more here than the master's offset.
func (p *Progress) ahead(k meta.OffsetKey, queue int32, theirs int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	offset, has := p.mine[k][queue]
	return has && offset > theirs
}

// forget forgets a commitment, unless clients have gone on.
func (p *Progress) forget(c commitment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mine[c.key][c.queue] == c.offset {
		delete(p.mine[c.key], c.queue)
		p.changed()
	}
}

// commit tells the master of an offset. What the master refuses, as it has no such topic or group, is forgotten.
func (s *Sync) commit(ctx context.Context, master string, c commitment) error {
	h := wire.UpdateConsumerOffsetRequestHeader{ConsumerGroup: c.key.Group, Topic: c.key.Topic, QueueID: c.queue,
		CommitOffset: c.offset, OnlyForward: true}
	_, err := remoting.Call(ctx, s.d.Client, master, wire.ReqUpdateConsumerOffset, wire.UpdateConsumerOffsetRequest, &h,
		nil)
	var refused *remoting.ResponseError
	if err != nil && !errors.As(err, &refused) {
		return err
	}
	if refused != nil {
		s.d.Throttled.Warn("slave progress").Str("master", master).Str("group", c.key.Group).
			Str("topic", c.key.Topic).Int32("queue", c.queue).Int64("offset", c.offset).Err(err).
			Msg("the master does not take an offset that was committed here")
	}
	s.progress.forget(c)
	return nil
}
