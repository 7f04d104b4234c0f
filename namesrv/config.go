package namesrv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gorocket/compat"
	"gorocket/remoting"
)

// Config is the NameServer's configuration under Java's names (common/.../namesrv/NamesrvConfig.java, and of NettyServerConfig what
// has a meaning here). Times are milliseconds unless the name says otherwise. Make one with DefaultConfig or LoadConfig.
type Config struct {
	BindAddress                       string `prop:"bindAddress" default:"0.0.0.0" effect:"start" doc:"address to listen on"`
	ListenPort                        int    `prop:"listenPort" default:"9876" min:"0" max:"65535" effect:"start" doc:"port; 0 = any free one"` // 0: any free port
	RocketmqHome                      string `prop:"rocketmqHome" doc:"from ROCKETMQ_HOME; shown only"`
	KVConfigPath                      string `prop:"kvConfigPath" doc:"file of the KV configuration; default: namesrv/kvConfig.json in the home directory"`
	ConfigStorePath                   string `prop:"configStorePath" doc:"file that UPDATE_NAMESRV_CONFIG writes; default: the file given with -c, else namesrv/namesrv.properties in the home directory"`
	ProductEnvName                    string `prop:"productEnvName" default:"center" doc:"shown only"`
	ClusterTest                       bool   `prop:"clusterTest" default:"false" doc:"shown only"` // read only; the mode itself is not built
	OrderMessageEnable                bool   `prop:"orderMessageEnable" default:"false" doc:"send the order configuration with routes"`
	ReturnOrderTopicConfigToBroker    bool   `prop:"returnOrderTopicConfigToBroker" default:"true" doc:"answer registrations with the order configuration"`
	ClientRequestThreadPoolNums       int    `prop:"clientRequestThreadPoolNums" default:"8" min:"1" max:"1024" effect:"restart" doc:"no effect: route queries run on the event loops"`
	DefaultThreadPoolNums             int    `prop:"defaultThreadPoolNums" default:"16" min:"1" max:"1024" effect:"restart" doc:"workers for all other requests"`
	ClientRequestThreadPoolQueueCap   int    `prop:"clientRequestThreadPoolQueueCapacity" default:"50000" min:"1" max:"1000000" effect:"restart" doc:"no effect"`
	DefaultThreadPoolQueueCapacity    int    `prop:"defaultThreadPoolQueueCapacity" default:"10000" min:"1" max:"1000000" effect:"restart" doc:"requests that may wait for a worker"`
	ScanNotActiveBrokerInterval       int64  `prop:"scanNotActiveBrokerInterval" default:"5000" min:"10" max:"2147483647" doc:"ms between looks for silent brokers"`
	UnRegisterBrokerQueueCapacity     int    `prop:"unRegisterBrokerQueueCapacity" default:"3000" min:"1" max:"1000000" effect:"restart" doc:"unregistrations that may wait"`
	SupportActingMaster               bool   `prop:"supportActingMaster" default:"false" doc:"routes show the smallest slave as an acting master"`
	EnableAllTopicList                bool   `prop:"enableAllTopicList" default:"true" doc:"serve GET_ALL_TOPIC_LIST_FROM_NAMESERVER"`
	EnableTopicList                   bool   `prop:"enableTopicList" default:"true" doc:"serve the other topic lists"`
	NotifyMinBrokerIDChanged          bool   `prop:"notifyMinBrokerIdChanged" default:"false" doc:"tell brokers when the smallest broker id of their group changes"`
	EnableControllerInNamesrv         bool   `prop:"enableControllerInNamesrv" default:"false" effect:"restart" doc:"refused when true: there is no controller"`
	NeedWaitForService                bool   `prop:"needWaitForService" default:"false" doc:"answer route queries only after waitSecondsForService"`
	WaitSecondsForService             int    `prop:"waitSecondsForService" default:"45" min:"0" max:"2147483647" doc:"seconds, see needWaitForService"`
	DeleteTopicWithBrokerRegistration bool   `prop:"deleteTopicWithBrokerRegistration" default:"false" doc:"a registration removes the topics that it no longer lists; not with brokers that split theirs"`
	ConfigBlackList                   string `prop:"configBlackList" default:"configBlackList;configStorePath;kvConfigPath" doc:"keys that UPDATE_NAMESRV_CONFIG refuses"`
	ServerChannelMaxIdleTimeSeconds   int    `prop:"serverChannelMaxIdleTimeSeconds" default:"120" min:"1" max:"2147483647" effect:"restart" doc:"s without traffic after which a connection is closed"`
	MaxConnections                    int    `prop:"maxConnections" default:"0" min:"0" max:"10000000" effect:"restart" doc:"connections; more are closed at once; 0 = what the limit of open files allows (gorocket)"`
	MaxWaitingBytes                   int64  `prop:"maxWaitingBytes" default:"0" min:"0" max:"1099511627776" effect:"restart" doc:"bytes that may wait on all connections together: unfinished frames, unread answers, requests for workers; 0 = an eighth of the memory, 48 to 128 MiB; else at least 33554432 (gorocket)"`
	FrameTimeout                      int    `prop:"frameTimeoutMillis" default:"15000" min:"100" max:"3600000" effect:"restart" doc:"ms in which a frame has to come in, and a second more for each 64 KiB (gorocket)"`
	MaxHeaderBytes                    int    `prop:"maxHeaderBytes" default:"1048576" min:"65536" max:"16777215" effect:"restart" doc:"bytes of a frame's header; it may have 1024 fields (gorocket)"`

	MetricsExporterType     string `prop:"metricsExporterType" default:"PROM" enum:"DISABLE,PROM" effect:"restart" doc:"PROM: /metrics and /health on metricsPromExporterPort (gorocket)"`
	MetricsPromExporterPort int    `prop:"metricsPromExporterPort" default:"5577" min:"0" max:"65535" effect:"restart" doc:"0 = none; when it is taken, the next free one of ten; the start says which (gorocket)"`
	MetricsPromExporterHost string `prop:"metricsPromExporterHost" effect:"restart" doc:"address to listen on; default: bindAddress (gorocket)"`

	// Addition of gorocket.
	MaxKVConfigBytes int `prop:"maxKvConfigBytes" default:"16777216" min:"1024" max:"1073741824" doc:"bytes of all KV namespaces, keys and values (gorocket)"`

	Version string // of the program; shown in the metrics. No key

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
	errs := []error{compat.Check(c)}
	for key, addr := range map[string]string{"bindAddress": c.BindAddress,
		"metricsPromExporterHost": c.MetricsPromExporterHost} {
		if err := remoting.CheckListenHost(addr); err != nil {
			errs = append(errs, &compat.ConfigError{Key: key, Value: addr, Msg: err.Error()})
		}
	}
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
