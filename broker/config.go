package broker

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"gorocket/compat"
	"gorocket/store"
)

// Config holds the keys of Java's broker.conf that have an effect here, under Java's names. Times are milliseconds and sizes bytes unless the
// doc says otherwise. Java: BrokerConfig, NettyServerConfig, MessageStoreConfig.
type Config struct {
	store.Config

	BrokerClusterName string `prop:"brokerClusterName" default:"DefaultCluster" effect:"start" doc:"cluster, also a system topic"`
	BrokerName        string `prop:"brokerName" effect:"start" doc:"default: the host's name"`
	BrokerID          int64  `prop:"brokerId" default:"0" min:"0" effect:"start" doc:"0 = master"`
	NamesrvAddr       string `prop:"namesrvAddr" doc:"host:port;host:port"`
	ListenPort        int    `prop:"listenPort" default:"10911" min:"3" max:"65534" effect:"start" doc:"the fast port is listenPort-2"`
	BindAddress       string `prop:"bindAddress" default:"0.0.0.0" effect:"start" doc:"address to listen on"`
	BrokerIP1         string `prop:"brokerIP1" effect:"start" doc:"address or host name that clients are told; default: the first address that is not loopback"`
	BrokerIP2         string `prop:"brokerIP2" effect:"start" doc:"address for replication; default: brokerIP1"`
	HAListenPort      int    `prop:"haListenPort" default:"0" min:"0" max:"65535" effect:"start" doc:"0 = listenPort+1"`
	BrokerPermission  int    `prop:"brokerPermission" default:"6" min:"0" max:"7" doc:"2 write, 4 read"`
	RegionID          string `prop:"regionId" default:"DefaultRegion" effect:"restart" doc:"sent back to producers"`
	TraceOn           bool   `prop:"traceOn" default:"true" effect:"restart" doc:"sent back to producers"`

	RegisterNameServerPeriod        int  `prop:"registerNameServerPeriod" default:"30000" min:"1" max:"2147483647" doc:"ms between registrations, held within 10..60 s"`
	EnableSplitRegistration         bool `prop:"enableSplitRegistration" default:"false" doc:"register at most splitRegistrationSize topics in one request; what does not fit into a frame is split in any case"`
	SplitRegistrationSize           int  `prop:"splitRegistrationSize" default:"800" min:"2" max:"1000000" doc:"topics of one request, see enableSplitRegistration"`
	CompressedRegister              bool `prop:"compressedRegister" default:"false" doc:"deflate registrations"`
	RegisterBrokerTimeoutMills      int  `prop:"registerBrokerTimeoutMills" default:"24000" min:"1" max:"2147483647" doc:"ms to wait for a NameServer"`
	ServerChannelMaxIdleTimeSeconds int  `prop:"serverChannelMaxIdleTimeSeconds" default:"120" min:"1" max:"2147483647" effect:"restart" doc:"s without traffic after which a connection is closed"`
	ChannelExpiredTimeout           int  `prop:"channelExpiredTimeout" default:"120000" min:"1" max:"2147483647" doc:"ms without heartbeat after which a client is forgotten"`
	NotifyConsumerIDsChangedEnable  bool `prop:"notifyConsumerIdsChangedEnable" default:"true" doc:"tell the members of a group when one joins or leaves"`

	AutoCreateTopicEnable             bool   `prop:"autoCreateTopicEnable" default:"true" doc:"create topics at the first send"`
	DefaultTopicQueueNums             int    `prop:"defaultTopicQueueNums" default:"8" min:"1" max:"65536" doc:"queues of TBW102"`
	AutoCreateSubscriptionGroup       bool   `prop:"autoCreateSubscriptionGroup" default:"true" doc:"create groups at the first use"`
	ClusterTopicEnable                bool   `prop:"clusterTopicEnable" default:"true" effect:"restart" doc:"topic named after the cluster may be used"`
	BrokerTopicEnable                 bool   `prop:"brokerTopicEnable" default:"true" effect:"restart" doc:"topic named after the broker may be used"`
	TraceTopicEnable                  bool   `prop:"traceTopicEnable" default:"false" effect:"restart" doc:"create the trace topic"`
	MsgTraceTopicName                 string `prop:"msgTraceTopicName" default:"RMQ_SYS_TRACE_TOPIC" effect:"restart" doc:"the trace topic"`
	RecallMessageEnable               bool   `prop:"recallMessageEnable" default:"false" doc:"producers may take timer messages back (RECALL_MESSAGE)"`
	AllowRecallWhenBrokerNotWriteable bool   `prop:"allowRecallWhenBrokerNotWriteable" default:"true" doc:"... even when brokerPermission forbids writing"`
	RejectTransactionMessage          bool   `prop:"rejectTransactionMessage" default:"false" doc:"refuse half messages"`
	StartAcceptSendRequestTime        int64  `prop:"startAcceptSendRequestTimeStamp" default:"0" min:"0" doc:"ms since 1970 before which sends are refused"`
	ForwardTimeout                    int    `prop:"forwardTimeout" default:"3000" min:"1" max:"2147483647" doc:"ms to wait for another broker that holds part of a static topic"`
	ServerLoadBalancerEnable          bool   `prop:"serverLoadBalancerEnable" default:"true" doc:"QUERY_ASSIGNMENT shares the queues among the members"`
	ReviveQueueNum                    int    `prop:"reviveQueueNum" default:"8" min:"1" max:"1024" effect:"restart" doc:"queues of the POP revive topic"`

	EnablePropertyFilter        bool `prop:"enablePropertyFilter" default:"false" doc:"SQL92 filters"`
	EnableCalcFilterBitMap      bool `prop:"enableCalcFilterBitMap" default:"false" doc:"note with each message which SQL92 subscriptions want it; needs enableConsumeQueueExt"`
	FilterSupportRetry          bool `prop:"filterSupportRetry" default:"false" doc:"SQL92 filters on retry topics too"`
	ExpectConsumerNumUseFilter  int  `prop:"expectConsumerNumUseFilter" default:"32" min:"1" max:"65536" effect:"restart" doc:"groups with SQL92 filters to expect on a topic: sizes the bit maps"`
	MaxErrorRateOfBloomFilter   int  `prop:"maxErrorRateOfBloomFilter" default:"20" min:"1" max:"99" effect:"restart" doc:"percent of wrong hits of the bit maps"`
	FilterDataCleanTimeSpan     int  `prop:"filterDataCleanTimeSpan" default:"86400000" min:"0" max:"315360000000" effect:"restart" doc:"ms to keep the filters of a group without members"`
	LongPollingEnable           bool `prop:"longPollingEnable" default:"true" doc:"hold pulls that find nothing"`
	ShortPollingTimeMills       int  `prop:"shortPollingTimeMills" default:"1000" min:"1" max:"2147483647" doc:"ms to hold them when longPollingEnable=false"`
	SlaveReadEnable             bool `prop:"slaveReadEnable" default:"false" doc:"send slow consumers to a slave"`
	LitePullMessageEnable       bool `prop:"litePullMessageEnable" default:"true" doc:"serve LITE_PULL_MESSAGE"`
	DefaultQueryMaxNum          int  `prop:"defaultQueryMaxNum" default:"32" min:"1" max:"65536" doc:"messages of a query by unique key"`
	FlushConsumerOffsetInterval int  `prop:"flushConsumerOffsetInterval" default:"5000" min:"1" max:"2147483647" effect:"restart" doc:"ms between writes of consumerOffset.json"`
	FlushDelayOffsetInterval    int  `prop:"flushDelayOffsetInterval" default:"10000" min:"1" max:"2147483647" effect:"restart" doc:"ms between writes of delayOffset.json"`
	UseServerSideResetOffset    bool `prop:"useServerSideResetOffset" default:"true" doc:"pending resets win over commits"`

	StoreReplyMessageEnable        bool `prop:"storeReplyMessageEnable" default:"true" doc:"keep replies of request-reply in <cluster>_REPLY_TOPIC, beside pushing them to who asked"`
	TransactionTimeOut             int  `prop:"transactionTimeOut" default:"6000" min:"0" max:"2147483647" doc:"ms after the birth of a half message before its producer is asked"`
	TransactionCheckMax            int  `prop:"transactionCheckMax" default:"15" min:"1" max:"2147483647" doc:"how often it is asked; then the half message goes to TRANS_CHECK_MAX_TIME_TOPIC"`
	TransactionCheckInterval       int  `prop:"transactionCheckInterval" default:"30000" min:"1" max:"2147483647" doc:"ms between looks for half messages without an answer; acts within 1 s"`
	TransactionOpMsgMaxSize        int  `prop:"transactionOpMsgMaxSize" default:"4096" min:"1" max:"1048576" doc:"bytes of an op message, which notes ended transactions"`
	TransactionOpBatchInterval     int  `prop:"transactionOpBatchInterval" default:"3000" min:"0" max:"2147483647" doc:"ms that an ended transaction waits for its op message"`
	TransactionMetricFlushInterval int  `prop:"transactionMetricFlushInterval" default:"10000" min:"1" max:"2147483647" effect:"restart" doc:"ms between writes of transactionMetrics"`

	BrokerFastFailureEnable         bool  `prop:"brokerFastFailureEnable" default:"true" doc:"refuse requests that wait too long for a worker: SYSTEM_BUSY"`
	WaitTimeMillsInSendQueue        int64 `prop:"waitTimeMillsInSendQueue" default:"200" min:"1" max:"2147483647" doc:"ms that a send may wait for a worker; most need none"`
	WaitTimeMillsInPullQueue        int64 `prop:"waitTimeMillsInPullQueue" default:"5000" min:"1" max:"2147483647" doc:"... a pull"`
	WaitTimeMillsInLitePullQueue    int64 `prop:"waitTimeMillsInLitePullQueue" default:"5000" min:"1" max:"2147483647" doc:"... a lite pull"`
	WaitTimeMillsInHeartbeatQueue   int64 `prop:"waitTimeMillsInHeartbeatQueue" default:"31000" min:"1" max:"2147483647" doc:"... a heartbeat"`
	WaitTimeMillsInTransactionQueue int64 `prop:"waitTimeMillsInTransactionQueue" default:"3000" min:"1" max:"2147483647" doc:"... an END_TRANSACTION"`
	WaitTimeMillsInAdminBrokerQueue int64 `prop:"waitTimeMillsInAdminBrokerQueue" default:"5000" min:"1" max:"2147483647" doc:"... any other request"`

	ValidateSystemTopicWhenUpdateTopic bool   `prop:"validateSystemTopicWhenUpdateTopic" default:"true" doc:"refuse to change system topics"`
	ConfigBlackList                    string `prop:"configBlackList" default:"configBlackList;brokerConfigPath" doc:"keys that UPDATE_BROKER_CONFIG refuses"`

	MetricsExporterType     string `prop:"metricsExporterType" default:"PROM" enum:"DISABLE,PROM" effect:"restart" doc:"PROM: /metrics and /health on metricsPromExporterPort; Java's default is DISABLE"`
	MetricsPromExporterPort int    `prop:"metricsPromExporterPort" default:"5557" min:"1" max:"65535" effect:"restart" doc:"when it is taken, the next free one of ten; the start says which"`
	MetricsPromExporterHost string `prop:"metricsPromExporterHost" effect:"restart" doc:"address to listen on; default: bindAddress"`

	BrokerConfigPath string `prop:"brokerConfigPath" doc:"the file of -c; UPDATE_BROKER_CONFIG changes lines of it"`

	// Additions of gorocket.
	MaxTopicNum             int   `prop:"maxTopicNum" default:"100000" min:"1" max:"10000000" doc:"topics; above it none is created (gorocket)"`
	MaxTopicQueueNums       int   `prop:"maxTopicQueueNums" default:"4096" min:"1" max:"65536" doc:"read or write queues of one topic (gorocket)"`
	MaxSubscriptionGroupNum int   `prop:"maxSubscriptionGroupNum" default:"100000" min:"1" max:"10000000" doc:"consumer groups; above it none is created (gorocket)"`
	MaxConsumerOffsetNum    int   `prop:"maxConsumerOffsetNum" default:"500000" min:"1" max:"100000000" doc:"offsets of groups on queues; above it no new one is kept (gorocket)"`
	MaxOrderLockNum         int   `prop:"maxOrderLockNum" default:"100000" min:"1" max:"10000000" doc:"queues locked for orderly consumption; above it none more is given (gorocket)"`
	MaxProducerNum          int   `prop:"maxProducerNum" default:"200000" min:"1" max:"10000000" doc:"producers (connection and group) that are known (gorocket)"`
	MaxOutboundBytes        int   `prop:"maxOutboundBytes" default:"67108864" min:"1048576" max:"2147483647" effect:"restart" doc:"bytes that may wait for one peer to read them (gorocket)"`
	MaxHeldPulls            int   `prop:"maxHeldPulls" default:"200000" min:"0" max:"10000000" doc:"pulls that may wait for messages; more are answered SYSTEM_BUSY (gorocket)"`
	MaxClientGroups         int   `prop:"maxClientGroups" default:"10000" min:"1" max:"10000000" effect:"restart" doc:"consumer groups of one connection; a heartbeat with more is refused (gorocket)"`
	MaxConnections          int   `prop:"maxConnections" default:"0" min:"0" max:"10000000" effect:"restart" doc:"connections on both ports; more are closed at once; 0 = what the limit of open files allows (gorocket)"`
	MaxWaitingBytes         int64 `prop:"maxWaitingBytes" default:"0" min:"0" max:"1099511627776" effect:"restart" doc:"bytes that may wait on all connections together: unfinished frames, unread answers, requests for workers; 0 = an eighth of the memory, 48 to 128 MiB; else at least 33554432 (gorocket)"`
	FrameTimeout            int   `prop:"frameTimeoutMillis" default:"15000" min:"100" max:"3600000" effect:"restart" doc:"ms in which a frame has to come in, and a second more for each 64 KiB (gorocket)"`
	MaxHeaderBytes          int   `prop:"maxHeaderBytes" default:"1048576" min:"65536" max:"16777215" effect:"restart" doc:"bytes of a frame's header; it may have 1024 fields (gorocket)"`

	Version string // of the program; shown in the metrics. No key

	extra *compat.Properties // Java's keys without effect here: kept, shown and written back
}

