package protocol

import (
	"errors"
	"fmt"
	"maps"
)

// Check refuses a mapping that makes no sense, with Java's texts where Java has one
// (TopicQueueMappingUtils.checkLogicQueueMappingItemOffset).
func (d *TopicQueueMappingDetail) Check() error {
	for _, items := range d.HostedQueues {
		if err := checkItems(items); err != nil {
			return err
		}
	}
	return nil
}

// checkItems goes from the newest piece to the oldest.
func checkItems(items []LogicQueueMappingItem) error {
	lastGen, lastOffset := -1, int64(-1)
	for i := len(items) - 1; i >= 0; i-- {
		it := &items[i]
		switch {
		case it.StartOffset < 0 || it.Gen < 0 || it.QueueID < 0:
			return errors.New("The field is illegal, should not be negative")
		case it.Bname == "":
			return errors.New("The item has no broker name")
		case i < len(items)-1 && !it.Decided():
			return errors.New("The non-latest item has negative logic offset")
		case lastGen != -1 && it.Gen >= lastGen:
			return errors.New("The gen does not increase monotonically")
		case it.EndOffset != -1 && it.EndOffset < it.StartOffset:
			return errors.New("The endOffset is smaller than the start offset")
		case lastOffset != -1 && it.LogicOffset != -1 && it.LogicOffset >= lastOffset:
			return errors.New("The base logic offset does not increase monotonically")
		case lastOffset != -1 && it.LogicOffset != -1 && it.MaxLogical() >= lastOffset:
			return errors.New("The max logic offset does not increase monotonically")
		}
		lastGen, lastOffset = it.Gen, it.LogicOffset
	}
	return nil
}

// Follow returns the mapping that takes the place of old, which may be nil; neither is changed. With force the pieces
// of d win, and queues that d does not name are kept; else d must not be older, nor contradict what old says about
// pieces that both know (TopicQueueMappingManager.updateTopicQueueMapping).
func (d *TopicQueueMappingDetail) Follow(old *TopicQueueMappingDetail, force bool) (*TopicQueueMappingDetail, error) {
	merged := *d
	merged.HostedQueues = maps.Clone(d.HostedQueues)
	if merged.HostedQueues == nil {
		merged.HostedQueues = map[int][]LogicQueueMappingItem{}
	}
	if old == nil {
		return &merged, nil
	}
	if !force && d.Epoch < old.Epoch {
		return nil, fmt.Errorf("Can't accept data with small epoch %d < %d", d.Epoch, old.Epoch)
	}
	if !force && d.Scope != old.Scope {
		return nil, fmt.Errorf("Can't accept data with unmatched scope %s != %s", d.Scope, old.Scope)
	}
	for id, was := range old.HostedQueues {
		now, has := d.HostedQueues[id]
		switch {
		case !has && !force && d.Epoch == old.Epoch:
			return nil, errors.New("Cannot accept equal epoch with null data")
		case !has:
			merged.HostedQueues[id] = was
		case !force:
			if err := sameHistory(was, now, d.Epoch == old.Epoch); err != nil {
				return nil, err
			}
		}
	}
	return &merged, nil
}

// sameHistory checks that pieces of one generation are the same piece (makeSureLogicQueueMappingItemImmutable). The
// oldest ones may be missing in now.
func sameHistory(was, now []LogicQueueMappingItem, epochEqual bool) error {
	if len(was) == 0 {
		return nil
	}
	if len(now) == 0 {
		return errors.New("The new item list is null or empty")
	}
	for i, j := 0, 0; i < len(was) && j < len(now); {
		o, n := &was[i], &now[j]
		if n.Gen < o.Gen {
			j++
			continue
		}
		if o.Gen < n.Gen {
			i++
			continue
		}
		if o.Bname != n.Bname || o.QueueID != n.QueueID || o.StartOffset != n.StartOffset ||
			o.LogicOffset != -1 && o.LogicOffset != n.LogicOffset {
			return fmt.Errorf("The item of gen %d is different", o.Gen)
		}
		i, j = i+1, j+1
	}
	o, n := &was[len(was)-1], &now[len(now)-1]
	if epochEqual && (n.Gen != o.Gen || n.Bname != o.Bname || n.QueueID != o.QueueID ||
		n.StartOffset != o.StartOffset) {
		return errors.New("The new leader is different but epoch equal")
	}
	return nil
}
