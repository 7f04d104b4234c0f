package broker

import (
	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/guard"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// guardian is what asks each request who sends it and whether it may; nil when that is off. The keys of it cannot
// change while the broker runs.
func (b *Broker) guardian() func(*remoting.Conn, *wire.Command) string {
	c := b.cfg()
	if !c.On() {
		return nil
	}
	if c.AuthorizationEnabled && !c.AuthenticationEnabled {
		b.log.Warn().Msg("authorizationEnabled without authenticationEnabled: any sender may give the name of any user")
	}
	set := c.Options.Settings(c.BrokerClusterName)
	set.SuperOnly = c.Secure
	b.guard = guard.New(b.users, set, b.log, b.now)
	return guard.Of(b.guard)
}

// accounts are what handlers of users and permissions change.
func (b *Broker) accounts() accounts { return accounts{b.users, b.persist, b.log} }

// doors are for handlers of requests that name a place in the log.
type doors struct{ guard func() *auth.Service }

func (b *Broker) doors() doors { return doors{func() *auth.Service { return b.guard }} }

// refusal tells why the sender of a request may not have a message of a topic, "" when it may: see auth.MayHave. nil
// where nobody is asked: it may have all.
func (d doors) refusal(ctx *remoting.Context, action auth.Action) func(topic string) string {
	g := d.guard()
	if g == nil {
		return nil
	}
	return func(topic string) string {
		return g.MayHave(ctx.Req, guard.Peer(ctx.Conn()), topic, auth.Of(action))
	}
}

// mayHave answers a request for a record that its sender may not have, and returns false then.
func (d doors) mayHave(ctx *remoting.Context, rec []byte, action auth.Action) bool {
	refusal := d.refusal(ctx, action)
	if refusal == nil {
		return true
	}
	m, err := record.Decode(rec)
	if err != nil {
		fail(ctx, err)
		return false
	}
	if why := refusal(string(m.Topic)); why != "" {
		ctx.Status(wire.NoPermission, why)
		return false
	}
	return true
}
