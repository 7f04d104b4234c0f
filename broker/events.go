package broker

import (
	"time"

	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/commitlog"
	"gorocket/store/datafile"
	"gorocket/store/dispatch"
	"gorocket/store/recovery"
	"gorocket/store/timer"
	"gorocket/store/vfs"
)

func (b *Broker) connEvents() remoting.Events {
	e := remoting.Events{
		Failed: b.fail, TooMany: b.tooMany, AcceptFailed: b.acceptFailed,
		Closed: func(c *remoting.Conn, _ error) { b.notices.Left(c) },
		BadFrame: func(c *remoting.Conn, err error) {
			b.throttled.Warn("frame").Err(err).Str("peer", c.RemoteAddr()).Msg(remoting.BadFrameText(err))
		},
		Overflow: func(c *remoting.Conn, n int) {
			b.throttled.Warn("overflow").Str("peer", c.RemoteAddr()).Int("bytes", n).Msg(remoting.LogOverflow)
		},
		Refused: b.overload.Refused,
		Panicked: func(c *remoting.Conn, code int32, v any, stack []byte) {
			b.throttled.Warn("panic").Str("peer", c.RemoteAddr()).Int32("code", code).Any("panic", v).Bytes("stack", stack).
				Msg(remoting.LogPanicked)
		},
	}
	b.debugEvents(&e)
	return e
}

func (b *Broker) storeEvents() store.EventListener {
	stored := b.messageStored
	if b.cfg().IsSlave() {
		stored = b.copied
	}
	return store.EventListener{
		MessageStored: stored,
		Settle:        b.settle,
		Consumed:      b.offsets.EachLeast,
		UnconsumedDeleted: func(file, topic string, queueID int32, from, to int64) {
			b.stats.UnconsumedDeleted.Add(to - from)
			b.log.Error().Str("file", file).Str("topic", topic).Int32("queueId", queueID).Int64("from", from).Int64("to",
				to).Msg("messages that a group has not consumed were deleted for want of disk space")
		},
		RecoveryProgress: func(p recovery.Progress) {
			b.log.Info().Str("phase", p.Phase).Str("file", p.File).Int64("offset", p.Offset).Int64("end",
				p.End).Msg("recovering the store")
		},
		QueueJump: func(j recovery.Jump) {
			b.log.Error().Str("topic", j.Topic).Int32("queueId", j.QueueID).Int64("expected", j.Want).Int64("found",
				j.Got).Int64("logOffset", j.LogOffset).
				Str("result", j.What).Msg("a queue offset in the commit log does not follow the one before it")
		},
		RecoveryDone: func(r recovery.Report) {
			b.log.Info().Bool("clean", r.Clean).Int64("from", r.From).Int64("to", r.To).Int64("records",
				r.Records).Int64("rebuilt", r.Rebuilt).
				Int64("trimmed", r.Trimmed).Int64("jumps", r.Jumps).Int64("tookMillis",
				r.Took.Milliseconds()).Bool("queuesKnown", r.QueuesKnown).Msg("store recovered")
		},
		Corruption: func(c *datafile.CorruptionError) { b.log.Error().Err(c).Msg("the store is damaged") },
		SegmentRolled: func(file string, base int64) {
			b.log.Info().Str("file", file).Int64("offset", base).Msg("commit log file begins")
		},
		SegmentDeleted: func(file string, base int64, forced bool) {
			b.log.Info().Str("file", file).Int64("offset", base).Bool("forced", forced).Msg("commit log file deleted")
		},
		FlushFailed: func(file string, err error) {
			b.log.Error().Err(err).Str("file", file).Msg("flush failed: sends are refused until restart")
		},
		BackgroundError: func(what, file string, err error) {
			b.throttled.Warn("store."+what).Err(err).Str("file", file).Msg(what)
		},
		StoppedUnclean: func(why error) {
			b.log.Error().Err(why).Msg("the store was not stopped cleanly: the next start recovers it")
		},
		LittleRoom: func(e *commitlog.RoomError) {
			b.log.Warn().Err(e).Msg("little room for the commit log")
		},
		Writable: func(why error) {
			if why != nil {
				b.log.Error().Err(why).Msg("sends are refused")
				return
			}
			b.log.Info().Msg("sends are accepted again")
		},
	}
}

// restored logs that a table does not hold what was written last.
func (b *Broker) restored(r vfs.Restored) {
	b.log.Warn().Str("file", r.File).Str("readInstead", r.From).AnErr("reason", r.Why).Msg(r.String())
}

// messageStored wakes what waits for the message: held pulls of its queue, the delay level it belongs to, or the
// timers. It runs in the appender.
func (b *Broker) messageStored(topic string, queueID int32, queueOffset, tagsCode, _ int64, rec []byte) {
	if topic == dispatch.ScheduleTopic {
		b.schedule.Stored(queueID)
		return
	}
	if topic == timer.Topic && b.timers != nil {
		b.timers.Poke()
	}
	b.holds.Arrived(topic, queueID, queueOffset, tagsCode, rec)
	b.pops.Arrived(topic, queueID, queueOffset, tagsCode, rec)
}

// publish is the store's Publish, with a look at the time. It runs once for each turn of an event loop that stored
// messages.
func (b *Broker) publish(end int64) error {
	began := time.Now()
	err := b.store.Publish(end)
	b.stats.Times.Turn(b.stats.Puts.Load(), time.Since(began).Milliseconds())
	return err
}

// What level debug tells of clients: connections, who joins and leaves a group, requests that are refused. At other
// levels none of it costs anything. The level is fixed at the start.

// debugEvents adds the lines about connections and refusals.
func (b *Broker) debugEvents(e *remoting.Events) {
	if !b.log.Debug().Enabled() {
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

// copied is messageStored on a slave.
func (b *Broker) copied(topic string, queueID int32, offset, tags, storeTime int64, rec []byte) {
	if b.replica != nil && (b.isSlave() || b.missing.leading.Load()) && b.topics.Find(topic) == nil {
		b.missing.note(topic)
		b.replica.Unknown()
	}
	b.messageStored(topic, queueID, offset, tags, storeTime, rec)
}
