package protocol

import (
	"math"

	"gorocket/compat"
)

// ScopeGlobal is the scope of static topics that tools make today (MixAll.METADATA_SCOPE_GLOBAL).
const ScopeGlobal = "__global__"

// UnmarshalJSON reads a piece; members that are missing keep Java's initial values.
func (i *LogicQueueMappingItem) UnmarshalJSON(text []byte) error {
	type plain LogicQueueMappingItem
	p := plain{EndOffset: -1, TimeOfStart: -1, TimeOfEnd: -1}
	if err := compat.Unmarshal(text, &p); err != nil {
		return err
	}
	*i = LogicQueueMappingItem(p)
	return checkInts("piece on broker", i.Bname, number{"queueId", i.QueueID}, number{"gen", i.Gen})
}

// UnmarshalJSON reads a mapping; members that are missing keep Java's initial values.
func (d *TopicQueueMappingDetail) UnmarshalJSON(text []byte) error {
	type plain TopicQueueMappingDetail
	var p plain
	p.Scope = ScopeGlobal
	if err := compat.Unmarshal(text, &p); err != nil {
		return err
	}
	if p.CurrIDMap == nil {
		p.CurrIDMap = map[int]int{}
	}
	if p.HostedQueues == nil {
		p.HostedQueues = map[int][]LogicQueueMappingItem{}
	}
	*d = TopicQueueMappingDetail(p)
	return nil
}

// Info is what a registration tells about the mapping: the queues whose newest piece lies on this broker
// (cloneAsMappingInfo, buildIdMap).
func (d *TopicQueueMappingDetail) Info() *TopicQueueMappingInfo {
	info := &TopicQueueMappingInfo{Bname: d.Bname, CurrIDMap: map[int]int{}, Epoch: d.Epoch, Scope: ScopeGlobal,
		Topic: d.Topic, TotalQueues: d.TotalQueues}
	for id := range d.HostedQueues {
		if leader := d.Leader(id); leader != nil && leader.Bname == d.Bname {
			info.CurrIDMap[id] = leader.QueueID
		}
	}
	return info
}

// Leader returns the newest piece of a logical queue, nil when this broker does not host it.
func (d *TopicQueueMappingDetail) Leader(id int) *LogicQueueMappingItem {
	items := d.HostedQueues[id]
	if len(items) == 0 {
		return nil
	}
	return &items[len(items)-1]
}

// ItemAt returns the piece that holds a logical offset: the newest that begins at or before it, else the oldest.
// Pieces whose place is undecided do not count; nil when there is no other
// (TopicQueueMappingUtils.findLogicQueueMappingItem).
func ItemAt(items []LogicQueueMappingItem, offset int64) *LogicQueueMappingItem {
	for i := len(items) - 1; i >= 0; i-- {
		if it := &items[i]; it.Decided() && offset >= it.LogicOffset {
			return it
		}
	}
	for i := range items {
		if items[i].Decided() {
			return &items[i]
		}
	}
	return nil
}

// ItemAfter returns the piece that follows the one of this generation, nil when there is none or its place is
// undecided (findNext).
func ItemAfter(items []LogicQueueMappingItem, gen int) *LogicQueueMappingItem {
	for i := range len(items) - 1 {
		if items[i].Gen == gen && items[i].Decided() {
			if next := &items[i+1]; next.Decided() {
				return next
			}
			return nil
		}
	}
	return nil
}

// Decided tells whether the piece has its place in the logical queue (checkIfLogicoffsetDecided).
func (i *LogicQueueMappingItem) Decided() bool { return i.LogicOffset >= 0 }

// Ended tells whether the piece takes no more messages (checkIfEndOffsetDecided).
func (i *LogicQueueMappingItem) Ended() bool { return i.EndOffset > i.StartOffset }

// Logical turns an offset of the physical queue into one of the logical queue, not below the start of the piece
// (computeStaticQueueOffsetStrictly).
func (i *LogicQueueMappingItem) Logical(physical int64) int64 {
	return i.LogicOffset + max(0, physical-i.StartOffset)
}

// LogicalLoosely is Logical held within the piece, and -1 while its place is undecided: for answers to sends and for
// the smallest offset (computeStaticQueueOffsetLoosely).
func (i *LogicQueueMappingItem) LogicalLoosely(physical int64) int64 {
	if !i.Decided() {
		return -1
	}
	if i.EndOffset >= i.StartOffset {
		physical = min(physical, i.EndOffset)
	}
	return i.Logical(physical)
}

// Physical turns an offset of the logical queue into one of the physical queue (computePhysicalQueueOffset).
func (i *LogicQueueMappingItem) Physical(logical int64) int64 {
	return logical - i.LogicOffset + i.StartOffset
}

// MaxLogical is the logical offset behind the piece, as far as the mapping knows: its start while the end is open
// (computeMaxStaticQueueOffset).
func (i *LogicQueueMappingItem) MaxLogical() int64 {
	if i.EndOffset >= i.StartOffset {
		return i.LogicOffset + i.EndOffset - i.StartOffset
	}
	return i.LogicOffset
}

// Delta is what a client adds to the queue offsets inside the records of the piece (computeOffsetDelta).
func (i *LogicQueueMappingItem) Delta() int64 { return i.LogicOffset - i.StartOffset }

// MaxOffset asks ItemAt for the newest piece whose place is decided.
const MaxOffset = math.MaxInt64
