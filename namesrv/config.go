package namesrv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gorocket/compat"
	"gorocket/compat/config"
	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/metrics"
	"gorocket/remoting/secure"
)

// Config is the NameServer's configuration. compat/config has the keys' meanings, units, defaults and bounds. Make one
// with DefaultConfig or LoadConfig. Java: NamesrvConfig, NettyServerConfig.
type Config struct {
	BindAddress                       string `prop:"bindAddress"`
	ListenPort                        int    `prop:"listenPort"` // 0: any free port
	RocketmqHome                      string `prop:"rocketmqHome"`
	KVConfigPath                      string `prop:"kvConfigPath"`
	ConfigStorePath                   string `prop:"configStorePath"`
	ProductEnvName                    string `prop:"productEnvName"`
	ClusterTest                       bool   `prop:"clusterTest"` // read only; the mode itself is not built
	OrderMessageEnable                bool   `prop:"orderMessageEnable"`
	ReturnOrderTopicConfigToBroker    bool   `prop:"returnOrderTopicConfigToBroker"`
	ClientRequestThreadPoolNums       int    `prop:"clientRequestThreadPoolNums"`
	DefaultThreadPoolNums             int    `prop:"defaultThreadPoolNums"`
	ClientRequestThreadPoolQueueCap   int    `prop:"clientRequestThreadPoolQueueCapacity"`
	DefaultThreadPoolQueueCapacity    int    `prop:"defaultThreadPoolQueueCapacity"`
	ScanNotActiveBrokerInterval       int64  `prop:"scanNotActiveBrokerInterval"`
	UnRegisterBrokerQueueCapacity     int    `prop:"unRegisterBrokerQueueCapacity"`
	SupportActingMaster               bool   `prop:"supportActingMaster"`
	EnableAllTopicList                bool   `prop:"enableAllTopicList"`
	EnableTopicList                   bool   `prop:"enableTopicList"`
	NotifyMinBrokerIDChanged          bool   `prop:"notifyMinBrokerIdChanged"`
	EnableControllerInNamesrv         bool   `prop:"enableControllerInNamesrv"`
	NeedWaitForService                bool   `prop:"needWaitForService"`
	WaitSecondsForService             int    `prop:"waitSecondsForService"`
	DeleteTopicWithBrokerRegistration bool   `prop:"deleteTopicWithBrokerRegistration"`
	ConfigBlackList                   string `prop:"configBlackList"`
	ServerChannelMaxIdleTimeSeconds   int    `prop:"serverChannelMaxIdleTimeSeconds"`
	MaxConnections                    int    `prop:"maxConnections"`
	MaxWaitingBytes                   int64  `prop:"maxWaitingBytes"`
	FrameTimeout                      int    `prop:"frameTimeoutMillis"`
	MaxHeaderBytes                    int    `prop:"maxHeaderBytes"`

	MetricsExporterType     string `prop:"metricsExporterType"`
	MetricsPromExporterPort int    `prop:"metricsPromExporterPort"`
	MetricsPromExporterHost string `prop:"metricsPromExporterHost"`

	MaxKVConfigBytes int `prop:"maxKvConfigBytes"`

	metrics.Push
	config.Logs
	secure.Settings
	secure.Doors
	auth.Signing
	AuthenticationEnabled bool `prop:"namesrvAuthenticationEnabled"`

	Version string // of the program; shown in the metrics. No key

	// extra keeps the keys of the config file that mean nothing here, so that persisting does not lose them. Immutable.
	extra *compat.Properties
}

// Keys implements config.Target.
func (*Config) Keys() config.Table { return config.NameServer }

// DefaultConfig gives Java's defaults; both files lie in $HOME/namesrv.
func DefaultConfig() Config {
	var c Config
	config.SetDefaults(&c)
	home, err := os.UserHomeDir()
	if err != nil {
		home = "."
	}
	c.RocketmqHome = os.Getenv("ROCKETMQ_HOME")
	c.KVConfigPath = filepath.Join(home, "namesrv", "kvConfig.json")
	c.ConfigStorePath = filepath.Join(home, "namesrv", "namesrv.properties")
	return c
}

// LoadConfig reads a properties file as Java's -c does, on top of DefaultConfig; UPDATE_NAMESRV_CONFIG will write back
// to it. unknown lists keys that mean nothing here: the caller warns of them. Errors name the file, the key and the
// value.
func LoadConfig(path string) (c Config, unknown []string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, nil, fmt.Errorf("namesrv config: %w", err)
	}
	props, err := compat.ParseProperties(text)
	if err != nil {
		return Config{}, nil, fmt.Errorf("namesrv config %s: %w", path, err)
	}
	c = DefaultConfig()
	c.ConfigStorePath = path
	unknown, err = config.Bind(props, &c)
	if err != nil {
		return Config{}, nil, fmt.Errorf("namesrv config %s: %w", path, err)
	}
	c.ConfigStorePath = path
	c.extra, c.Given = &compat.Properties{}, props.Keys()
	for _, key := range unknown {
		value, _ := props.Get(key)
		c.extra.Set(key, value)
	}
	return c, unknown, nil
}

// validate refuses what cannot work.
func (c *Config) validate() error {
	errs := []error{config.Check(c), c.Signing.Check(), c.Push.Check(c.MetricsExporterType)}
	for key, addr := range map[string]string{"bindAddress": c.BindAddress,
		"metricsPromExporterHost": c.MetricsPromExporterHost} {
		if err := remoting.CheckListenHost(addr); err != nil {
			errs = append(errs, &config.Error{Key: key, Value: addr, Msg: err.Error()})
		}
	}
	if c.KVConfigPath == "" {
		errs = append(errs, &config.Error{Key: "kvConfigPath", Msg: "must name a file"})
	}
	if c.ConfigStorePath == "" {
		errs = append(errs, &config.Error{Key: "configStorePath", Msg: "must name a file"})
	}
	return errors.Join(errs...)
}

func (c *Config) scanInterval() time.Duration {
	return time.Duration(c.ScanNotActiveBrokerInterval) * time.Millisecond
}
