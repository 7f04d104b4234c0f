package controller

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gorocket/compat"
	"gorocket/compat/config"
	"gorocket/namesrv/controller/consensus"
	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/metrics"
	"gorocket/remoting/secure"
)

// Config is the controller's configuration. compat/config has the keys' meanings, units, defaults and bounds. Make one
// with DefaultConfig or LoadConfig. Java: ControllerConfig, NettyServerConfig.
type Config struct {
	BindAddress                    string `prop:"bindAddress"`
	ControllerType                 string `prop:"controllerType"`
	Group                          string `prop:"controllerDLegerGroup"`
	Peers                          string `prop:"controllerDLegerPeers"`
	SelfID                         string `prop:"controllerDLegerSelfId"`
	StorePath                      string `prop:"controllerStorePath"`
	MappedFileSize                 int64  `prop:"mappedFileSize"`
	ScanNotActiveBrokerInterval    int64  `prop:"scanNotActiveBrokerInterval"`
	ScanInactiveMasterInterval     int64  `prop:"scanInactiveMasterInterval"`
	ThreadPoolNums                 int    `prop:"controllerThreadPoolNums"`
	RequestThreadPoolQueueCapacity int    `prop:"controllerRequestThreadPoolQueueCapacity"`
	EnableElectUncleanMaster       bool   `prop:"enableElectUncleanMaster"`
	ElectMasterMaxRetryCount       int    `prop:"electMasterMaxRetryCount"`
	NotifyBrokerRoleChanged        bool   `prop:"notifyBrokerRoleChanged"`
	IsProcessReadEvent             bool   `prop:"isProcessReadEvent"`
	RocketmqHome                   string `prop:"rocketmqHome"`
	ConfigStorePath                string `prop:"configStorePath"`
	ConfigBlackList                string `prop:"configBlackList"`
	MetricsExporterType            string `prop:"metricsExporterType"`
	MetricsPromExporterPort        int    `prop:"metricsPromExporterPort"`
	MetricsPromExporterHost        string `prop:"metricsPromExporterHost"`
	ElectionTimeout                int    `prop:"controllerElectionTimeoutMillis"`
	Join                           bool   `prop:"controllerJoin"`
	MaxConnections                 int    `prop:"maxConnections"`
	MaxWaitingBytes                int64  `prop:"maxWaitingBytes"`
	FrameTimeout                   int    `prop:"frameTimeoutMillis"`
	MaxHeaderBytes                 int    `prop:"maxHeaderBytes"`

	metrics.Push
	config.Logs
	secure.Settings
	secure.Doors
	auth.Signing
	AuthenticationEnabled bool `prop:"controllerAuthenticationEnabled"`

	Version string // of the program; shown in the metrics. No key

	// extra keeps the keys of the config file that mean nothing here, so that persisting does not lose them. Immutable.
	extra *compat.Properties
}

// Keys implements config.Target.
func (*Config) Keys() config.Table { return config.Controller }

// DefaultConfig gives Java's defaults; the group, its peers and which of them this one is have none.
func DefaultConfig() Config {
	var c Config
	config.SetDefaults(&c)
	home, err := os.UserHomeDir()
	if err != nil {
		home = "."
	}
	c.RocketmqHome = os.Getenv("ROCKETMQ_HOME")
	c.StorePath = filepath.Join(home, "DLedgerController")
	c.ConfigStorePath = filepath.Join(home, "controller", "controller.properties")
	return c
}

// LoadConfig reads a properties file as Java's -c does, on top of DefaultConfig; UPDATE_CONTROLLER_CONFIG will write
// back to it. unknown lists keys that mean nothing here: the caller warns of them. Errors name file, key and value.
func LoadConfig(path string) (c Config, unknown []string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, nil, fmt.Errorf("controller config: %w", err)
	}
	props, err := compat.ParseProperties(text)
	if err != nil {
		return Config{}, nil, fmt.Errorf("controller config %s: %w", path, err)
	}
	c = DefaultConfig()
	if unknown, err = config.Bind(props, &c); err != nil {
		return Config{}, nil, fmt.Errorf("controller config %s: %w", path, err)
	}
	c.ConfigStorePath = path
	c.extra, c.Given = &compat.Properties{}, props.Keys()
	for _, key := range unknown {
		value, _ := props.Get(key)
		c.extra.Set(key, value)
	}
	return c, unknown, nil
}

// validate refuses what cannot work, and finds this member among its peers.
func (c *Config) validate() (peers []consensus.Peer, self consensus.Peer, err error) {
	errs := []error{config.Check(c), c.Signing.Check(), c.Push.Check(c.MetricsExporterType)}
	refuse := func(key, value, format string, args ...any) {
		errs = append(errs, &config.Error{Key: key, Value: value, Msg: fmt.Sprintf(format, args...)})
	}
	for key, addr := range map[string]string{"bindAddress": c.BindAddress,
		"metricsPromExporterHost": c.MetricsPromExporterHost} {
		if err := remoting.CheckListenHost(addr); err != nil {
			refuse(key, addr, "%s", err)
		}
	}
	for key, value := range map[string]string{"controllerDLegerGroup": c.Group, "controllerDLegerPeers": c.Peers,
		"controllerDLegerSelfId": c.SelfID, "controllerStorePath": c.StorePath, "configStorePath": c.ConfigStorePath} {
		if value == "" {
			refuse(key, "", "has to be set")
		}
	}
	if c.Peers != "" && c.SelfID != "" {
		var perr error
		if peers, perr = consensus.ParsePeers(c.Peers); perr != nil {
			refuse("controllerDLegerPeers", c.Peers, "%s", perr)
		} else if self = member(peers, c.SelfID); self.ID == "" {
			refuse("controllerDLegerSelfId", c.SelfID, "is not among controllerDLegerPeers %s", c.Peers)
		}
	}
	return peers, self, errors.Join(errs...)
}

func member(peers []consensus.Peer, id string) (self consensus.Peer) {
	for _, p := range peers {
		if p.ID == id {
			return p
		}
	}
	return consensus.Peer{}
}

func (c *Config) metricsHost() string { return cmp.Or(c.MetricsPromExporterHost, c.BindAddress) }

func millis(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
