package static

import (
	"context"

	"github.com/rs/zerolog"

	"gorocket/broker/cluster"
	"gorocket/broker/meta"
	"gorocket/broker/worker"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/throttle"
	"gorocket/store"
)

// Deps is what static topics need of their broker.
type Deps struct {
	Store func() *store.Store
	Peers func() *cluster.Peers
	// as the NameServers know it; nil: unknown
	Route       func(ctx context.Context, topic string) *protocol.TopicRouteData
	Offsets     *meta.Offsets
	PhysicalMin func(topic string, queue int32) int64 // where a queue of this broker begins
	// Aside runs fn on a goroutine of its own, because it waits for another broker, or answers that too many do
	Aside      func(r *remoting.Replier, fn func(r *remoting.Replier))
	DeleteWhen func() string // hours in which mappings are cleaned
	Log        zerolog.Logger
	Throttled  *throttle.Log
}

// Service answers requests for static topics: it finds the piece of a logic queue that a request is for and asks the
// broker that has it. Handlers reach it through Of, which is nil for ordinary topics.
type Service struct {
	Mappings
	d    Deps
	loop worker.Group
}

// NewService makes a service without any mapping.
func NewService(d Deps) *Service {
	v := &Service{d: d}
	v.Mappings.init()
	return v
}

// Start cleans the mappings in the hours of deleteWhen, until Stop.
func (v *Service) Start() { v.loop.Start(v.run) }

// Stop ends the cleaning.
func (v *Service) Stop() { v.loop.Stop() }
