package broker

import (
	"context"
	"time"

	"gorocket/broker/cluster"
	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// cleanMappings forgets, in the hours of deleteWhen, what static topics no longer need. Java: TopicQueueMappingCleanService.
func (b *Broker) cleanMappings() {
	defer b.wg.Done()
	tick := time.NewTicker(mappingCleanEvery)
	defer tick.Stop()
	for {
		select {
		case <-b.stop:
			return
		case now := <-tick.C:
			if store.HourListed(b.cfg().DeleteWhen, now) {
				b.cleanMappingsNow()
			}
		}
	}
}

// stopping tells whether Stop has begun: what waits for other machines gives up.
func (b *Broker) stopping() bool {
	select {
	case <-b.stop:
		return true
	default:
		return false
	}
}

const mappingCleanEvery = 5 * time.Minute

func (b *Broker) cleanMappingsNow() {
	for topic, d := range b.mappings.current() {
		expired, moved := b.expiredItems(d), b.movedQueues(d)
		if len(expired)+len(moved) == 0 {
			continue
		}
		done := b.mappings.prune(d, expired, moved)
		b.log.Info().Str("topic", topic).Ints("oldestItemExpired", expired).Ints("movedAgain", moved).Bool("done", done).Msg("static topic cleaned")
	}
}

// prune drops the oldest piece of some queues and some queues altogether; false when the mapping has changed since d was read.
func (t *mappingTable) prune(d *protocol.TopicQueueMappingDetail, oldest, queues []int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current()[d.Topic] != d {
		return false
	}
	left := *d
	left.HostedQueues = map[int][]protocol.LogicQueueMappingItem{}
	for id, items := range d.HostedQueues {
		left.HostedQueues[id] = items
	}
	for _, id := range oldest {
		left.HostedQueues[id] = left.HostedQueues[id][1:]
	}
	for _, id := range queues {
		delete(left.HostedQueues, id)
	}
	t.replace(func(all map[string]*protocol.TopicQueueMappingDetail) { all[d.Topic] = &left })
	return true
}

// expiredItems lists the queues that this broker leads and whose oldest piece holds no message any more. Java: cleanItemExpired. A piece before one
// without a place stays: the queue would have no place at all.
func (b *Broker) expiredItems(d *protocol.TopicQueueMappingDetail) (ids []int) {
	for id, items := range d.HostedQueues {
		q := logicQueueOf(d, int32(id))
		if len(items) <= 1 || !q.leads() || !items[1].Decided() || b.stopping() {
			continue
		}
		low, high, err := b.pieceEnds(&q, &items[0])
		if err != nil {
			b.throttled.Warn("mapping-clean").Err(err).Str("topic", d.Topic).Int("queue", id).Str("broker", items[0].Bname).Msg("cannot ask for the offsets of an old piece of a static topic")
			continue
		}
		if high == low || high == 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

// pieceEnds returns the smallest and the next offset of a piece's physical queue.
func (b *Broker) pieceEnds(q *logicQueue, it *protocol.LogicQueueMappingItem) (low, high int64, err error) {
	if q.local(it) {
		return max(0, b.store.MinOffset(q.detail.Topic, int32(it.QueueID))), b.store.MaxOffset(q.detail.Topic, int32(it.QueueID)), nil
	}
	h := pieceHeader(q, it)
	if low, err = cluster.AskOffset(b.peers, it.Bname, wire.ReqGetMinOffset, wire.GetMinOffsetRequest, &h); err != nil {
		return 0, 0, err
	}
	m := wire.GetMaxOffsetRequestHeader{QueueRequestHeader: h, Committed: true}
	high, err = cluster.AskOffset(b.peers, it.Bname, wire.ReqGetMaxOffset, wire.GetMaxOffsetRequest, &m)
	return max(0, low), high, err
}

// movedQueues lists the queues that this broker had led and that have moved on from the broker that led them next: nobody asks here any more. Java:
// cleanItemListMoreThanSecondGen.
func (b *Broker) movedQueues(d *protocol.TopicQueueMappingDetail) (ids []int) {
	leaders := map[int]string{} // by what is known here
	for id := range d.HostedQueues {
		if l := d.Leader(id); l != nil && l.Bname != d.Bname {
			leaders[id] = l.Bname
		}
	}
	if len(leaders) == 0 {
		return nil
	}
	route := b.register.AskRoute(context.Background(), d.Topic)
	if route == nil {
		return nil
	}
	details := map[string]*protocol.TopicQueueMappingDetail{}
	for id, known := range leaders {
		now := leaderByRoute(route, id)
		if now == "" || now == known || b.stopping() {
			continue
		}
		if _, asked := details[now]; !asked {
			details[now] = b.askMapping(now, d.Topic)
		}
		there := details[now]
		if there == nil || there.TotalQueues != d.TotalQueues || there.Epoch != d.Epoch {
			continue
		}
		if l := there.Leader(id); l != nil && l.Bname == now {
			ids = append(ids, id)
		}
	}
	return ids
}

// leaderByRoute names the broker that leads a queue as the NameServers know it, the newest when several say so; empty when none does.
func leaderByRoute(route *protocol.TopicRouteData, id int) string {
	name, epoch := "", int64(-1)
	for broker, info := range route.TopicQueueMappingByBroker {
		if info == nil || info.Epoch < epoch {
			continue
		}
		if _, leads := info.CurrIDMap[id]; leads {
			name, epoch = broker, info.Epoch
		}
	}
	return name
}

// askMapping asks a broker for its mapping of a topic; nil when it has none or does not answer.
func (b *Broker) askMapping(name, topic string) *protocol.TopicQueueMappingDetail {
	h := wire.TopicHeader{Topic: topic, Lo: "true"}
	resp, err := cluster.Ask(b.peers, name, wire.ReqGetTopicConfig, wire.MustTopicRequest, &h)
	if err != nil || resp.Code != wire.Success {
		return nil
	}
	var out struct {
		MappingDetail *protocol.TopicQueueMappingDetail `json:"mappingDetail"`
	}
	if compat.Unmarshal(resp.Body, &out) != nil || out.MappingDetail == nil || out.MappingDetail.Bname != name {
		return nil
	}
	return out.MappingDetail
}
