package config

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"gorocket/broker/meta"
	"gorocket/compat"
	keys "gorocket/compat/config"
	"gorocket/remoting"
	"gorocket/store"
	"gorocket/store/vfs"
)

// validate checks every value: the same at the start and for a change over the wire.
func (c *Config) validate() error {
	errs := []error{keys.Check(c)}
	refuse := func(bad bool, key, value, why string) {
		if bad {
			errs = append(errs, &keys.Error{Key: key, Value: value, Msg: why})
		}
	}
	refuse(c.IsSlave() && c.BrokerID == 0, "brokerId", "0", "a slave's must be above 0: 0 is the master's")
	refuse(c.EnableControllerMode && c.EnableSlaveActingMaster, "enableSlaveActingMaster", "true",
		"with enableControllerMode the controllers decide who takes the place of a master")
	refuse(c.EnableControllerMode && c.BrokerHeartbeatInterval >= c.ControllerHeartBeatTimeoutMills,
		"brokerHeartbeatInterval", strconv.Itoa(c.BrokerHeartbeatInterval), fmt.Sprintf("must be below "+
			"controllerHeartBeatTimeoutMills, %d: the controllers would take this broker for dead again and again",
			c.ControllerHeartBeatTimeoutMills))
	if _, err := c.Controllers(); err != nil {
		errs = append(errs, err)
	}
	for key, name := range map[string]string{"brokerName": c.BrokerName, "brokerClusterName": c.BrokerClusterName} {
		refuse(name == "" || len(name) > compat.TopicMaxLength, key, name,
			fmt.Sprintf("must have 1 to %d characters", compat.TopicMaxLength))
		refuse(name != "" && !compat.IsFolderName(name), key, name, "it is a topic too, whose folder cannot have this name")
		refuse(c.EnableControllerMode && strings.Contains(name, "#"), key, name, "with enableControllerMode it stands in "+
			"brokerIdentity, where # ends it: the next start could not read that")
	}
	for key, addr := range map[string]string{"bindAddress": c.BindAddress,
		"metricsPromExporterHost": c.MetricsPromExporterHost} {
		if err := remoting.CheckListenHost(addr); err != nil {
			refuse(true, key, addr, err.Error())
		}
	}
	if _, err := c.NameServers(); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, c.Options.Check(), c.Push.Check(c.MetricsExporterType))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	return c.Config.Validate()
}

// NameServers splits namesrvAddr.
func (c *Config) NameServers() ([]string, error) { return addresses("namesrvAddr", c.NamesrvAddr) }

// Controllers splits controllerAddr. Without enableControllerMode there are none.
func (c *Config) Controllers() ([]string, error) {
	if !c.EnableControllerMode {
		return nil, nil
	}
	addrs, err := addresses("controllerAddr", c.ControllerAddr)
	if err == nil && len(addrs) == 0 {
		err = &keys.Error{Key: "controllerAddr", Msg: "enableControllerMode needs the addresses of the controllers"}
	}
	return addrs, err
}

// addresses splits a list of host:port.
func addresses(key, list string) ([]string, error) {
	var addrs []string
	for a := range strings.SplitSeq(list, ";") {
		a = strings.TrimSpace(a)
		if a == "" {
			continue
		}
		host, port, err := net.SplitHostPort(a)
		n, err2 := strconv.Atoi(port)
		if err != nil || err2 != nil || host == "" || n < 1 || n > 65535 {
			why := fmt.Sprintf("%q is not host:port", a)
			return nil, &keys.Error{Key: key, Value: list, Msg: why}
		}
		addrs = append(addrs, a)
	}
	return addrs, nil
}

// mustBeOff are keys of Java that must not be ignored when they are true: the operator relies on what they switch on.
var mustBeOff = []string{"enableDLegerCommitLog", "timerRocksDBEnable"}

// refuse finds keys that ask for what is not there.
func refuse(p *compat.Properties) error {
	var errs []error
	for _, key := range mustBeOff {
		if v, ok := p.Get(key); ok && isTrue(v) {
			errs = append(errs, &keys.Error{Key: key, Value: v, Msg: "not supported yet; take it out to run without it",
				Line: p.Line(key)})
		}
	}
	mode, _ := p.Get("enableControllerMode")
	if v, ok := p.Get("brokerId"); ok && strings.HasPrefix(strings.TrimSpace(v), "-") && !isTrue(mode) {
		errs = append(errs, &keys.Error{Key: "brokerId", Value: v, Line: p.Line("brokerId"),
			Msg: "only with enableControllerMode is it given; use 0 for a master"})
	}
	return errors.Join(errs...)
}

func isTrue(v string) bool { return strings.EqualFold(strings.TrimSpace(v), "true") }

// withoutEffect drops the keys of unknown that ask for nothing: those of mustBeOff that are off.
func withoutEffect(p *compat.Properties, unknown []string) []string {
	return slices.DeleteFunc(unknown, func(key string) bool {
		v, _ := p.Get(key)
		return slices.Contains(mustBeOff, key) && !isTrue(v)
	})
}

// Load reads a broker.conf on top of Java's defaults. unknown lists keys that have no effect here. Errors name
// the file, the key and the value. An empty path gives the defaults.
func Load(path string) (c Config, unknown []string, err error) {
	c = Default()
	if path == "" {
		return c, nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return c, nil, fmt.Errorf("broker: configuration: %w", err)
	}
	p, err := compat.ParseProperties(text)
	if err == nil {
		err = refuse(p)
	}
	if err == nil {
		unknown, err = c.Bind(p)
	}
	if err != nil {
		return c, unknown, fmt.Errorf("broker: configuration %s: %w", path, err)
	}
	c.BrokerConfigPath, c.InFile, c.Given = path, c.Addresses(), p.Keys()
	return c, withoutEffect(p, unknown), nil
}

// Offline is a store directory of a stopped broker with this configuration, for verify, repair and export. The
// directory's own table of topics says which have batch queues, as in a start; one that cannot be read, which a start
// refuses and verify tells of, says of none.
func (c *Config) Offline(dir string) store.Offline {
	cfg := c.Config
	cfg.StorePathRootDir = dir
	topics, _ := meta.ReadTopics(vfs.OS{}, dir)
	return store.Offline{Config: cfg, FS: vfs.OS{},
		IsBatchTopic: func(topic string) bool { return meta.IsBatch(topics.Get(topic)) }}
}
