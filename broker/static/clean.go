package static

import (
	"context"
	"time"

	"gorocket/broker/cluster"
	"gorocket/broker/worker"
	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// run forgets, in the hours of deleteWhen, what static topics no longer need. Java: TopicQueueMappingCleanService.
func (v *Service) run(stop <-chan struct{}) {
	tick := time.NewTicker(mappingCleanEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case now := <-tick.C:
			if store.HourListed(v.d.DeleteWhen(), now) {
				v.Clean(stop)
			}
		}
	}
}

const mappingCleanEvery = 5 * time.Minute

// Clean forgets now what static topics no longer need; it gives up when stop is closed. Not on an event loop.
func (v *Service) Clean(stop <-chan struct{}) {
	for topic, d := range v.Current() {
		expired, moved := v.expiredItems(d, stop), v.movedQueues(d, stop)
		if len(expired)+len(moved) == 0 {
			continue
		}
		done := v.Prune(d, expired, moved)
		v.d.Log.Info().Str("topic", topic).Ints("oldestItemExpired", expired).Ints("movedAgain", moved).Bool("done",
			done).Msg("static topic cleaned")
	}
}

// Prune drops the oldest piece of some queues and some queues altogether; false when the mapping has changed since d
// was read.
func (t *Mappings) Prune(d *protocol.TopicQueueMappingDetail, oldest, queues []int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.Current()[d.Topic] != d {
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

// expiredItems lists the queues that this broker leads and whose oldest piece holds no message any more. Java:
// cleanItemExpired. A piece before one without a place stays: the queue would have no place at all.
func (v *Service) expiredItems(d *protocol.TopicQueueMappingDetail, stop <-chan struct{}) (ids []int) {
	for id, items := range d.HostedQueues {
		q := QueueOf(d, int32(id))
		if len(items) <= 1 || !q.Leads() || !items[1].Decided() || worker.Stopped(stop) {
			continue
		}
		low, high, err := v.pieceEnds(&q, &items[0])
		if err != nil {
			v.d.Throttled.Warn("mapping-clean").Err(err).Str("topic", d.Topic).Int("queue", id).Str("broker",
				items[0].Bname).Msg("cannot ask for the offsets of an old piece of a static topic")
			continue
		}
		if high == low || high == 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

// pieceEnds returns the smallest and the next offset of a piece's physical queue.
func (v *Service) pieceEnds(q *Queue, it *protocol.LogicQueueMappingItem) (low, high int64, err error) {
	if q.Local(it) {
		return max(0, v.d.Store().MinOffset(q.Detail.Topic, int32(it.QueueID))), v.d.Store().MaxOffset(q.Detail.Topic,
			int32(it.QueueID)), nil
	}
	h := pieceHeader(q, it)
	if low, err = cluster.AskOffset(v.d.Peers(), it.Bname, wire.ReqGetMinOffset, wire.GetMinOffsetRequest,
		&h); err != nil {
		return 0, 0, err
	}
	m := wire.GetMaxOffsetRequestHeader{QueueRequestHeader: h, Committed: true}
	high, err = cluster.AskOffset(v.d.Peers(), it.Bname, wire.ReqGetMaxOffset, wire.GetMaxOffsetRequest, &m)
	return max(0, low), high, err
}

// movedQueues lists the queues that this broker had led and that have moved on from the broker that led them next:
// nobody asks here any more. Java: cleanItemListMoreThanSecondGen.
func (v *Service) movedQueues(d *protocol.TopicQueueMappingDetail, stop <-chan struct{}) (ids []int) {
	leaders := map[int]string{} // by what is known here
	for id := range d.HostedQueues {
		if l := d.Leader(id); l != nil && l.Bname != d.Bname {
			leaders[id] = l.Bname
		}
	}
	if len(leaders) == 0 {
		return nil
	}
	route := v.d.Route(context.Background(), d.Topic)
	if route == nil {
		return nil
	}
	details := map[string]*protocol.TopicQueueMappingDetail{}
	for id, known := range leaders {
		now := leaderByRoute(route, id)
		if now == "" || now == known || worker.Stopped(stop) {
			continue
		}
		if _, asked := details[now]; !asked {
			details[now] = v.askMapping(now, d.Topic)
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

// leaderByRoute names the broker that leads a queue as the NameServers know it, the newest when several say so; empty
// when none does.
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
func (v *Service) askMapping(name, topic string) *protocol.TopicQueueMappingDetail {
	h := wire.TopicHeader{Topic: topic, Lo: "true"}
	resp, err := cluster.Ask(v.d.Peers(), name, wire.ReqGetTopicConfig, wire.MustTopicRequest, &h)
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
