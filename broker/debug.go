package broker

import (
	"slices"

	"gorocket/broker/clients"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// What level debug tells of clients: connections, who joins and leaves a group, requests that are refused. At other
// levels none of it costs anything. The level is fixed at the start.

func (b *Broker) debug() bool { return b.log.Debug().Enabled() }

// debugEvents adds the lines about connections and refusals.
func (b *Broker) debugEvents(e *remoting.Events) {
	if !b.debug() {
		return
	}
	e.Opened = func(c *remoting.Conn) { b.log.Debug().Str("peer", c.RemoteAddr()).Msg(remoting.LogOpened) }
	closed := e.Closed
	e.Closed = func(c *remoting.Conn, err error) {
		b.log.Debug().Str("peer", c.RemoteAddr()).Str("reason", remoting.CloseReason(err)).
			Strs("groups", b.consumers.GroupsOf(c)).Strs("producerGroups", b.producers.GroupsOf(c)).
			Msg(remoting.LogClosed)
		closed(c, err)
	}
	e.Answered = func(c *remoting.Conn, code int32, remark string) {
		switch code {
		case wire.PullNotFound, wire.PullRetryImmediately, wire.PullOffsetMoved, wire.QueryNotFound:
			return // everyday answers
		}
		b.log.Debug().Str("peer", c.RemoteAddr()).Int32("answer", code).Str("remark", remark).Msg(remoting.LogAnswered)
	}
}

// unknownGroups lists the groups of a heartbeat in which its connection is new.
func (b *Broker) unknownGroups(who *clients.Client, h *clients.Heartbeat) (consumers, producers []string) {
	in := b.consumers.GroupsOf(who.Conn)
	for i := range h.ConsumerDataSet {
		if g := h.ConsumerDataSet[i].GroupName; !slices.Contains(in, g) {
			consumers = append(consumers, g)
		}
	}
	in = b.producers.GroupsOf(who.Conn)
	for _, p := range h.ProducerDataSet {
		if !slices.Contains(in, p.GroupName) {
			producers = append(producers, p.GroupName)
		}
	}
	return consumers, producers
}

// logJoined tells which of these groups the client is in by now.
func (b *Broker) logJoined(who *clients.Client, consumers, producers []string) {
	tell := func(kind string, wanted, in []string) {
		for _, g := range wanted {
			if slices.Contains(in, g) {
				b.log.Debug().Str("peer", who.Conn.RemoteAddr()).Str("client", who.ID).Str(kind, g).
					Stringer("language", who.Language).Int32("version", who.Version).Msg("client joined a group")
			}
		}
	}
	tell("group", consumers, b.consumers.GroupsOf(who.Conn))
	tell("producerGroup", producers, b.producers.GroupsOf(who.Conn))
}
