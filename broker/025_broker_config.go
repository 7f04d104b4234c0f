package broker

// UPDATE_BROKER_CONFIG (25), GET_BROKER_CONFIG (26). Java: AdminBrokerProcessor, Configuration.
//
// The change is written to brokerConfigPath (the file of -c) before the answer, as in Java; only the lines of changed
// keys change there, and the file as it was first stays as .orig. All of a request is applied or nothing: a value that
// does not parse or is out of its bounds, a key that nobody knows, and a key that the running broker was built on are
// SYSTEM_ERROR. Java ignores the first two, half applies the third, and writes the file anew with all defaults.

import (
	"strings"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store/vfs"
)

func (b *Broker) configEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqUpdateBrokerConfig, Mode: remoting.Blocking, Handle: b.updateConfig},
		{Code: wire.ReqGetBrokerConfig, Mode: remoting.Pooled, Handle: b.getConfig},
	}
}

func (b *Broker) updateConfig(ctx *remoting.Context) {
	if len(ctx.Req.Body) == 0 {
		ctx.OK(nil)
		return
	}
	p, err := compat.ParseProperties(ctx.Req.Body)
	if err != nil {
		ctx.Status(wire.SystemError, "string2Properties error")
		return
	}
	if b.blackListed(p) {
		ctx.Status(wire.NoPermission, "Can not update config in black list.")
		return
	}
	if err := b.changeConfig(p); err != nil {
		fail(ctx, err)
		return
	}
	b.log.Info().Str("peer", ctx.Conn().RemoteAddr()).Str("keys", strings.Join(p.Keys(), ",")).Msg("configuration updated")
	if _, ok := p.Get("namesrvAddr"); ok {
		addrs, _ := b.cfg().NameServers() // checked by changeConfig
		b.register.Follow(addrs)
	}
	if _, ok := p.Get("brokerPermission"); ok {
		b.topics.Republish()
		b.register.Settled()
	}
	ctx.OK(nil)
}

// blackListed tells whether p holds a key that may not be changed over the wire. Java:
// AdminBrokerProcessor.initConfigBlackList.
func (b *Broker) blackListed(p *compat.Properties) bool {
	for key := range strings.SplitSeq("brokerConfigPath;rocketmqHome;configBlackList;"+b.cfg().ConfigBlackList, ";") {
		if _, ok := p.Get(strings.TrimSpace(key)); ok {
			return true
		}
	}
	return false
}

// changeConfig applies all of p or nothing.
func (b *Broker) changeConfig(p *compat.Properties) error {
	b.confMu.Lock()
	defer b.confMu.Unlock()
	next, later, err := b.cfg().Change(p)
	if err != nil {
		return err
	}
	if err := b.store.Reconfigure(next.Config); err != nil {
		return err
	}
	b.live.Store(next)
	b.confVer.Next(0)
	if len(later) > 0 {
		b.log.Warn().Strs("keys", later).Msg("changed configuration keys act at the next start")
	}
	if next.BrokerConfigPath == "" {
		return nil
	}
	return vfs.EditFile(b.fs, next.BrokerConfigPath,
		func(text []byte) []byte { return compat.EditProperties(text, p) })
}

func (b *Broker) getConfig(ctx *remoting.Context) {
	b.confMu.Lock()
	version := b.confVer
	b.confMu.Unlock()
	text, err := compat.Marshal(version)
	if err != nil {
		fail(ctx, err)
		return
	}
	resp := wire.VersionResponseHeader{Version: string(text)}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.VersionResponse, &resp,
		remoting.Body{Bytes: b.cfg().Properties().Format()})
}
