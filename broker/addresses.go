package broker

import (
	"time"

	"gorocket/broker/config"
	"gorocket/compat/stamp"
)

// addressesEvery is how often the file of -c is looked at.
const addressesEvery = time.Second

// followAddresses looks at the file, if there is one, until the broker stops. Where something else than the file has
// named them, a flag or the environment, that stays.
func (b *Broker) followAddresses() {
	path := b.cfg().BrokerConfigPath
	if path == "" {
		return
	}
	var seen stamp.Files
	b.addresses.Read = func(failing bool) (read bool, err error) {
		if !seen.Changed([]string{path}) && !failing {
			return false, nil
		}
		c, _, err := config.Load(path)
		if err == nil && c.InFile != b.cfg().InFile {
			err = b.moveTo(c.InFile)
		}
		return true, err
	}
	b.addresses.Told = func(err error) {
		if err != nil {
			b.log.Warn().Err(err).Msg("the file has changed and cannot be used")
		}
	}
	b.addresses.Start(addressesEvery)
}

// moveTo makes other addresses the broker's, unless they cannot be used.
func (b *Broker) moveTo(a config.Addresses) error {
	b.confMu.Lock()
	defer b.confMu.Unlock()
	line := b.log.Info().Str("namesrvAddr", a.Namesrv).Str("controllerAddr", a.Controllers)
	next := *b.cfg()
	if next.Addresses() != next.InFile {
		line.Msg("other addresses stand in the file, but a flag or the environment has named them: nothing changes")
		return nil
	}
	next.NamesrvAddr, next.ControllerAddr, next.InFile = a.Namesrv, a.Controllers, a
	names, err := next.NameServers()
	if err == nil {
		_, err = next.Controllers()
	}
	if err != nil {
		return err
	}
	b.live.Store(&next)
	b.register.Follow(names)
	line.Msg("other addresses stand in the file: they are used from now on")
	return nil
}
