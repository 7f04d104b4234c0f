package broker

import (
	"time"

	"github.com/rs/zerolog"

	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/throttle"
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
	b.guard = auth.NewService(b.users, c.Options.Settings(c.BrokerClusterName), auditor(b.log), b.now)
	return func(c *remoting.Conn, req *wire.Command) string {
		return b.guard.Check(req, peerOf(c))
	}
}

// doors are for handlers of requests that name a place in the log.
type doors struct{ guard func() *auth.Service }

func (b *Broker) doors() doors { return doors{func() *auth.Service { return b.guard }} }

// refusal tells why the sender of a request may not have a message of a topic, "" when it may: see auth.MayHave.
func (d doors) refusal(ctx *remoting.Context, action auth.Action) func(topic string) string {
	return func(topic string) string {
		if g := d.guard(); g != nil {
			return g.MayHave(ctx.Req, peerOf(ctx.Conn()), topic, auth.Of(action))
		}
		return ""
	}
}

// mayHave answers a request for a record that its sender may not have, and returns false then.
func (d doors) mayHave(ctx *remoting.Context, rec []byte, action auth.Action) bool {
	m, err := record.Decode(rec)
	if err != nil {
		fail(ctx, err)
		return false
	}
	if why := d.refusal(ctx, action)(string(m.Topic)); why != "" {
		ctx.Status(wire.NoPermission, why)
		return false
	}
	return true
}

func peerOf(c *remoting.Conn) auth.Peer {
	return auth.Peer{Conn: c.ID(), Addr: c.RemoteAddrPort().Addr()}
}

// signer is what signs the broker's own requests; nil for nobody.
func (b *Broker) signer() remoting.Signer {
	if c := b.cfg().Credentials(); c != nil {
		return auth.NewSigner(*c)
	}
	return nil
}

// The audit log has so many lines of refused requests, and as many of what administrators did, in a period; the others
// are counted.
const (
	auditBurst  = 100
	auditPeriod = time.Second
	auditText   = 300 // bytes of one text that a peer gives
)

// auditor logs refused requests and what administrators did. Java: the logger RocketmqAuthAudit.
func auditor(log zerolog.Logger) func(auth.Event) {
	throttled := throttle.New(log, auditBurst, auditPeriod)
	clip := func(s string) string { return s[:min(len(s), auditText)] }
	return func(e auth.Event) {
		line := throttled.Info("administered")
		if e.Refused != "" {
			line = throttled.Warn("refused").Str("refused", clip(e.Refused))
		}
		line.Str("user", clip(e.User)).Str("peer", e.Peer.Addr.String()).Int32("code", e.Code).
			Str("resource", clip(e.Resource)).Str("actions", e.Actions.String()).Msg("audit")
	}
}
