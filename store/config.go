package store

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"gorocket/compat/config"
	"gorocket/store/check"
	"gorocket/store/consumequeue"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// Flush modes (Java FlushDiskType).
const (
	AsyncFlush = "ASYNC_FLUSH"
	SyncFlush  = "SYNC_FLUSH"
)

// Config holds the keys of Java's MessageStoreConfig that the store honours. compat/config has their meanings, units,
// defaults and bounds. Keys that Java has and that have no effect here are not listed.
type Config struct {
	StorePathRootDir            string `prop:"storePathRootDir"`
	StorePathCommitLog          string `prop:"storePathCommitLog"`
	ReadOnlyCommitLogStorePaths string `prop:"readOnlyCommitLogStorePaths"`
	StoreType                   string `prop:"storeType"`
	BrokerRole                  string `prop:"brokerRole"`

	HASendHeartbeatInterval   int    `prop:"haSendHeartbeatInterval"`
	HAHousekeepingInterval    int    `prop:"haHousekeepingInterval"`
	HATransferBatchSize       int    `prop:"haTransferBatchSize"`
	HAFlowControlEnable       bool   `prop:"haFlowControlEnable"`
	MaxHATransferByteInSecond int64  `prop:"maxHaTransferByteInSecond"`
	HAMasterAddress           string `prop:"haMasterAddress"`
	InSyncReplicas            int    `prop:"inSyncReplicas"`
	MinInSyncReplicas         int    `prop:"minInSyncReplicas"`
	EnableAutoInSyncReplicas  bool   `prop:"enableAutoInSyncReplicas"`
	// Java's name for where a master's log ended at its start.
	SyncMasterFlushOffsetWhenStartup bool  `prop:"syncMasterFlushOffsetWhenStartup"`
	TotalReplicas                    int   `prop:"totalReplicas"`
	HAMaxGapNotInSync                int64 `prop:"haMaxGapNotInSync"`
	MaxHAConnections                 int   `prop:"maxHaConnections"`
	SyncFromLastFile                 bool  `prop:"syncFromLastFile"`
	SlaveTimeout                     int   `prop:"slaveTimeout"`

	EnableControllerMode     bool   `prop:"enableControllerMode"`
	AllAckInSyncStateSet     bool   `prop:"allAckInSyncStateSet"`
	AsyncLearner             bool   `prop:"asyncLearner"`
	HAMaxTimeSlaveNotCatchup int    `prop:"haMaxTimeSlaveNotCatchup"`
	StorePathEpochFile       string `prop:"storePathEpochFile"`
	StorePathBrokerIdentity  string `prop:"storePathBrokerIdentity"`

	MappedFileSizeCommitLog    int64 `prop:"mappedFileSizeCommitLog"`
	MappedFileSizeConsumeQueue int64 `prop:"mappedFileSizeConsumeQueue"`
	// Java's name has this misprint.
	MapperFileSizeBatchConsumeQueue int64 `prop:"mapperFileSizeBatchConsumeQueue"`
	EnableConsumeQueueExt           bool  `prop:"enableConsumeQueueExt"`
	MappedFileSizeConsumeQueueExt   int64 `prop:"mappedFileSizeConsumeQueueExt"`
	EnableLmq                       bool  `prop:"enableLmq"`
	EnableMultiDispatch             bool  `prop:"enableMultiDispatch"`
	MaxLmqConsumeQueueNum           int   `prop:"maxLmqConsumeQueueNum"`

	MaxHashSlotNum     int  `prop:"maxHashSlotNum"`
	MaxIndexNum        int  `prop:"maxIndexNum"`
	MessageIndexEnable bool `prop:"messageIndexEnable"`
	MessageIndexSafe   bool `prop:"messageIndexSafe"`

	FlushDiskType                     string `prop:"flushDiskType"`
	FlushIntervalCommitLog            int    `prop:"flushIntervalCommitLog"`
	FlushCommitLogLeastPages          int    `prop:"flushCommitLogLeastPages"`
	FlushCommitLogThoroughInterval    int    `prop:"flushCommitLogThoroughInterval"`
	FlushIntervalConsumeQueue         int    `prop:"flushIntervalConsumeQueue"`
	FlushConsumeQueueLeastPages       int    `prop:"flushConsumeQueueLeastPages"`
	FlushConsumeQueueThoroughInterval int    `prop:"flushConsumeQueueThoroughInterval"`
	SyncFlushTimeout                  int    `prop:"syncFlushTimeout"`
	PutMessageTimeout                 int    `prop:"putMessageTimeout"`
	OsPageCacheBusyTimeOutMills       int64  `prop:"osPageCacheBusyTimeOutMills"`
	CheckCRCOnRecover                 bool   `prop:"checkCRCOnRecover"`
	EnabledAppendPropCRC              bool   `prop:"enabledAppendPropCRC"`
	ForceVerifyPropCRC                bool   `prop:"forceVerifyPropCRC"`
	AutoMessageVersionOnTopicLen      bool   `prop:"autoMessageVersionOnTopicLen"`
	MaxMessageSize                    int    `prop:"maxMessageSize"`
	MessageDelayLevel                 string `prop:"messageDelayLevel"`
	MaxMsgsNumBatch                   int    `prop:"maxMsgsNumBatch"`
	MaxFilterMessageSize              int    `prop:"maxFilterMessageSize"`
	MaxTransferBytesOnMessageInMemory int    `prop:"maxTransferBytesOnMessageInMemory"`
	MaxTransferCountOnMessageInMemory int    `prop:"maxTransferCountOnMessageInMemory"`
	MaxTransferBytesOnMessageInDisk   int    `prop:"maxTransferBytesOnMessageInDisk"`
	MaxTransferCountOnMessageInDisk   int    `prop:"maxTransferCountOnMessageInDisk"`
	AccessMessageInMemoryMaxRatio     int    `prop:"accessMessageInMemoryMaxRatio"`
	TravelCqFileNumWhenGetMessage     int    `prop:"travelCqFileNumWhenGetMessage"`
	OffsetCheckInSlave                bool   `prop:"offsetCheckInSlave"`
	DuplicationEnable                 bool   `prop:"duplicationEnable"`
	EnableDLegerCommitLog             bool   `prop:"enableDLegerCommitLog"`

	DeleteWhen                       string `prop:"deleteWhen"`
	FileReservedTime                 int    `prop:"fileReservedTime"`
	DiskMaxUsedSpaceRatio            int    `prop:"diskMaxUsedSpaceRatio"`
	DiskSpaceWarningLevelRatio       int    `prop:"diskSpaceWarningLevelRatio"`
	DiskSpaceCleanForciblyRatio      int    `prop:"diskSpaceCleanForciblyRatio"`
	CleanFileForciblyEnable          bool   `prop:"cleanFileForciblyEnable"`
	DeleteFileBatchMax               int    `prop:"deleteFileBatchMax"`
	CleanResourceInterval            int    `prop:"cleanResourceInterval"`
	DeleteCommitLogFilesInterval     int    `prop:"deleteCommitLogFilesInterval"`
	DeleteConsumeQueueFilesInterval  int    `prop:"deleteConsumeQueueFilesInterval"`
	DestroyMapedFileIntervalForcibly int    `prop:"destroyMapedFileIntervalForcibly"`
	RedeleteHangedFileInterval       int    `prop:"redeleteHangedFileInterval"`

	TimerWheelEnable             bool  `prop:"timerWheelEnable"`
	TimerPrecisionMs             int   `prop:"timerPrecisionMs"`
	TimerRollWindowSlot          int   `prop:"timerRollWindowSlot"`
	TimerMaxDelaySec             int   `prop:"timerMaxDelaySec"`
	MappedFileSizeTimerLog       int64 `prop:"mappedFileSizeTimerLog"`
	TimerFlushIntervalMs         int   `prop:"timerFlushIntervalMs"`
	TimerCongestNumEachSlot      int   `prop:"timerCongestNumEachSlot"`
	TimerStopEnqueue             bool  `prop:"timerStopEnqueue"`
	TimerStopDequeue             bool  `prop:"timerStopDequeue"`
	AppendTopicForTimerDeleteKey bool  `prop:"appendTopicForTimerDeleteKey"`

	// Additions of gorocket.
	MaxOpenConsumeQueueFiles int   `prop:"maxOpenConsumeQueueFiles"`
	TouchAheadBytes          int64 `prop:"touchAheadBytes"`
	MaxStoreBytes            int64 `prop:"maxStoreBytes"`
	MinFreeDiskBytes         int64 `prop:"minFreeDiskBytes"`
	MaxBatchMessages         int   `prop:"maxBatchMessages"`
	MaxConsumeQueueMemory    int64 `prop:"maxConsumeQueueMemory"`
}

