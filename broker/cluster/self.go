package cluster

import (
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/meta"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
)

// Self is what a broker tells others of itself, and how it does: a snapshot, asked for anew each time, because the
// configuration and the role change while it runs.
type Self struct {
	Identity   wire.BrokerIdentityHeader
	HAAddr     string // where slaves connect, host:port
	Permission int    // protocol.PermRead, PermWrite: what topics may do at most

	RegisterPeriod  time.Duration // between full registrations
	RegisterTimeout time.Duration // for one request of a registration
	ForwardTimeout  time.Duration // for a question to another broker
	MaxTopics       int           // of one request of a registration; 0: any number
	Compressed      bool          // registrations are deflated
	// Acting says that the brokers of this name stand in for each other: its NameServers show a slave as the master
	// while there is none, and forget whoever is silent for AliveTimeout
	Acting       bool
	AliveTimeout time.Duration
	// Controlled says that controllers decide whose the route is: who lost it does not take it back
	Controlled bool
}

// permitted narrows each topic's permission to the broker's when that is not read and write.
func (s *Self) permitted(topics map[string]*protocol.TopicConfig) map[string]*protocol.TopicConfig {
	perm := s.Permission
	if perm&protocol.PermRead != 0 && perm&protocol.PermWrite != 0 {
		return topics
	}
	out := make(map[string]*protocol.TopicConfig, len(topics))
	for name, t := range topics {
		c := *t
		c.Perm &= perm
		out[name] = &c
	}
	return out
}

// Deps is what a Registrar needs of its broker.
type Deps struct {
	Self   func() *Self // any goroutine
	Client *remoting.Client
	Topics *meta.Topics
	// Static tells of the static ones of these topics which broker leads which queue
	Static func(topics map[string]*protocol.TopicConfig) map[string]*protocol.TopicQueueMappingInfo
	// Master is told by each registration of a slave where the NameServer knows the master: its address and that of its
	// haListenPort, host:port, empty when it does not
	Master     func(addr, haAddr string)
	Log        zerolog.Logger
	Throttled  *throttle.Log
	LookPeriod time.Duration // how often a route is looked at; CheckPeriod, but in tests
}
