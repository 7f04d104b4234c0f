package broker

import (
	"os"
	"time"

	"gorocket/broker/config"
)

// addressesEvery is how often the file of -c is looked at.
const addressesEvery = time.Second

// followAddresses looks at the file, if there is one, until the broker stops. Where something else than the file has
// named them, a flag or the environment, that stays.
func (b *Broker) followAddresses() {
	if b.cfg().BrokerConfigPath != "" {
		b.wg.Go(b.watchAddresses)
	}
}

func (b *Broker) watchAddresses() {
	path, was := b.cfg().BrokerConfigPath, b.cfg().InFile
	var seen time.Time
	t := time.NewTicker(addressesEvery)
	defer t.Stop()
	for {
		select {
		case <-b.stop:
			return
		case <-t.C:
			var next config.Addresses
			if seen, next = b.readAddresses(path, seen, was); next != was {
				was = next
				b.moveTo(next)
			}
		}
	}
}

// readAddresses are those of the file, or was when that has not changed since seen, or cannot be used.
func (b *Broker) readAddresses(path string, seen time.Time, was config.Addresses) (time.Time,
	config.Addresses) {
	info, err := os.Stat(path)
	if err != nil || info.ModTime().Equal(seen) && time.Since(seen) > time.Minute {
		return seen, was
	}
	c, _, err := config.Load(path)
	if err != nil {
		b.throttled.Warn("addresses").Err(err).Msg("the file has changed and cannot be used")
		return seen, was
	}
	return info.ModTime(), c.InFile
}

// moveTo makes other addresses the broker's.
func (b *Broker) moveTo(a config.Addresses) {
	b.confMu.Lock()
	defer b.confMu.Unlock()
	line := b.log.Info().Str("namesrvAddr", a.Namesrv).Str("controllerAddr", a.Controllers)
	next := *b.cfg()
	if next.Addresses() != next.InFile {
		line.Msg("other addresses stand in the file, but a flag or the environment has named them: nothing changes")
		return
	}
	next.NamesrvAddr, next.ControllerAddr, next.InFile = a.Namesrv, a.Controllers, a
	names, err := next.NameServers()
	if err == nil {
		_, err = next.Controllers()
	}
	if err != nil {
		b.throttled.Warn("addresses").Err(err).Msg("the file has other addresses, which cannot be used")
		return
	}
	b.live.Store(&next)
	b.register.Follow(names)
	line.Msg("other addresses stand in the file: they are used from now on")
}