// Keys implements config.Target.
func (*Config) Keys() config.Table { return config.Store }

// DefaultConfig returns Java's defaults; StorePathRootDir is left empty.
func DefaultConfig() Config {
	var c Config
	config.SetDefaults(&c)
	return c
}

// Validate checks every value: its bounds, which config.Store holds, and what hangs on more than a number.
func (c *Config) Validate() error {
	errs := []error{config.Check(c)}
	refuse := func(bad bool, key, value, why string) {
		if bad {
			errs = append(errs, &config.Error{Key: key, Value: value, Msg: why})
		}
	}
	refuse(c.StorePathRootDir == "", "storePathRootDir", "", "must be set")
	refuse(c.StoreType != "default" && c.StoreType != "", "storeType", c.StoreType,
		"RocksDB consume queues cannot be read. "+check.RocksDBWayOut)
	refuse(c.EnableDLegerCommitLog, "enableDLegerCommitLog", "true", "the DLedger commit log is not supported")
	refuse(!hoursValid(c.DeleteWhen), "deleteWhen", c.DeleteWhen,
		"want hours of the day, 0 to 23, separated by ';', such as 04 or 02;14")
	if _, err := config.DelayLevels(c.MessageDelayLevel); err != nil {
		refuse(true, "messageDelayLevel", c.MessageDelayLevel, err.Error())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// IsSlave tells that the store is the copy of a master's, and the broker on it its slave.
func (c *Config) IsSlave() bool { return c.BrokerRole == "SLAVE" }

// RecordLimits are what messages are checked against, and how they are encoded.
func (c *Config) RecordLimits() record.Limits {
	return record.Limits{MaxBody: c.MaxMessageSize, LongTopics: c.AutoMessageVersionOnTopicLen,
		PropCRC: c.EnabledAppendPropCRC}
}

// delayLevels are those of messageDelayLevel, ms; nil when it is wrong, which Validate says.
func (c *Config) delayLevels() []int64 {
	levels, _ := config.DelayLevels(c.MessageDelayLevel)
	return levels
}

// dispatchRules are the rules by which records become queue entries; delays are those of messageDelayLevel.
func (c *Config) dispatchRules(delays []int64) dispatch.Rules {
	return dispatch.Rules{Light: c.EnableLmq && c.EnableMultiDispatch, Delays: delays}
}

// commitLogPaths lists the writable commit log directories, at least one.
func (c *Config) commitLogPaths() []string {
	p := splitPaths(c.StorePathCommitLog)
	if len(p) == 0 {
		p = []string{path.Join(c.StorePathRootDir, "commitlog")}
	}
	return p
}

// readOnlyPaths lists the commit log directories that get no new files.
func (c *Config) readOnlyPaths() []string { return splitPaths(c.ReadOnlyCommitLogStorePaths) }

func splitPaths(s string) []string {
	var out []string
	for _, p := range strings.Split(s, ",") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// sub returns the path of name below the root.
func (c *Config) sub(name ...string) string {
	return path.Join(append([]string{c.StorePathRootDir}, name...)...)
}

// consumeQueueFileSize is MappedFileSizeConsumeQueue rounded up to whole entries.
func (c *Config) consumeQueueFileSize() int64 {
	return (c.MappedFileSizeConsumeQueue + consumequeue.Unit - 1) / consumequeue.Unit * consumequeue.Unit
}
