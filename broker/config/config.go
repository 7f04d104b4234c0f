package config

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path"
	"path/filepath"

	"gorocket/compat"
	keys "gorocket/compat/config"
	"gorocket/remoting/auth"
	"gorocket/remoting/metrics"
	"gorocket/remoting/secure"
	"gorocket/store"
)

// Config holds the keys of Java's broker.conf that have an effect here. compat/config has their meanings, units,
// defaults and bounds. Java: BrokerConfig, NettyServerConfig, MessageStoreConfig.
type Config struct {
	store.Config
	secure.Settings
	secure.Doors
	auth.Options
	metrics.Push
	keys.Logs
	Pop

	BrokerClusterName string `prop:"brokerClusterName"`
	BrokerName        string `prop:"brokerName"`
	BrokerID          int64  `prop:"brokerId"`
	NamesrvAddr       string `prop:"namesrvAddr"`
	ListenPort        int    `prop:"listenPort"`
	BindAddress       string `prop:"bindAddress"`
	BrokerIP1         string `prop:"brokerIP1"`
	BrokerIP2         string `prop:"brokerIP2"`
	HAListenPort      int    `prop:"haListenPort"`
	HATLSEnable       bool   `prop:"haTlsEnable"`
	BrokerPermission  int    `prop:"brokerPermission"`
	RegionID          string `prop:"regionId"`
	TraceOn           bool   `prop:"traceOn"`

	RegisterNameServerPeriod        int  `prop:"registerNameServerPeriod"`
	EnableSplitMetadata             bool `prop:"enableSplitMetadata"`
	SplitMetadataSize               int  `prop:"splitMetadataSize"`
	EnableSplitRegistration         bool `prop:"enableSplitRegistration"`
	SplitRegistrationSize           int  `prop:"splitRegistrationSize"`
	CompressedRegister              bool `prop:"compressedRegister"`
	RegisterBrokerTimeoutMills      int  `prop:"registerBrokerTimeoutMills"`
	ServerChannelMaxIdleTimeSeconds int  `prop:"serverChannelMaxIdleTimeSeconds"`
	ChannelExpiredTimeout           int  `prop:"channelExpiredTimeout"`
	NotifyConsumerIDsChangedEnable  bool `prop:"notifyConsumerIdsChangedEnable"`

	AutoCreateTopicEnable             bool   `prop:"autoCreateTopicEnable"`
	DefaultTopicQueueNums             int    `prop:"defaultTopicQueueNums"`
	AutoCreateSubscriptionGroup       bool   `prop:"autoCreateSubscriptionGroup"`
	ClusterTopicEnable                bool   `prop:"clusterTopicEnable"`
	BrokerTopicEnable                 bool   `prop:"brokerTopicEnable"`
	TraceTopicEnable                  bool   `prop:"traceTopicEnable"`
	MsgTraceTopicName                 string `prop:"msgTraceTopicName"`
	RecallMessageEnable               bool   `prop:"recallMessageEnable"`
	AllowRecallWhenBrokerNotWriteable bool   `prop:"allowRecallWhenBrokerNotWriteable"`
	RejectTransactionMessage          bool   `prop:"rejectTransactionMessage"`
	StartAcceptSendRequestTime        int64  `prop:"startAcceptSendRequestTimeStamp"`
	ForwardTimeout                    int    `prop:"forwardTimeout"`
	ServerLoadBalancerEnable          bool   `prop:"serverLoadBalancerEnable"`

	EnablePropertyFilter       bool `prop:"enablePropertyFilter"`
	EnableCalcFilterBitMap     bool `prop:"enableCalcFilterBitMap"`
	FilterSupportRetry         bool `prop:"filterSupportRetry"`
	ExpectConsumerNumUseFilter int  `prop:"expectConsumerNumUseFilter"`
	MaxErrorRateOfBloomFilter  int  `prop:"maxErrorRateOfBloomFilter"`
	FilterDataCleanTimeSpan    int  `prop:"filterDataCleanTimeSpan"`
	LongPollingEnable          bool `prop:"longPollingEnable"`
	ShortPollingTimeMills      int  `prop:"shortPollingTimeMills"`
	SlaveReadEnable            bool `prop:"slaveReadEnable"`

	EnableSlaveActingMaster      bool `prop:"enableSlaveActingMaster"`
	EnableRemoteEscape           bool `prop:"enableRemoteEscape"`
	SkipPreOnline                bool `prop:"skipPreOnline"`
	BrokerHeartbeatInterval      int  `prop:"brokerHeartbeatInterval"`
	BrokerNotActiveTimeoutMillis int  `prop:"brokerNotActiveTimeoutMillis"`
	SyncBrokerMemberGroupPeriod  int  `prop:"syncBrokerMemberGroupPeriod"`

	ControllerAddr                  string `prop:"controllerAddr"`
	FetchControllerAddrByDNSLookup  bool   `prop:"fetchControllerAddrByDnsLookup"`
	SyncBrokerMetadataPeriod        int    `prop:"syncBrokerMetadataPeriod"`
	CheckSyncStateSetPeriod         int    `prop:"checkSyncStateSetPeriod"`
	SyncControllerMetadataPeriod    int    `prop:"syncControllerMetadataPeriod"`
	ControllerHeartBeatTimeoutMills int    `prop:"controllerHeartBeatTimeoutMills"`
	BrokerElectionPriority          int    `prop:"brokerElectionPriority"`

	LitePullMessageEnable       bool `prop:"litePullMessageEnable"`
	DefaultQueryMaxNum          int  `prop:"defaultQueryMaxNum"`
	FlushConsumerOffsetInterval int  `prop:"flushConsumerOffsetInterval"`
	FlushDelayOffsetInterval    int  `prop:"flushDelayOffsetInterval"`
	UseServerSideResetOffset    bool `prop:"useServerSideResetOffset"`

	StoreReplyMessageEnable        bool `prop:"storeReplyMessageEnable"`
	TransactionTimeOut             int  `prop:"transactionTimeOut"`
	TransactionCheckMax            int  `prop:"transactionCheckMax"`
	TransactionCheckInterval       int  `prop:"transactionCheckInterval"`
	TransactionOpMsgMaxSize        int  `prop:"transactionOpMsgMaxSize"`
	TransactionOpBatchInterval     int  `prop:"transactionOpBatchInterval"`
	TransactionMetricFlushInterval int  `prop:"transactionMetricFlushInterval"`

	BrokerFastFailureEnable         bool  `prop:"brokerFastFailureEnable"`
	WaitTimeMillsInSendQueue        int64 `prop:"waitTimeMillsInSendQueue"`
	WaitTimeMillsInPullQueue        int64 `prop:"waitTimeMillsInPullQueue"`
	WaitTimeMillsInLitePullQueue    int64 `prop:"waitTimeMillsInLitePullQueue"`
	WaitTimeMillsInHeartbeatQueue   int64 `prop:"waitTimeMillsInHeartbeatQueue"`
	WaitTimeMillsInTransactionQueue int64 `prop:"waitTimeMillsInTransactionQueue"`
	WaitTimeMillsInAdminBrokerQueue int64 `prop:"waitTimeMillsInAdminBrokerQueue"`

	ValidateSystemTopicWhenUpdateTopic bool   `prop:"validateSystemTopicWhenUpdateTopic"`
	ConfigBlackList                    string `prop:"configBlackList"`

	MetricsExporterType     string `prop:"metricsExporterType"`
	MetricsPromExporterPort int    `prop:"metricsPromExporterPort"`
	MetricsPromExporterHost string `prop:"metricsPromExporterHost"`

	ConsoleEnable      bool   `prop:"consoleEnable"`
	ConsolePort        int    `prop:"consolePort"`
	ConsoleBindAddress string `prop:"consoleBindAddress"`

	BrokerConfigPath string `prop:"brokerConfigPath"`

	MaxTopicNum             int   `prop:"maxTopicNum"`
	MaxTopicQueueNums       int   `prop:"maxTopicQueueNums"`
	MaxSubscriptionGroupNum int   `prop:"maxSubscriptionGroupNum"`
	MaxConsumerOffsetNum    int   `prop:"maxConsumerOffsetNum"`
	MaxOrderLockNum         int   `prop:"maxOrderLockNum"`
	MaxProducerNum          int   `prop:"maxProducerNum"`
	MaxOutboundBytes        int   `prop:"maxOutboundBytes"`
	MaxHeldPulls            int   `prop:"maxHeldPulls"`
	MaxClientGroups         int   `prop:"maxClientGroups"`
	MaxConnections          int   `prop:"maxConnections"`
	MaxWaitingBytes         int64 `prop:"maxWaitingBytes"`
	FrameTimeout            int   `prop:"frameTimeoutMillis"`
	MaxHeaderBytes          int   `prop:"maxHeaderBytes"`

	Version string // of the program; shown in the metrics. No key

	InFile Addresses // what the file of -c has named, which flags may overrule; no key

	extra *compat.Properties // Java's keys without effect here: kept, shown and written back
}