// DefaultConfig returns Java's defaults. Names and addresses that Java guesses from the host are filled by Complete.
func DefaultConfig() Config {
	var c Config
	compat.SetDefaults(&c)
	return c
}

// Bind applies properties. Unknown keys are returned for a warning; a value that does not parse is an error naming key and value.
func (c *Config) Bind(p *compat.Properties) (unknown []string, err error) {
	unknown, err = compat.BindProperties(p, c)
	extra := &compat.Properties{}
	if c.extra != nil {
		for _, k := range c.extra.Keys() {
			v, _ := c.extra.Get(k)
			extra.Set(k, v)
		}
	}
	for _, k := range unknown {
		if v, _ := p.Get(k); compat.IsJavaKey(k) {
			extra.Set(k, v)
		}
	}
	c.extra = extra
	return unknown, err
}

// Properties lists the whole configuration, with Java's keys that have no effect here.
func (c *Config) Properties() *compat.Properties {
	p := compat.ToProperties(c)
	if c.extra != nil {
		for _, k := range c.extra.Keys() {
			v, _ := c.extra.Get(k)
			p.Set(k, v)
		}
	}
	return p
}

// Complete fills what depends on the host and on other keys and checks everything. Java: BrokerStartup.buildBrokerController.
func (c *Config) Complete() error {
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
	if c.BrokerRole != "SLAVE" {
		c.BrokerID = 0
	}
	return c.validate()
}

// Addr is the address that clients are told.
func (c Config) Addr() string { return net.JoinHostPort(c.BrokerIP1, fmt.Sprint(c.ListenPort)) }

// HAAddr is the address that slaves are told.
func (c Config) HAAddr() string { return net.JoinHostPort(c.BrokerIP2, fmt.Sprint(c.HAListenPort)) }
