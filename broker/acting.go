package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"gorocket/broker/members"
	"gorocket/broker/worker"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/timer"
)

// What brokers of one name do for each other (enableSlaveActingMaster), see broker/members.

// hearLimit is how long a master that comes back tries to hear one of its slaves.
const hearLimit = 30 * time.Second

func (b *Broker) memberDeps() members.Deps {
	return members.Deps{Settings: b.memberSettings,
		Ask:     func(ctx context.Context) (map[int64]string, error) { return b.register.Members(ctx) },
		Beat:    func(ctx context.Context) { b.register.Beat(ctx) },
		Follows: func() bool { return b.replica.Follows() },
		Changed: func() { b.replica.Confirm() },
		Act:     b.act, Slaves: members.Slaves{Tell: b.tellSlave, Joined: b.slaveJoined, Take: b.takeFromSlave}, Log: b.log}
}

func (b *Broker) memberSettings() members.Settings {
	c := b.cfg()
	return members.Settings{ID: c.BrokerID, Slave: c.IsSlave(), Total: c.TotalReplicas, Deadline: hearLimit,
		Period: ms(c.SyncBrokerMemberGroupPeriod), Beat: ms(c.BrokerHeartbeatInterval)}
}

// asksSlaves tells whether this is a master that hears its slaves before it serves. Java: isIsolated.
func (b *Broker) asksSlaves() bool {
	c := b.cfg()
	return c.EnableSlaveActingMaster && c.TotalReplicas > 1 && !c.SkipPreOnline && !c.IsSlave() && c.NamesrvAddr != ""
}

// work begins what a master does by itself, or who stands in for one.
func (b *Broker) work() {
	if b.timers != nil {
		b.timers.Lead(true)
	}
	b.schedule.Start()
	b.trans.Start()
	if !b.cfg().IsSlave() { // a slave that stands in for its master hands nothing out
		b.pops.Start()
	}
}

// join makes this broker a part of the cluster.
func (b *Broker) join() {
	b.register.Start()
	if b.cfg().EnableSlaveActingMaster {
		b.members.Start()
	}
}

// comeOnline lets a master hear its slaves, and then work and be found.
func (b *Broker) comeOnline(stop <-chan struct{}) {
	ctx, cancel := worker.Until(stop)
	defer cancel()
	b.log.Info().Msg("hearing the slaves before this master comes online")
	b.hearing.Store(true)
	if b.members.Online(ctx); ctx.Err() != nil {
		return
	}
	b.work()
	b.hearing.Store(false)
	b.join()
	b.log.Info().Msg("online")
}

// act begins or ends what a slave does in its master's place.
func (b *Broker) act(on bool) {
	if on {
		b.work()
		return
	}
	b.pops.Stop()
	b.discardPopped()
	b.schedule.Stop()
	b.schedule.Changed()
	b.trans.Stop()
	if b.timers != nil {
		b.timers.Yield()
	}
}

// put stores a message that is due: here, or for a master that is away on another one.
func (b *Broker) put(r *store.Record) error {
	c := b.cfg()
	if !c.IsSlave() {
		_, err := b.store.Append(r)
		return err
	}
	if !c.EnableRemoteEscape {
		return errors.New("this slave stands in for its master and may not write (enableRemoteEscape=false)")
	}
	if r.Topic == timer.Topic {
		if err := unroll(r); err != nil {
			return err
		}
	}
	// what was committed, or comes late, is no half message there
	r.Properties = record.DeleteProperty(nil, r.Properties, protocol.PropTranMsg)
	r.SysFlag &^= record.SysFlagTransaction
	err := b.escape.Put(&r.Message, fmt.Sprintf("InnerProducerGroup_%s_%d", c.BrokerName, c.BrokerID))
	var refused *remoting.ResponseError
	if errors.As(err, &refused) && refused.Code == wire.MessageIllegal {
		return fmt.Errorf("%w: %w", record.ErrIllegal, err)
	}
	return err
}

// unroll makes of a timer message that goes on in the timer topic one that the other broker parks anew.
func unroll(r *store.Record) error {
	topic, _ := record.Property(r.Properties, record.PropRealTopic)
	at, _ := record.Property(r.Properties, timer.PropOutMs)
	slot, err := strconv.ParseInt(string(at), 10, 64)
	if err != nil || len(topic) == 0 {
		return fmt.Errorf("%w: a timer message with REAL_TOPIC=%.127q and TIMER_OUT_MS=%.20q", record.ErrIllegal, topic, at)
	}
	r.Topic = string(topic)
	for _, name := range []string{record.PropRealTopic, record.PropRealQueue, timer.PropOutMs, protocol.PropTimerDelaySec,
		protocol.PropTimerDelayMs} {
		r.Properties = record.DeleteProperty(nil, r.Properties, name)
	}
	r.Properties = record.SetProperty(nil, r.Properties, protocol.PropTimerDeliverMs, strconv.FormatInt(slot+1, 10))
	return nil
}

// timerStore is the store as the timers see it: what is due goes where put says.
type timerStore struct {
	*store.Store
	put func(*store.Record) error
}

// Append is store.Append, or for a master that is away on another one, without the place.
func (s timerStore) Append(r *store.Record) (store.Appended, error) {
	return store.Appended{}, s.put(r)
}

// tellSlave says where this master's log is. One of ours answers which transactions it has ended in this master's
// place.
func (b *Broker) tellSlave(ctx context.Context, addr string) error {
	c := b.cfg()
	h := wire.HAInfoHeader{HAAddr: c.HAAddr(), FlushOffset: b.store.OpenedEnd(), Addr: c.Addr()}
	resp, err := remoting.Call(ctx, b.client, addr, wire.ReqExchangeBrokerHaInfo, wire.HAInfoRequest, &h, nil)
	if err != nil || len(resp.Body) == 0 {
		return err
	}
	n, err := b.trans.Acted.Take(resp.Body)
	if n > 0 {
		b.log.Info().Str("slave", addr).Int("transactions", n).Msg("a slave has ended transactions in this master's place")
	}
	return err
}

// slaveJoined tells whether the slave at addr follows this master's log.
func (b *Broker) slaveJoined(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && b.replica.Joined(host)
}

// takeFromSlave takes over what a slave knows better than a master that was away: what was delivered in its place, and
// what consumers committed.
func (b *Broker) takeFromSlave(ctx context.Context, addr string) error {
	ask := func(code int32) ([]byte, error) {
		resp, err := remoting.Call(ctx, b.client, addr, code, wire.None, new(wire.NoHeader), nil)
		if err != nil {
			return nil, err
		}
		return resp.Body, nil
	}
	delays, err := ask(wire.ReqGetAllDelayOffset)
	if err == nil && len(delays) > 0 {
		err = b.followDelays(delays)
	}
	if err != nil {
		return fmt.Errorf("delay levels: %w", err)
	}
	if b.timers != nil {
		check, err := ask(wire.ReqGetTimerCheckPoint)
		var none *remoting.ResponseError
		if err == nil {
			err = b.timers.Advance(check)
		}
		if err != nil && !errors.As(err, &none) { // one without timers refuses
			return fmt.Errorf("timers: %w", err)
		}
	}
	if err := b.takeProgressOf(ctx, addr); err != nil {
		return fmt.Errorf("committed offsets: %w", err)
	}
	return nil
}
