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
	if _, ok := p.Get("brokerPermission"); ok {
		c.topics.Republish()
		c.register.Settled()
	}
	ctx.OK(nil)
}

// changeConfig applies all of p or nothing.
func (c *configAdmin) changeConfig(p *compat.Properties) error {
	c.confMu.Lock()
	defer c.confMu.Unlock()
	next, later, err := c.cfg().Change(p)
	if err != nil {
		return err
	}
	if err := c.store.Reconfigure(next.Config); err != nil {
		return err
	}
	c.live.Store(next)
	c.replica.Reconfigure()
	c.confVer.Next(0)
	if len(later) > 0 {
		c.log.Warn().Strs("keys", later).Msg("changed configuration keys act at the next start")
	}
	if next.BrokerConfigPath == "" {
		return nil
	}
	return vfs.EditFile(c.fs, next.BrokerConfigPath,
		func(text []byte) []byte { return compat.EditProperties(text, p) })
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
