package broker

// UPDATE_AND_CREATE_SUBSCRIPTIONGROUP (200) and its list form (225), DELETE_SUBSCRIPTIONGROUP (207),
// GET_SUBSCRIPTIONGROUP_CONFIG (352). Java: AdminBrokerProcessor.
// Quirks kept: 352 creates the group where that is allowed; 200 without a body succeeds.

import (
	"errors"

	"github.com/rs/zerolog"

	"gorocket/broker/meta"
	"gorocket/broker/pop"
	"gorocket/broker/stats"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// groupAdmin handles what administrators do with consumer groups.
type groupAdmin struct {
	liveConfig
	groups      *meta.Groups
	offsets     *meta.Offsets
	pulled      *meta.Offsets
	pops        *pop.Service
	deadLetters *stats.DeadLetters
	persist     *meta.Persister
	log         zerolog.Logger
}

func (a *groupAdmin) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqUpdateAndCreateSubscriptiongroup, Mode: remoting.Blocking, Handle: a.updateGroup},
		{Code: wire.ReqUpdateAndCreateSubscriptiongroupList, Mode: remoting.Blocking, Handle: a.updateGroupList},
		{Code: wire.ReqDeleteSubscriptiongroup, Mode: remoting.Pooled, Handle: with(wire.DeleteSubscriptionGroupRequest,
			a.deleteGroup)},
		{Code: wire.ReqGetSubscriptiongroupConfig, Mode: remoting.Pooled, Handle: with(wire.GroupRequest, a.groupConfig)},
	}
}

// groupList is the body of 225. Java: SubscriptionGroupList.
type groupList struct {
	GroupConfigList []protocol.SubscriptionGroupConfig `json:"groupConfigList"`
}

func (a *groupAdmin) updateGroup(ctx *remoting.Context) {
	g := protocol.NewSubscriptionGroupConfig("")
	if err := decodeBody(ctx, &g); errors.Is(err, errNoBody) {
		ctx.Status(wire.Success, "")
		return
	} else if err != nil {
		fail(ctx, err)
		return
	}
	a.changeGroups(ctx, g)
}

func (a *groupAdmin) updateGroupList(ctx *remoting.Context) {
	var l groupList
	if err := decodeBody(ctx, &l); err != nil {
		fail(ctx, err)
		return
	}
	a.changeGroups(ctx, l.GroupConfigList...)
}

func (a *groupAdmin) changeGroups(ctx *remoting.Context, groups ...protocol.SubscriptionGroupConfig) {
	for i := range groups {
		if err := meta.CheckGroup(&groups[i], a.cfg().MaxTopicQueueNums); err != nil {
			ctx.Status(wire.InvalidParameter, err.Error())
			return
		}
	}
	for _, g := range groups {
		if err := a.groups.Update(g); err != nil {
			fail(ctx, err)
			return
		}
		a.log.Info().Str("group", g.GroupName).Str("peer", ctx.Conn().RemoteAddr()).Msg("group changed")
	}
	a.persist.Now() // Java writes before it answers
	ctx.Status(wire.Success, "")
}

func (a *groupAdmin) deleteGroup(ctx *remoting.Context, h *wire.DeleteSubscriptionGroupRequestHeader) {
	if a.groups.Remove(h.GroupName) {
		a.log.Info().Str("group", h.GroupName).Str("peer", ctx.Conn().RemoteAddr()).Msg("group deleted")
	}
	a.pops.ForgetGroup(h.GroupName)
	a.pulled.RemoveGroup(h.GroupName)
	a.deadLetters.Forget(h.GroupName)
	if h.CleanOffset {
		a.offsets.RemoveGroup(h.GroupName)
	}
	ctx.Status(wire.Success, "")
}

func (a *groupAdmin) groupConfig(ctx *remoting.Context, h *wire.GroupHeader) {
	g := a.groups.Find(h.Group)
	if g == nil {
		ctx.Status(wire.SubscriptionGroupNotExist, "No group in this broker")
		return
	}
	respondJSON(ctx, g)
}
