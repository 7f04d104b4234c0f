package broker

import (
	"bytes"
	"fmt"
	"os"

	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/auth/plain"
	"gorocket/remoting/guard"
	"gorocket/remoting/secure"
	"gorocket/remoting/wire"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// guardian is what asks each request who sends it and whether it may; nil when that is off. The keys of it cannot
// change while the broker runs. With aclEnable, too, both have to let a request in: who is asked for less than before
// while users are moved has been given away.
func (b *Broker) guardian() func(*remoting.Conn, *wire.Command) remoting.Refusal {
	c := b.cfg()
	if c.AuthorizationEnabled && !c.AuthenticationEnabled {
		b.log.Warn().Msg("authorizationEnabled without authenticationEnabled: any sender may give the name of any user")
	}
	var all []guard.Checker
	if b.plain != nil {
		all = append(all, b.plain)
		if c.On() {
			b.log.Warn().Msg("aclEnable and authenticationEnabled: each request has to be let in by both: whoever signs needs " +
				"to be in the files of accounts and among the users, with the same secret")
		}
	}
	if c.On() {
		if n, _ := b.users.Sizes(); n == 0 && c.AuthenticationEnabled && !c.IsSlave() { // a slave gets its master's
			b.log.Error().Msg("authenticationEnabled, and there is no user: nobody can sign, and nobody can make one: set " +
				"initAuthenticationUser={\"username\":\"...\",\"password\":\"...\"} and start again")
		}
		if c.AuthenticationEnabled && c.Credentials() == nil && (c.IsSlave() || c.EnableControllerMode) {
			b.log.Warn().Msg("a slave without innerClientAuthenticationCredentials, where signatures are asked for: its " +
				"master refuses it topics, groups, offsets and users; give all brokers of the cluster the same")
		}
		set := c.Options.Settings(c.BrokerClusterName)
		set.SuperOnly = c.Secure
		b.guard = guard.New(b.users, set, b.log, b.now)
		all = append(all, b.guard)
	}
	return guard.Of(all...)
}

// openAccounts reads the accounts of ACL 1.0, and makes users of them if that is wanted. After the tables are loaded.
func (b *Broker) openAccounts() error {
	c := b.cfg()
	if c.MigrateAuthFromV1Enabled && !c.IsSlave() {
		told := func(text string, err error) { b.log.Warn().Err(err).Msg("migrateAuthFromV1Enabled: " + text) }
		n, err := plain.Migrate(c.Home(), b.users, told)
		if err != nil {
			return fmt.Errorf("broker: migrateAuthFromV1Enabled: %w", err)
		}
		b.log.Info().Int("users", n).Msg("accounts of ACL 1.0 became users")
	}
	if !c.ACLEnable {
		return nil
	}
	set := plain.Settings{Home: c.Home(), Strict: c.AuthorizationStrictMode, Cluster: c.BrokerClusterName,
		Alone: !c.On(), Told: b.accountsRead,
		Write: func(name string, data []byte) error {
			if _, err := os.Stat(name); err != nil {
				return vfs.WriteFilePrivate(vfs.OS{}, name, data)
			}
			return vfs.WriteFileAtomic(vfs.OS{}, name, data)
		}}
	var err error
	if b.plain, err = plain.New(set, guard.Auditor(b.log), b.now); err != nil {
		return fmt.Errorf("broker: aclEnable: %w", err)
	}
	if b.plain.Sizes() == 0 {
		b.log.Error().Str("rocketmqHome", c.Home()).Msg("aclEnable, and there is no account: nobody but white addresses is " +
			"let in")
	}
	b.accountsRead(nil, b.plain.Doubts())
	b.plain.Start()
	return nil
}

// accountsRead logs that the files of accounts were read, or cannot be used; what was read before stays then.
func (b *Broker) accountsRead(err error, doubts []string) {
	if err != nil {
		b.log.Error().Err(err).Msg("accounts cannot be read again: those from before stay")
		return
	}
	b.log.Info().Int("accounts", b.plain.Sizes()).Msg("accounts were read")
	for _, d := range doubts[:min(len(doubts), maxDoubts)] {
		b.log.Warn().Msg(d)
	}
	if n := len(doubts) - maxDoubts; n > 0 {
		b.log.Warn().Int("more", n).Msg("accounts: further doubts")
	}
}

// maxDoubts is how many doubts about accounts are logged at once.
const maxDoubts = 50

// tallies count the requests of those who check them.
func (b *Broker) tallies() (all []*auth.Tallies) {
	if b.plain != nil {
		all = append(all, b.plain.Tallies())
	}
	if b.guard != nil {
		all = append(all, b.guard.Tallies())
	}
	return all
}

// replicationPeer is what replication is encrypted with, nil: it is not.
func (b *Broker) replicationPeer() (*secure.Peer, error) {
	if !b.cfg().HATLSEnable {
		return nil, nil
	}
	as := b.cfg().Credentials()
	if as == nil {
		as = &auth.Credentials{}
	}
	return b.certs.Peer(as.AccessKey, as.SecretKey)
}

// accounts are what handlers of users and permissions change.
func (b *Broker) accounts() accounts { return accounts{b.users, b.persist, b.log} }

// doors are for handlers of requests that name a place in the log.
type doors struct{ keepers func() []doorkeeper }

// doorkeeper tells why the sender of a request may not have a message, see auth.MayHave.
type doorkeeper interface {
	MayHave(c *wire.Command, p auth.Peer, topic string, actions auth.Actions) (refused string)
}

func (b *Broker) doors() doors {
	return doors{func() (all []doorkeeper) {
		if b.plain != nil {
			all = append(all, b.plain)
		}
		if b.guard != nil {
			all = append(all, b.guard)
		}
		return all
	}}
}

// refusal tells why the sender of a request may not have a message of a topic, "" when it may: see auth.MayHave. nil
// where nobody is asked: it may have all.
func (d doors) refusal(ctx *remoting.Context, action auth.Action) func(topic string) string {
	return d.of(ctx.Req, guard.Peer(ctx.Conn()), action)
}

func (d doors) of(req *wire.Command, peer auth.Peer, action auth.Action) func(topic string) string {
	all := d.keepers()
	if len(all) == 0 {
		return nil
	}
	return func(topic string) string {
		for _, k := range all {
			if why := k.MayHave(req, peer, topic, auth.Of(action)); why != "" {
				return why
			}
		}
		return ""
	}
}

// later tells whether the sender of a request may do something to a topic after it was answered: by what users and
// permissions are then. nil where nobody is asked.
func (d doors) later(ctx *remoting.Context, action auth.Action) func(topic string) bool {
	who := &wire.Command{Code: ctx.Req.Code}
	if name, ok := ctx.Req.Get(auth.FieldAccessKey); ok {
		who.Fields = []wire.Field{{Key: []byte(auth.FieldAccessKey), Value: bytes.Clone(name)}}
	}
	refusal := d.of(who, guard.Peer(ctx.Conn()), action)
	if refusal == nil {
		return nil
	}
	return func(topic string) bool { return refusal(topic) == "" }
}

// rules tells of changes: another number after each one of users, accounts and permissions, 0 where nobody is asked.
// Whoever has waited since there was another one has to come again, to be asked again: it may be refused now.
func (b *Broker) rules() (n int64) {
	if b.plain != nil {
		n += b.plain.Changes()
	}
	if b.guard != nil {
		n += b.guard.Changes()
	}
	return n
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
