package slave

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// pageSize is how many entries of a table are asked for at once. Java: BrokerOuterAPI.getMaxPageSize.
const pageSize = 2000

// maxRestarts bounds how often a table is read from its beginning, because it changed meanwhile.
const maxRestarts = 10

// ask sends a request without a header to the master and reads the JSON that it answers with.
func (s *Sync) ask(ctx context.Context, master string, code int32, out any) error {
	return ask(ctx, s.d.Client, master, code, out)
}

func ask(ctx context.Context, client *remoting.Client, master string, code int32, out any) error {
	resp, err := remoting.Call(ctx, client, master, code, wire.None, new(wire.NoHeader), nil)
	if err != nil {
		return err
	}
	if err := compat.Unmarshal(resp.Body, out); err != nil {
		return fmt.Errorf("answer of %s to request %d: %w", master, code, err)
	}
	return nil
}

// page is a part of a table, or all of it.
type page[E any] struct {
	version compat.DataVersion
	entries map[string]*E
	total   int32 // of the table; -1: this is all of it
}

// whole reads a table page by page, again from the start when it changed meanwhile. first is its first page, and how
// many were asked for with it.
func whole[E any](first page[E], asked int32, read func(seq, most int32, version string) (page[E], error)) (
	compat.DataVersion, map[string]*E, error) {
	p, all := first, first.entries
	for restarts := 0; p.total >= 0 && len(all) < int(p.total); {
		text, err := compat.Marshal(first.version)
		if err != nil {
			return p.version, nil, err
		}
		if p, err = read(int32(len(all)), pageSize, string(text)); err != nil {
			return p.version, nil, err
		}
		if p.version != first.version || len(p.entries) == 0 { // Java answers with the first page then
			if restarts++; restarts > maxRestarts {
				return p.version, nil, fmt.Errorf("the table changed %d times while it was read", restarts)
			}
			if p, err = read(0, pageSize, ""); err != nil {
				return p.version, nil, err
			}
			first, all = p, map[string]*E{}
		}
		for name, e := range p.entries {
			all[name] = e
		}
	}
	return first.version, all, nil
}

// Mappings are a slave's static topics; *static.Mappings.
type Mappings interface {
	CurrentVersion() compat.DataVersion
	Follow(v compat.DataVersion, all map[string]*protocol.TopicQueueMappingDetail) (odd []string)
}

// topics takes the master's topics over, and the mappings of the static ones among them, when they have another version
// than ours. Java's slave takes the version of the mappings, and not the mappings.
func (s *Sync) topics(ctx context.Context, master string) error {
	mappings := map[string]*protocol.TopicQueueMappingDetail{}
	var mapped compat.DataVersion
	read := func(seq, most int32, version string) (p page[protocol.TopicConfig], err error) {
		h := wire.GetAllTopicConfigRequestHeader{TopicSeq: seq, MaxTopicNum: most, DataVersion: version}
		resp, err := remoting.Call(ctx, s.d.Client, master, wire.ReqGetAllTopicConfig, wire.GetAllTopicConfigRequest, &h, nil)
		if err != nil {
			return p, err
		}
		var w protocol.TopicConfigAndMappingSerializeWrapper
		var out wire.GetAllTopicConfigResponseHeader
		if err = wire.GetAllTopicConfigResponse.Decode(resp, nil, &out); err == nil {
			err = compat.Unmarshal(resp.Body, &w)
		}
		if seq == 0 {
			clear(mappings)
		}
		mapped = w.MappingDataVersion
		maps.Copy(mappings, w.TopicQueueMappingDetailMap)
		return page[protocol.TopicConfig]{w.DataVersion, w.TopicConfigTable, out.TotalTopicNum}, err
	}
	first, err := read(0, 1, "")
	if err != nil || first.version == s.d.Topics.CurrentVersion() && mapped == s.d.Mappings.CurrentVersion() {
		return err
	}
	version, all, err := whole(first, 1, read)
	if err != nil {
		return err
	}
	gone := s.d.Topics.Follow(version, all)
	s.followMappings(master, mapped, mappings)
	s.d.Log.Info().Str("master", master).Int("topics", len(all)).Strs("gone", gone).Msg("topics are the master's")
	return nil
}

