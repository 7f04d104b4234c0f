package broker

// GET_ALL_TOPIC_CONFIG (21), GET_ALL_CONSUMER_OFFSET (43), GET_ALL_DELAY_OFFSET (45), GET_ALL_SUBSCRIPTIONGROUP_CONFIG
// (201): what slaves and tools copy. Java: AdminBrokerProcessor. 5.5 callers page through 21 and 201 (topicSeq,
// groupSeq), in the order of names, at most splitMetadataSize entries at once; who does not send these fields gets
// everything. One entry that is left goes with the page before it: Java's slaves stop one entry before the end, and
// delete what they did not see (with 2001 topics the last one).

import (
	"maps"
	"slices"
	"strconv"

	"gorocket/broker/delay"
	"gorocket/broker/meta"
	"gorocket/broker/slave"
	"gorocket/broker/static"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// tableCopies hands out whole tables, for slaves and tools.
type tableCopies struct {
	liveConfig
	topics   *meta.Topics
	groups   *meta.Groups
	offsets  *meta.Offsets
	progress *slave.Progress
	mappings *static.Service
	schedule *delay.Levels
}

func (t *tableCopies) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqGetAllTopicConfig, Mode: remoting.Pooled,
			Handle: pagedBy(t, wire.GetAllTopicConfigRequest, t.allTopics, "topicSeq", "maxTopicNum")},
		{Code: wire.ReqGetAllConsumerOffset, Mode: remoting.Pooled, Handle: t.allOffsets},
		{Code: wire.ReqGetAllDelayOffset, Mode: remoting.Pooled, Handle: t.allDelayOffsets},
		{Code: wire.ReqGetAllSubscriptiongroupConfig, Mode: remoting.Pooled,
			Handle: pagedBy(t, wire.GetAllGroupsRequest, t.allGroups, "groupSeq", "maxGroupNum")},
	}
}

// respondAll answers with a table and the number of its entries.
func respondAll(ctx *remoting.Context, key string, n int, table any) {
	data, err := compat.Marshal(table)
	if err != nil {
		fail(ctx, err)
		return
	}
	ctx.RespondFields(wire.Success, "", []wire.StringField{{Key: key, Value: strconv.Itoa(n)}}, data)
}

// tablePage is what a caller asks for of a table: most entries from the seq-th on, of the version that it began with.
type tablePage struct {
	seq, most int32
	version   string // JSON
}

// pagedBy decodes the header of a caller that asks for pages, which sends one of the fields; handle gets nil from one
// that does not, as with enableSplitMetadata=false, and answers everything. Java: ObjectUtils.allNull.
func pagedBy[T any](t *tableCopies, ht *wire.HeaderType[T], handle func(*remoting.Context, *T), seq, most string) func(
	*remoting.Context) {
	decoded := with(ht, handle)
	return func(ctx *remoting.Context) {
		for _, name := range []string{seq, most, "dataVersion"} {
			if _, has := ctx.Req.Get(name); has && t.cfg().EnableSplitMetadata {
				decoded(ctx)
				return
			}
		}
		handle(ctx, nil)
	}
}

func (t *tableCopies) allTopics(ctx *remoting.Context, h *wire.GetAllTopicConfigRequestHeader) {
	v, all := t.topics.Snapshot()
	mv, mappings := t.mappings.Snapshot()
	total := len(all)
	if h != nil {
		all = cut(all, tablePage{h.TopicSeq, h.MaxTopicNum, h.DataVersion}, v, t.cfg().SplitMetadataSize)
		mappings = only(mappings, all)
	}
	respondAll(ctx, "totalTopicNum", total, protocol.TopicConfigAndMappingSerializeWrapper{DataVersion: v,
		MappingDataVersion: mv, TopicConfigTable: all,
		TopicQueueMappingDetailMap: mappings, TopicQueueMappingInfoMap: map[string]*protocol.TopicQueueMappingInfo{}})
}

func (t *tableCopies) allGroups(ctx *remoting.Context, h *wire.GetAllSubscriptionGroupRequestHeader) {
	w := t.groups.Wrapper()
	total := len(w.SubscriptionGroupTable)
	if h != nil {
		w.SubscriptionGroupTable = cut(w.SubscriptionGroupTable, tablePage{h.GroupSeq, h.MaxGroupNum, h.DataVersion},
			w.DataVersion, t.cfg().SplitMetadataSize)
		w.ForbiddenTable = only(w.ForbiddenTable, w.SubscriptionGroupTable)
	}
	respondAll(ctx, "totalGroupNum", total, w)
}

// only are the entries of all whose names are among those of a page.
func only[E, P any](all map[string]E, page map[string]P) map[string]E {
	out := map[string]E{}
	for name := range page {
		if e, has := all[name]; has {
			out[name] = e
		}
	}
	return out
}

// cut leaves the page of a table whose present version is v. Java: TopicConfigManager.subTopicConfigTable.
func cut[E any](all map[string]E, p tablePage, v compat.DataVersion, size int) map[string]E {
	var asked compat.DataVersion
	if p.seq != 0 && (p.version == "" || compat.Unmarshal([]byte(p.version), &asked) != nil || asked != v) {
		p.seq = 0
	}
	names := slices.Sorted(maps.Keys(all))
	from := min(max(0, int(p.seq)), len(names))
	to := min(from+max(0, min(int(p.most), size)), len(names))
	if to == len(names)-1 && to > from {
		to++
	}
	out := make(map[string]E, to-from)
	for _, name := range names[from:to] {
		out[name] = all[name]
	}
	return out
}

// allOffsets answers what is committed. A returning master of ours asks for what clients committed here while it was
// away, and for nothing else.
func (t *tableCopies) allOffsets(ctx *remoting.Context) {
	if asked, _ := ctx.Req.Get(slave.FieldCommittedHere); string(asked) != "true" {
		respondJSON(ctx, t.offsets.Wrapper(false))
		return
	}
	data, err := t.progress.Encode()
	respondText(ctx, data, err)
}

func (t *tableCopies) allDelayOffsets(ctx *remoting.Context) {
	data, err := t.schedule.Encode()
	respondText(ctx, data, err)
}
