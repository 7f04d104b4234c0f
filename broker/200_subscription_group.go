package broker

// UPDATE_AND_CREATE_SUBSCRIPTIONGROUP (200) and its list form (225), DELETE_SUBSCRIPTIONGROUP (207),
// GET_SUBSCRIPTIONGROUP_CONFIG (352). Java: AdminBrokerProcessor.
// Quirks kept: 352 creates the group where that is allowed; 200 without a body succeeds.

import (
	"errors"

	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

func (b *Broker) groupEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqUpdateAndCreateSubscriptiongroup, Mode: remoting.Blocking, Handle: b.updateGroup},
		{Code: wire.ReqUpdateAndCreateSubscriptiongroupList, Mode: remoting.Blocking, Handle: b.updateGroupList},
		{Code: wire.ReqDeleteSubscriptiongroup, Mode: remoting.Pooled, Handle: with(wire.DeleteSubscriptionGroupRequest,
			b.deleteGroup)},
		{Code: wire.ReqGetSubscriptiongroupConfig, Mode: remoting.Pooled, Handle: with(wire.GroupRequest, b.groupConfig)},
	}
}

// groupList is the body of 225. Java: SubscriptionGroupList.
type groupList struct {
	GroupConfigList []protocol.SubscriptionGroupConfig `json:"groupConfigList"`
}

func (b *Broker) updateGroup(ctx *remoting.Context) {
	g := protocol.NewSubscriptionGroupConfig("")
	if err := decodeBody(ctx, &g); errors.Is(err, errNoBody) {
		ctx.Status(wire.Success, "")
		return
	} else if err != nil {
		fail(ctx, err)
		return
	}
	b.changeGroups(ctx, g)
}

func (b *Broker) updateGroupList(ctx *remoting.Context) {
	var l groupList
	if err := decodeBody(ctx, &l); err != nil {
		fail(ctx, err)
		return
	}
	b.changeGroups(ctx, l.GroupConfigList...)
}

func (b *Broker) changeGroups(ctx *remoting.Context, groups ...protocol.SubscriptionGroupConfig) {
	for i := range groups {
		if err := b.checkGroup(&groups[i]); err != nil {
			ctx.Status(wire.InvalidParameter, err.Error())
			return
		}
	}
	for _, g := range groups {
		if err := b.groups.Update(g); err != nil {
			fail(ctx, err)
			return
		}
		b.log.Info().Str("group", g.GroupName).Str("peer", ctx.Conn().RemoteAddr()).Msg("group changed")
	}
	b.persist.Now() // Java writes before it answers
	ctx.Status(wire.Success, "")
}

func (b *Broker) deleteGroup(ctx *remoting.Context, h *wire.DeleteSubscriptionGroupRequestHeader) {
	if b.groups.Remove(h.GroupName) {
		b.log.Info().Str("group", h.GroupName).Str("peer", ctx.Conn().RemoteAddr()).Msg("group deleted")
	}
	b.pulled.RemoveGroup(h.GroupName)
	b.deadLetters.Forget(h.GroupName)
	if h.CleanOffset {
		b.offsets.RemoveGroup(h.GroupName)
	}
	ctx.Status(wire.Success, "")
}

func (b *Broker) groupConfig(ctx *remoting.Context, h *wire.GroupHeader) {
	g := b.groups.Find(h.Group)
	if g == nil {
		ctx.Status(wire.SubscriptionGroupNotExist, "No group in this broker")
		return
	}
	respondJSON(ctx, g)
}
