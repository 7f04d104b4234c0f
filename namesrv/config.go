package namesrv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gorocket/compat"
)

// Config is the NameServer's configuration under Java's names (common/.../namesrv/NamesrvConfig.java, and of NettyServerConfig what
// has a meaning here). Times are milliseconds unless the name says otherwise. Make one with DefaultConfig or LoadConfig.
type Config struct {
	BindAddress                       string `prop:"bindAddress" default:"0.0.0.0"`
	ListenPort                        int    `prop:"listenPort" default:"9876" min:"0" max:"65535"` // 0: any free port
	RocketmqHome                      string `prop:"rocketmqHome"`
	KVConfigPath                      string `prop:"kvConfigPath"`
	ConfigStorePath                   string `prop:"configStorePath"`
	ProductEnvName                    string `prop:"productEnvName" default:"center"`
	ClusterTest                       bool   `prop:"clusterTest" default:"false"` // read only; the mode itself is not built
	OrderMessageEnable                bool   `prop:"orderMessageEnable" default:"false"`
	ReturnOrderTopicConfigToBroker    bool   `prop:"returnOrderTopicConfigToBroker" default:"true"`
	ClientRequestThreadPoolNums       int    `prop:"clientRequestThreadPoolNums" default:"8" min:"1" max:"1024"`
	DefaultThreadPoolNums             int    `prop:"defaultThreadPoolNums" default:"16" min:"1" max:"1024"`
	ClientRequestThreadPoolQueueCap   int    `prop:"clientRequestThreadPoolQueueCapacity" default:"50000" min:"1"`
	DefaultThreadPoolQueueCapacity    int    `prop:"defaultThreadPoolQueueCapacity" default:"10000" min:"1"`
	ScanNotActiveBrokerInterval       int64  `prop:"scanNotActiveBrokerInterval" default:"5000" min:"10"`
	UnRegisterBrokerQueueCapacity     int    `prop:"unRegisterBrokerQueueCapacity" default:"3000" min:"1" max:"1000000"`
	SupportActingMaster               bool   `prop:"supportActingMaster" default:"false"`
	EnableAllTopicList                bool   `prop:"enableAllTopicList" default:"true"`
	EnableTopicList                   bool   `prop:"enableTopicList" default:"true"`
	NotifyMinBrokerIDChanged          bool   `prop:"notifyMinBrokerIdChanged" default:"false"`
	EnableControllerInNamesrv         bool   `prop:"enableControllerInNamesrv" default:"false"`
	NeedWaitForService                bool   `prop:"needWaitForService" default:"false"`
	WaitSecondsForService             int    `prop:"waitSecondsForService" default:"45" min:"0"`
	DeleteTopicWithBrokerRegistration bool   `prop:"deleteTopicWithBrokerRegistration" default:"false"`
	ConfigBlackList                   string `prop:"configBlackList" default:"configBlackList;configStorePath;kvConfigPath"`
	ServerChannelMaxIdleTimeSeconds   int    `prop:"serverChannelMaxIdleTimeSeconds" default:"120" min:"1"`

	// extra keeps the keys of the config file that mean nothing here, so that persisting does not lose them. Immutable.
	extra *compat.Properties
}

// DefaultConfig gives Java's defaults; both files lie in $HOME/namesrv.
func DefaultConfig() Config {
	var c Config
	compat.SetDefaults(&c)
	home, err := os.UserHomeDir()
	if err != nil {
		home = "."
	}
	c.RocketmqHome = os.Getenv("ROCKETMQ_HOME")
	c.KVConfigPath = filepath.Join(home, "namesrv", "kvConfig.json")
	c.ConfigStorePath = filepath.Join(home, "namesrv", "namesrv.properties")
	return c
}

// LoadConfig reads a properties file as Java's -c does, on top of DefaultConfig; UPDATE_NAMESRV_CONFIG will write back to it. unknown lists
// keys that mean nothing here: the caller warns of them. Errors name the file, the key and the value.
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
	unknown, err = compat.BindProperties(props, &c)
	if err != nil {
		return Config{}, nil, fmt.Errorf("namesrv config %s: %w", path, err)
	}
	c.ConfigStorePath = path
	c.extra = &compat.Properties{}
	for _, key := range unknown {
		value, _ := props.Get(key)
		c.extra.Set(key, value)
	}
	return c, unknown, nil
}

// validate refuses what cannot work.
func (c *Config) validate() error {
	var errs []error
	if c.KVConfigPath == "" {
		errs = append(errs, &compat.ConfigError{Key: "kvConfigPath", Msg: "must name a file"})
	}
	if c.ConfigStorePath == "" {
		errs = append(errs, &compat.ConfigError{Key: "configStorePath", Msg: "must name a file"})
	}
	if c.EnableControllerInNamesrv {
		errs = append(errs, &compat.ConfigError{Key: "enableControllerInNamesrv", Value: "true", Msg: "the controller is not part of this NameServer"})
	}
	return errors.Join(errs...)
}

func (c *Config) scanInterval() time.Duration {
	return time.Duration(c.ScanNotActiveBrokerInterval) * time.Millisecond
}
