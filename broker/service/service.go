package service

import (
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/clients"
	"gorocket/broker/config"
	"gorocket/broker/delay"
	"gorocket/broker/filter"
	"gorocket/broker/meta"
	"gorocket/broker/static"
	"gorocket/broker/stats"
	"gorocket/broker/trans"
	"gorocket/remoting/throttle"
	"gorocket/store"
	"gorocket/store/timer"
)

// Deps is what the services are given of their broker. All of it is immutable after New and safe for any goroutine.
type Deps struct {
	Config    *atomic.Pointer[config.Config] // what it points to is immutable; a change puts another one there
	Now       func() time.Time               // the wall clock, by which messages age
	StoreHost netip.AddrPort                 // what message ids carry

	Topics    *meta.Topics
	Groups    *meta.Groups
	Committed *meta.Offsets // where groups stand
	Pulled    *meta.Offsets // where their next pull will be, in memory only
	Consumers *clients.Consumers
	Locks     *clients.OrderLocks
	Filters   *filter.Manager
	Mappings  *static.Mappings
	Levels    *delay.Levels
	Trans     *trans.Service
	// Put stores in the place of a master that is away; InSync is how many brokers of this name are alive and nearly have
	// the whole log, this one counted
	Put    func(*store.Record) error
	InSync func() int

	Stats       *stats.Totals
	DeadLetters *stats.DeadLetters
	Log         zerolog.Logger
	Throttled   *throttle.Log
}

// base is what all services share.
type base struct {
	Deps
	bits   Bits
	store  *store.Store  // open from Open to the broker's stop
	timers *timer.Timers // nil with timerWheelEnable=false; set by Open
}

// Services are the services of one broker. Their methods may be called from any goroutine, between Open and the stop of
// the store.
type Services struct {
	base  *base
	Send  *Sender
	Pull  *Puller
	End   *Ender
	Query *Query
}

// New makes the services; Open gives them the store.
func New(d Deps) *Services {
	b := &base{Deps: d, bits: Bits{d.Config, d.Filters}}
	return &Services{base: b, Send: newSender(b), Pull: &Puller{b}, End: &Ender{b}, Query: &Query{b}}
}

// Open gives the services the store and the timers of a start; timers may be nil. Nobody calls a service before.
func (s *Services) Open(st *store.Store, timers *timer.Timers) {
	s.base.store, s.base.timers = st, timers
}

// cfg is the configuration of this moment. It must not be changed.
func (b *base) cfg() *config.Config { return b.Config.Load() }

// tableFull logs err, which says that a table takes no more; nil is nothing.
func (b *base) tableFull(err error) {
	if err != nil {
		b.Throttled.Warn("tableFull").Err(err).Msg("a table is full")
	}
}

// Bits notes with each message which SQL92 subscriptions want it.
type Bits struct {
	Config  *atomic.Pointer[config.Config]
	Filters *filter.Manager
}

// Note sets the bit map of the subscriptions that want a message, when enableCalcFilterBitMap is set; nil when nobody
// filters the topic. buf is memory to use, the result memory to keep. Java: CommitLogDispatcherCalcBitMap.
func (b *Bits) Note(r *store.Record, buf []byte) []byte {
	if !b.Config.Load().EnableCalcFilterBitMap {
		return buf
	}
	if r.FilterBits = b.Filters.BitMap(r.Topic, r.Properties, buf); r.FilterBits != nil {
		return r.FilterBits
	}
	return buf
}
