package broker

// UPDATE_BROKER_CONFIG (25), GET_BROKER_CONFIG (26). Java: AdminBrokerProcessor, Configuration.
//
// The whole configuration is written to brokerConfigPath (the file of -c) before the answer, as in Java. Differences, all on the careful side: a value that
// does not parse and a key that cannot change while the broker runs are SYSTEM_ERROR and nothing changes; Java ignores the one and half applies the other.

import (
	"errors"
	"fmt"
	"strings"

	"gorocket/compat"
	"gorocket/compat/body"
	"gorocket/remoting"
	"gorocket/store/vfs"
)

func (b *Broker) configEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: remoting.ReqUpdateBrokerConfig, Mode: remoting.Blocking, Handle: b.updateConfig},
		{Code: remoting.ReqGetBrokerConfig, Mode: remoting.Pooled, Handle: b.getConfig},
	}
}

// frozenKeys name what the running broker was built on. The store adds its paths and file sizes.
var frozenKeys = map[string]bool{
	"brokerName": true, "brokerClusterName": true, "brokerId": true, "brokerRole": true, "listenPort": true, "bindAddress": true, "brokerIP1": true, "brokerIP2": true,
	"haListenPort": true, "storeType": true, "messageDelayLevel": true, "namesrvAddr": true,
}

func (b *Broker) updateConfig(ctx *remoting.Context) {
	if len(ctx.Req.Body) == 0 {
		ctx.OK(nil)
		return
	}
	p, err := compat.ParseProperties(ctx.Req.Body)
	if err != nil {
		ctx.Status(remoting.SystemError, "string2Properties error")
		return
	}
	if b.blackListed(p) {
		ctx.Status(remoting.NoPermission, "Can not update config in black list.")
		return
	}
	if err := b.changeConfig(p); err != nil {
		fail(ctx, err)
		return
	}
	b.log.Info().Str("peer", ctx.Conn().RemoteAddr()).Str("keys", strings.Join(p.Keys(), ",")).Msg("configuration updated")
	if _, ok := p.Get("brokerPermission"); ok {
		b.topics.republish()
		b.register.settled()
	}
	ctx.OK(nil)
}

// blackListed tells whether p holds a key that may not be changed over the wire. Java: AdminBrokerProcessor.initConfigBlackList.
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
	next := *b.cfg()
	if _, err := next.Bind(p); err != nil {
		return err
	}
	if err := errors.Join(refuse(p), next.validate(), frozen(b.cfg(), &next)); err != nil {
		return err
	}
	if err := b.store.Reconfigure(next.Config); err != nil {
		return err
	}
	b.live.Store(&next)
	b.confVer.Next(0)
	if next.BrokerConfigPath == "" {
		return nil
	}
	return vfs.WriteFileAtomic(vfs.OS{}, next.BrokerConfigPath, next.Properties().Format())
}

func frozen(old, next *Config) error {
	was, is := compat.ToProperties(old), compat.ToProperties(next)
	for _, key := range is.Keys() {
		a, _ := was.Get(key)
		v, _ := is.Get(key)
		if frozenKeys[key] && a != v {
			return &compat.ConfigError{Key: key, Value: v, Msg: fmt.Sprintf("cannot change while the broker runs (now %q)", a)}
		}
	}
	return nil
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
	resp := remoting.VersionResponseHeader{Version: string(text)}
	remoting.Respond(&ctx.Replier, remoting.Success, "", remoting.VersionResponse, &resp, remoting.Body{Bytes: b.cfg().Properties().Format()})
}

// republish counts a change of all topics and registers them again: their permissions look different from outside.
func (t *topicTable) republish() {
	t.mu.Lock()
	t.version.Next(0)
	var all []*body.TopicConfig
	t.entries.Range(func(_, v any) bool {
		all = append(all, v.(*body.TopicConfig))
		return true
	})
	t.mu.Unlock()
	for _, c := range all {
		t.publish(c)
	}
}