// Addresses are the keys that say whom the broker talks to. No peer can change them (keys.Key.Local), and controllers
// and NameServers come and go while brokers run: so a change of them in the file acts at once.
type Addresses struct{ Namesrv, Controllers string }

// Addresses are those that count.
func (c *Config) Addresses() Addresses { return Addresses{c.NamesrvAddr, c.ControllerAddr} }

// Keys implements keys.Target.
func (*Config) Keys() keys.Table { return keys.BrokerFile }

// Default returns Java's defaults. Names and addresses that Java guesses from the host are filled by Complete.
func Default() Config {
	var c Config
	keys.SetDefaults(&c)
	return c
}

// Bind applies properties. Unknown keys are returned for a warning; a value that does not parse is an error naming key
// and value.
func (c *Config) Bind(p *compat.Properties) (unknown []string, err error) {
	unknown, err = keys.Bind(p, c)
	extra := &compat.Properties{}
	if c.extra != nil {
		for _, k := range c.extra.Keys() {
			v, _ := c.extra.Get(k)
			extra.Set(k, v)
		}
	}
	for _, k := range unknown {
		if v, _ := p.Get(k); keys.IsJavaKey(k) {
			extra.Set(k, v)
		}
	}
	c.extra = extra
	return unknown, err
}

// Properties lists the whole configuration, with Java's keys that have no effect here.
func (c *Config) Properties() *compat.Properties {
	p := keys.Properties(c)
	if c.extra != nil {
		for _, k := range c.extra.Keys() {
			v, _ := c.extra.Get(k)
			p.Set(k, v)
		}
	}
	return p
}