// followMappings takes mappings over; a master before 5.0 has none.
func (s *Sync) followMappings(master string, v compat.DataVersion, all map[string]*protocol.TopicQueueMappingDetail) {
	if v == (compat.DataVersion{}) || v == s.d.Mappings.CurrentVersion() {
		return
	}
	if odd := s.d.Mappings.Follow(v, all); len(odd) > 0 {
		s.d.Throttled.Warn("slave mappings").Str("master", master).Strs("topics", odd).
			Msg("mappings of static topics that cannot be: left out")
	}
}

// groups takes the master's consumer groups over when they have another version than ours.
func (s *Sync) groups(ctx context.Context, master string) error {
	forbidden := map[string]map[string]int{}
	read := func(seq, most int32, version string) (p page[protocol.SubscriptionGroupConfig], err error) {
		h := wire.GetAllSubscriptionGroupRequestHeader{GroupSeq: seq, MaxGroupNum: most, DataVersion: version}
		resp, err := remoting.Call(ctx, s.d.Client, master, wire.ReqGetAllSubscriptiongroupConfig, wire.GetAllGroupsRequest,
			&h, nil)
		if err != nil {
			return p, err
		}
		var w protocol.SubscriptionGroupWrapper
		var out wire.GetAllSubscriptionGroupResponseHeader
		if err = wire.GetAllGroupsResponse.Decode(resp, nil, &out); err == nil {
			err = compat.Unmarshal(resp.Body, &w)
		}
		if seq == 0 {
			clear(forbidden)
		}
		for group, topics := range w.ForbiddenTable {
			forbidden[group] = topics
		}
		return page[protocol.SubscriptionGroupConfig]{w.DataVersion, w.SubscriptionGroupTable, out.TotalGroupNum}, err
	}
	first, err := read(0, 1, "")
	if err != nil || first.version == s.d.Groups.CurrentVersion() {
		return err
	}
	version, all, err := whole(first, 1, read)
	if err != nil {
		return err
	}
	s.d.Groups.Follow(protocol.SubscriptionGroupWrapper{DataVersion: version, SubscriptionGroupTable: all,
		ForbiddenTable: forbidden})
	s.d.Log.Info().Str("master", master).Int("groups", len(all)).Msg("consumer groups are the master's")
	return nil
}

// offsets takes the master's committed offsets over, and brings to it what clients committed here while it was away.
func (s *Sync) offsets(ctx context.Context, master string) error {
	var w protocol.ConsumerOffsetSerializeWrapper
	if err := s.ask(ctx, master, wire.ReqGetAllConsumerOffset, &w); err != nil {
		return err
	}
	ahead := s.progress.against(w.OffsetTable)
	s.d.Offsets.Follow(w, s.progress.ahead)
	for _, c := range ahead {
		if err := s.commit(ctx, master, c); err != nil {
			return err
		}
	}
	return nil
}

// modes takes the request modes over.
func (s *Sync) modes(ctx context.Context, master string) error {
	var w meta.ModesWrapper
	if err := s.ask(ctx, master, wire.ReqGetAllMessageRequestMode, &w); err != nil {
		return err
	}
	s.d.Modes.Follow(w)
	return nil
}

// Users are a slave's users and their permissions; *auth.Store.
type Users interface {
	Version() string
	Follow(all []byte) (changed bool, err error)
}

// users takes over users and permissions when they have another version than ours. A Java master does not know the
// request, and one that asks nobody for signatures refuses it.
func (s *Sync) users(ctx context.Context, master string) error {
	if s.d.Users == nil {
		return nil
	}
	resp, err := remoting.Call(ctx, s.d.Client, master, wire.ReqGetUsers, wire.None, new(wire.NoHeader),
		[]byte(s.d.Users.Version()))
	var refused *remoting.ResponseError
	if errors.As(err, &refused) {
		return nil
	}
	if err != nil || len(resp.Body) == 0 {
		return err
	}
	changed, err := s.d.Users.Follow(resp.Body)
	if err != nil { // its text may hold what was sent
		return fmt.Errorf("answer of %s to request %d cannot be used", master, wire.ReqGetUsers)
	}
	if changed {
		s.d.Log.Info().Str("master", master).Msg("users and permissions are the master's")
	}
	return nil
}
