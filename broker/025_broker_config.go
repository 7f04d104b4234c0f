package broker

// UPDATE_BROKER_CONFIG (25), GET_BROKER_CONFIG (26). Java: AdminBrokerProcessor, Configuration.
//
// A key that is Local (compat/config) or in configBlackList is refused with NO_PERMISSION, Java's answer for three of
// them: no peer moves the broker's files, addresses, programs or doors. The change is written to brokerConfigPath (the
// file of -c) before the answer, as in Java; only the lines of changed keys change there, and the file as it was first
// stays as .orig. All of a request is applied or nothing: a value that
// does not parse or is out of its bounds, a key that nobody knows, and a key that the running broker was built on are
// SYSTEM_ERROR. Java ignores the first two, half applies the third, and writes the file anew with all defaults.
// Secrets are not told: Java's answer to 26 has the passwords of initAuthenticationUser and its like.

import (
	"strings"
	"sync"

	"github.com/rs/zerolog"

	"gorocket/broker/cluster"
	"gorocket/broker/meta"
	"gorocket/broker/replication"
	"gorocket/compat"
	keys "gorocket/compat/config"
	"gorocket/remoting"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/vfs"
)

// configAdmin handles the configuration of a running broker.
type configAdmin struct {
	liveConfig
	confMu    *sync.Mutex        // serializes changes, those of the role among them
	confVer   compat.DataVersion // guarded by confMu
	store     *store.Store
	fs        vfs.FS
	topics    *meta.Topics
	register  *cluster.Registrar
	replica   *replication.Service
	log       zerolog.Logger
	throttled *throttle.Log
}

func (c *configAdmin) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqUpdateBrokerConfig, Mode: remoting.Blocking, Handle: c.updateConfig},
		{Code: wire.ReqGetBrokerConfig, Mode: remoting.Pooled, Handle: c.getConfig},
	}
}

func (c *configAdmin) updateConfig(ctx *remoting.Context) {
	if len(ctx.Req.Body) == 0 {
		ctx.OK(nil)
		return
	}
	p, err := compat.ParseProperties(ctx.Req.Body)
	if err != nil {
		ctx.Status(wire.SystemError, "string2Properties error")
		return
	}
	if keys.Closed(p, c.cfg().ConfigBlackList) { // Java: AdminBrokerProcessor.validateBlackListConfigExist
		c.throttled.Warn("config").Str("peer", ctx.Conn().RemoteAddr()).Strs("keys", p.Keys()).Msg(remoting.LogClosedKey)
		ctx.Status(wire.NoPermission, remoting.ClosedKey)
		return
	}
	if err := c.changeConfig(p); err != nil {
		fail(ctx, err)
		return
	}
	c.log.Info().Str("peer", ctx.Conn().RemoteAddr()).Str("keys", strings.Join(p.Keys(), ",")).Msg("configuration updated")
	c.republish(p)
	ctx.OK(nil)
}

// republish has NameServers and clients hear of what they are told, too.
func (c *configAdmin) republish(changed *compat.Properties) {
	if _, ok := changed.Get("brokerPermission"); ok {
		c.topics.Republish()
		c.register.Settled()
	}
}

// changeConfig applies all of p or nothing, and writes it to the file.
func (c *configAdmin) changeConfig(p *compat.Properties) error {
	c.confMu.Lock()
	defer c.confMu.Unlock()
	later, err := c.apply(p)
	if err != nil {
		return err
	}
	if len(later) > 0 {
		c.log.Warn().Strs("keys", later).Msg("changed configuration keys act at the next start")
	}
	path := c.cfg().BrokerConfigPath
	if path == "" {
		return nil
	}
	return vfs.EditFile(c.fs, path, func(text []byte) []byte { return compat.EditProperties(text, p) })
}

// apply makes all of p or nothing the configuration of this broker. later are the keys that act at the next start.
// Under confMu.
func (c *configAdmin) apply(p *compat.Properties) (later []string, err error) {
	old := c.cfg()
	next, later, err := old.Change(p)
	if err != nil {
		return nil, err
	}
	if err := c.store.Reconfigure(next.Config); err != nil {
		return nil, err
	}
	c.live.Store(next)
	next.Logs.Apply(&old.Logs)
	c.replica.Reconfigure()
	c.confVer.Next(0)
	return later, nil
}

func (c *configAdmin) getConfig(ctx *remoting.Context) {
	c.confMu.Lock()
	version := c.confVer
	c.confMu.Unlock()
	text, err := compat.Marshal(version)
	if err != nil {
		fail(ctx, err)
		return
	}
	resp := wire.VersionResponseHeader{Version: string(text)}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.VersionResponse, &resp,
		remoting.Body{Bytes: keys.Shown(c.cfg().Properties()).Format()})
}