// Complete fills what depends on the host and on other keys and checks everything. Java:
// BrokerStartup.buildBrokerController.
func (c *Config) Complete() error {
	if err := c.Close(c, &c.Settings); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	if c.BrokerName == "" {
		c.BrokerName = hostName()
	}
	if c.StorePathRootDir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return fmt.Errorf("broker: storePathRootDir is not set and the home directory is unknown: %w", err)
		}
		c.StorePathRootDir = filepath.Join(home, "store")
	}
	if c.BrokerIP1 == "" {
		c.BrokerIP1 = LocalAddress()
	}
	if c.BrokerIP2 == "" {
		c.BrokerIP2 = c.BrokerIP1
	}
	if c.HAListenPort == 0 {
		c.HAListenPort = c.ListenPort + 1
	}
	switch {
	case c.EnableControllerMode: // the controllers decide
		c.BrokerRole, c.BrokerID = "SLAVE", -1
	case !c.IsSlave():
		c.BrokerID = 0
	}
	if c.StorePathEpochFile == "" {
		c.StorePathEpochFile = path.Join(c.StorePathRootDir, "epochFileCheckpoint")
	}
	if c.StorePathBrokerIdentity == "" {
		c.StorePathBrokerIdentity = path.Join(c.StorePathRootDir, "brokerIdentity")
	}
	return c.validate()
}

// Addr is the address that clients are told.
func (c Config) Addr() string { return net.JoinHostPort(c.BrokerIP1, fmt.Sprint(c.ListenPort)) }

// HAAddr is the address that slaves are told.
func (c Config) HAAddr() string { return net.JoinHostPort(c.BrokerIP2, fmt.Sprint(c.HAListenPort)) }

// ClientTLS is how connections to other brokers are encrypted, nil: not at all.
func (c *Config) ClientTLS() (*tls.Config, error) {
	return secure.Client(c.Settings, secure.FromJava())
}
