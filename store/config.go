package store

import (
	"fmt"
	"path"
	"strings"
)

// Flush modes (Java FlushDiskType).
const (
	AsyncFlush = "ASYNC_FLUSH"
	SyncFlush  = "SYNC_FLUSH"
)

// Config holds the keys of Java's MessageStoreConfig that the store honours, under Java's names (tag prop). Sizes are bytes,
// times are milliseconds unless the doc says otherwise. Keys that Java has and that have no effect here are not listed.
type Config struct {
	StorePathRootDir            string `prop:"storePathRootDir" default:"" doc:"root directory of the store"`
	StorePathCommitLog          string `prop:"storePathCommitLog" default:"" doc:"commit log directories separated by ',' (empty: root/commitlog)"`
	ReadOnlyCommitLogStorePaths string `prop:"readOnlyCommitLogStorePaths" default:"" doc:"commit log directories that get no new files"`
	StoreType                   string `prop:"storeType" default:"default" doc:"only 'default'; defaultRocksDB is refused"`
	BrokerRole                  string `prop:"brokerRole" default:"ASYNC_MASTER" doc:"ASYNC_MASTER, SYNC_MASTER or SLAVE"`

	MappedFileSizeCommitLog    int64 `prop:"mappedFileSizeCommitLog" default:"1073741824" doc:"size of one commit log file; must equal that of existing files"`
	MappedFileSizeConsumeQueue int64 `prop:"mappedFileSizeConsumeQueue" default:"6000000" doc:"size of one consume queue file, rounded up to a multiple of 20"`
	// Java's name has this misprint.
	MapperFileSizeBatchConsumeQueue int64 `prop:"mapperFileSizeBatchConsumeQueue" default:"13800000" doc:"size of one batch consume queue file (queue.type=BatchCQ), rounded up to a multiple of 46"`
	EnableConsumeQueueExt           bool  `prop:"enableConsumeQueueExt" default:"false" doc:"write consumequeue_ext; existing files are read in any case"`
	MappedFileSizeConsumeQueueExt   int64 `prop:"mappedFileSizeConsumeQueueExt" default:"50331648" doc:"size of one consume queue extension file"`
	EnableLmq                       bool  `prop:"enableLmq" default:"false" doc:"light queues, together with enableMultiDispatch"`
	EnableMultiDispatch             bool  `prop:"enableMultiDispatch" default:"false" doc:"dispatch messages with INNER_MULTI_DISPATCH to several light queues"`
	MaxLmqConsumeQueueNum           int   `prop:"maxLmqConsumeQueueNum" default:"20000" doc:"most light queues"`

	MaxHashSlotNum     int  `prop:"maxHashSlotNum" default:"5000000" doc:"hash slots of one index file"`
	MaxIndexNum        int  `prop:"maxIndexNum" default:"20000000" doc:"entries of one index file"`
	MessageIndexEnable bool `prop:"messageIndexEnable" default:"true" doc:"build the key index"`
	MessageIndexSafe   bool `prop:"messageIndexSafe" default:"false" doc:"unclean recovery starts before the index checkpoint too"`

	FlushDiskType                     string `prop:"flushDiskType" default:"ASYNC_FLUSH" doc:"ASYNC_FLUSH or SYNC_FLUSH"`
	FlushIntervalCommitLog            int    `prop:"flushIntervalCommitLog" default:"500" doc:"ms between flushes of the commit log"`
	FlushCommitLogLeastPages          int    `prop:"flushCommitLogLeastPages" default:"4" doc:"4 KiB pages that must be dirty before a flush"`
	FlushCommitLogThoroughInterval    int    `prop:"flushCommitLogThoroughInterval" default:"10000" doc:"ms after which the commit log is flushed in any case"`
	FlushIntervalConsumeQueue         int    `prop:"flushIntervalConsumeQueue" default:"1000" doc:"ms between writes of the consume queues"`
	FlushConsumeQueueLeastPages       int    `prop:"flushConsumeQueueLeastPages" default:"2" doc:"4 KiB pages a queue must have gathered before it is written"`
	FlushConsumeQueueThoroughInterval int    `prop:"flushConsumeQueueThoroughInterval" default:"60000" doc:"ms after which all consume queues are written and synced, and the checkpoint advances"`
	SyncFlushTimeout                  int    `prop:"syncFlushTimeout" default:"5000" doc:"ms a SYNC_FLUSH sender waits for the disk"`
	PutMessageTimeout                 int    `prop:"putMessageTimeout" default:"8000" doc:"ms an append waits for the next commit log file"`
	OsPageCacheBusyTimeOutMills       int64  `prop:"osPageCacheBusyTimeOutMills" default:"1000" doc:"ms after which a held append lock means a busy page cache"`
	CheckCRCOnRecover                 bool   `prop:"checkCRCOnRecover" default:"true" doc:"verify body CRC on recovery"`
	EnabledAppendPropCRC              bool   `prop:"enabledAppendPropCRC" default:"false" doc:"append the __CRC32# property to each record"`
	ForceVerifyPropCRC                bool   `prop:"forceVerifyPropCRC" default:"false" doc:"refuse records without __CRC32# on recovery"`
	AutoMessageVersionOnTopicLen      bool   `prop:"autoMessageVersionOnTopicLen" default:"true" doc:"use V2 records for topics longer than 127 bytes"`
	MaxMessageSize                    int    `prop:"maxMessageSize" default:"4194304" doc:"largest body"`
	MessageDelayLevel                 string `prop:"messageDelayLevel" default:"1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h" doc:"delay levels, from 1"`
	MaxMsgsNumBatch                   int    `prop:"maxMsgsNumBatch" default:"64" doc:"most records one key query returns"`
	MaxFilterMessageSize              int    `prop:"maxFilterMessageSize" default:"16000" doc:"bytes of consume queue scanned by one get"`
	MaxTransferBytesOnMessageInMemory int    `prop:"maxTransferBytesOnMessageInMemory" default:"262144" doc:"bytes of one get when the data is in memory"`
	MaxTransferCountOnMessageInMemory int    `prop:"maxTransferCountOnMessageInMemory" default:"32" doc:"messages of one get when the data is in memory"`
	MaxTransferBytesOnMessageInDisk   int    `prop:"maxTransferBytesOnMessageInDisk" default:"65536" doc:"bytes of one get when the data is far behind"`
	MaxTransferCountOnMessageInDisk   int    `prop:"maxTransferCountOnMessageInDisk" default:"8" doc:"messages of one get when the data is far behind"`
	AccessMessageInMemoryMaxRatio     int    `prop:"accessMessageInMemoryMaxRatio" default:"40" doc:"percent of RAM behind the log end that counts as memory"`
	TravelCqFileNumWhenGetMessage     int    `prop:"travelCqFileNumWhenGetMessage" default:"1" doc:"rounds of a get that found nothing yet"`
	OffsetCheckInSlave                bool   `prop:"offsetCheckInSlave" default:"false" doc:"a slave corrects pull offsets as well"`
	DuplicationEnable                 bool   `prop:"duplicationEnable" default:"false" doc:"no effect"`
	EnableDLegerCommitLog             bool   `prop:"enableDLegerCommitLog" default:"false" doc:"refused when true"`

	DeleteWhen                       string `prop:"deleteWhen" default:"04" doc:"local hours of deletion separated by ';'"`
	FileReservedTime                 int    `prop:"fileReservedTime" default:"72" doc:"hours a commit log file is kept"`
	DiskMaxUsedSpaceRatio            int    `prop:"diskMaxUsedSpaceRatio" default:"75" doc:"percent of the disk above which expired files go at any hour"`
	DiskSpaceWarningLevelRatio       int    `prop:"diskSpaceWarningLevelRatio" default:"90" doc:"percent of the disk above which producers are refused"`
	DiskSpaceCleanForciblyRatio      int    `prop:"diskSpaceCleanForciblyRatio" default:"85" doc:"percent of the disk above which files go before their time"`
	CleanFileForciblyEnable          bool   `prop:"cleanFileForciblyEnable" default:"true" doc:"allow deletion before fileReservedTime"`
	DeleteFileBatchMax               int    `prop:"deleteFileBatchMax" default:"10" doc:"most commit log files deleted in one round"`
	CleanResourceInterval            int    `prop:"cleanResourceInterval" default:"10000" doc:"ms between cleaning rounds"`
	DeleteCommitLogFilesInterval     int    `prop:"deleteCommitLogFilesInterval" default:"100" doc:"ms between two commit log deletions"`
	DeleteConsumeQueueFilesInterval  int    `prop:"deleteConsumeQueueFilesInterval" default:"100" doc:"ms between two consume queue deletions"`
	DestroyMapedFileIntervalForcibly int    `prop:"destroyMapedFileIntervalForcibly" default:"120000" doc:"accepted; leased files go when their last reader ends"`
	RedeleteHangedFileInterval       int    `prop:"redeleteHangedFileInterval" default:"120000" doc:"accepted; leased files go when their last reader ends"`

	TimerWheelEnable             bool  `prop:"timerWheelEnable" default:"true" doc:"messages with an arbitrary delay"`
	TimerPrecisionMs             int   `prop:"timerPrecisionMs" default:"1000" doc:"ms of a wheel slot: 1000, 500, 200 or 100; fixed once timer messages were stored"`
	TimerRollWindowSlot          int   `prop:"timerRollWindowSlot" default:"172800" doc:"slots; messages further ahead are parked and stored again"`
	TimerMaxDelaySec             int   `prop:"timerMaxDelaySec" default:"259200" doc:"s; longest delay of a timer message"`
	MappedFileSizeTimerLog       int64 `prop:"mappedFileSizeTimerLog" default:"104857600" doc:"size of one timer log file; must equal that of existing files"`
	TimerFlushIntervalMs         int   `prop:"timerFlushIntervalMs" default:"1000" doc:"ms between flushes of the timer files"`
	TimerCongestNumEachSlot      int   `prop:"timerCongestNumEachSlot" default:"2147483647" doc:"messages of one slot above which sends are refused by chance, and all above twice that"`
	TimerStopEnqueue             bool  `prop:"timerStopEnqueue" default:"false" doc:"put no more messages into the wheel"`
	TimerStopDequeue             bool  `prop:"timerStopDequeue" default:"false" doc:"deliver no more timer messages"`
	AppendTopicForTimerDeleteKey bool  `prop:"appendTopicForTimerDeleteKey" default:"false" doc:"recall marks carry topic+key, as brokers of 5.2 and 5.3 expect"`

	// Additions of gorocket.
	MaxOpenConsumeQueueFiles int   `prop:"maxOpenConsumeQueueFiles" default:"4096" doc:"most consume queue files open at once (gorocket)"`
	TouchAheadBytes          int64 `prop:"touchAheadBytes" default:"16777216" doc:"SYNC_FLUSH: bytes of the commit log filled with zeros ahead of the write position (gorocket)"`
	MaxStoreBytes            int64 `prop:"maxStoreBytes" default:"0" doc:"bytes of commit log files above which the oldest go before their time, if cleanFileForciblyEnable; 0: no limit (gorocket)"`
	MinFreeDiskBytes         int64 `prop:"minFreeDiskBytes" default:"0" doc:"free bytes of the disk below which commit log files go before their time, if cleanFileForciblyEnable, and below half of which producers are refused; 0: only the ratios count (gorocket)"`
	MaxConsumeQueueMemory    int64 `prop:"maxConsumeQueueMemory" default:"67108864" doc:"bytes of consume queue entries kept in memory (gorocket)"`
}

// DefaultConfig returns Java's defaults; StorePathRootDir is left empty.
func DefaultConfig() Config {
	return Config{
		StoreType: "default", BrokerRole: "ASYNC_MASTER",
		MappedFileSizeCommitLog: 1 << 30, MappedFileSizeConsumeQueue: 6_000_000,
		MapperFileSizeBatchConsumeQueue: 300_000 * batchUnit, MappedFileSizeConsumeQueueExt: 48 << 20, MaxLmqConsumeQueueNum: 20_000,
		MaxHashSlotNum: 5_000_000, MaxIndexNum: 20_000_000, MessageIndexEnable: true,
		FlushDiskType: AsyncFlush, FlushIntervalCommitLog: 500, FlushCommitLogLeastPages: 4, FlushCommitLogThoroughInterval: 10_000,
		FlushIntervalConsumeQueue: 1000, FlushConsumeQueueLeastPages: 2, FlushConsumeQueueThoroughInterval: 60_000,
		SyncFlushTimeout: 5000, PutMessageTimeout: 8000, OsPageCacheBusyTimeOutMills: 1000,
		CheckCRCOnRecover: true, AutoMessageVersionOnTopicLen: true, MaxMessageSize: 4 << 20,
		MessageDelayLevel: "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h",
		MaxMsgsNumBatch:   64, MaxFilterMessageSize: 16_000,
		MaxTransferBytesOnMessageInMemory: 256 << 10, MaxTransferCountOnMessageInMemory: 32,
		MaxTransferBytesOnMessageInDisk: 64 << 10, MaxTransferCountOnMessageInDisk: 8,
		AccessMessageInMemoryMaxRatio: 40, TravelCqFileNumWhenGetMessage: 1,
		DeleteWhen: "04", FileReservedTime: 72, DiskMaxUsedSpaceRatio: 75, DiskSpaceWarningLevelRatio: 90, DiskSpaceCleanForciblyRatio: 85,
		CleanFileForciblyEnable: true, DeleteFileBatchMax: 10, CleanResourceInterval: 10_000,
		DeleteCommitLogFilesInterval: 100, DeleteConsumeQueueFilesInterval: 100,
		DestroyMapedFileIntervalForcibly: 120_000, RedeleteHangedFileInterval: 120_000,
		TimerWheelEnable: true, TimerPrecisionMs: 1000, TimerRollWindowSlot: 2 * 24 * 3600, TimerMaxDelaySec: 3 * 24 * 3600, MappedFileSizeTimerLog: 100 << 20,
		TimerFlushIntervalMs: 1000, TimerCongestNumEachSlot: 1<<31 - 1,
		MaxOpenConsumeQueueFiles: 4096, TouchAheadBytes: 16 << 20, MaxConsumeQueueMemory: 64 << 20,
	}
}

// Validate checks every value and names the first offending key.
func (c *Config) Validate() error {
	checks := []struct {
		ok    bool
		key   string
		value any
		why   string
	}{
		{c.StorePathRootDir != "", "storePathRootDir", c.StorePathRootDir, "must be set"},
		{c.StoreType == "default" || c.StoreType == "", "storeType", c.StoreType, "RocksDB consume queues cannot be read. " + rocksDBWayOut},
		{!c.EnableDLegerCommitLog, "enableDLegerCommitLog", true, "the DLedger commit log is not supported"},
		{c.FlushDiskType == AsyncFlush || c.FlushDiskType == SyncFlush, "flushDiskType", c.FlushDiskType, "ASYNC_FLUSH or SYNC_FLUSH"},
		{c.BrokerRole == "ASYNC_MASTER" || c.BrokerRole == "SYNC_MASTER" || c.BrokerRole == "SLAVE", "brokerRole", c.BrokerRole, "ASYNC_MASTER, SYNC_MASTER or SLAVE"},
		{c.MappedFileSizeCommitLog >= minSegmentSize && c.MappedFileSizeCommitLog <= maxSegmentSize, "mappedFileSizeCommitLog", c.MappedFileSizeCommitLog, "4096..2147483647"},
		{c.MappedFileSizeConsumeQueue >= cqUnit && c.MappedFileSizeConsumeQueue <= maxSegmentSize, "mappedFileSizeConsumeQueue", c.MappedFileSizeConsumeQueue, "20..2147483647"},
		{c.MapperFileSizeBatchConsumeQueue >= batchUnit && c.MapperFileSizeBatchConsumeQueue <= maxSegmentSize, "mapperFileSizeBatchConsumeQueue", c.MapperFileSizeBatchConsumeQueue, "46..2147483647"},
		{c.MappedFileSizeConsumeQueueExt >= 4096 && c.MappedFileSizeConsumeQueueExt <= maxSegmentSize, "mappedFileSizeConsumeQueueExt", c.MappedFileSizeConsumeQueueExt, "4096..2147483647"},
		{c.MaxLmqConsumeQueueNum >= 0, "maxLmqConsumeQueueNum", c.MaxLmqConsumeQueueNum, "must not be negative"},
		{c.MaxHashSlotNum >= 1 && c.MaxHashSlotNum <= 400_000_000, "maxHashSlotNum", c.MaxHashSlotNum, "1..400000000"},
		{c.MaxIndexNum >= 2 && c.MaxIndexNum <= 100_000_000, "maxIndexNum", c.MaxIndexNum, "2..100000000"},
		{c.FlushIntervalCommitLog > 0, "flushIntervalCommitLog", c.FlushIntervalCommitLog, "must be positive"},
		{c.FlushCommitLogThoroughInterval > 0, "flushCommitLogThoroughInterval", c.FlushCommitLogThoroughInterval, "must be positive"},
		{c.FlushIntervalConsumeQueue > 0, "flushIntervalConsumeQueue", c.FlushIntervalConsumeQueue, "must be positive"},
		{c.FlushConsumeQueueThoroughInterval > 0, "flushConsumeQueueThoroughInterval", c.FlushConsumeQueueThoroughInterval, "must be positive"},
		{c.SyncFlushTimeout > 0, "syncFlushTimeout", c.SyncFlushTimeout, "must be positive"},
		{c.PutMessageTimeout > 0, "putMessageTimeout", c.PutMessageTimeout, "must be positive"},
		{c.MaxMessageSize > 0 && c.MaxMessageSize <= 1<<30, "maxMessageSize", c.MaxMessageSize, "1..1073741824"},
		{c.MaxMsgsNumBatch > 0, "maxMsgsNumBatch", c.MaxMsgsNumBatch, "must be positive"},
		{c.CleanResourceInterval > 0, "cleanResourceInterval", c.CleanResourceInterval, "must be positive"},
		{c.FileReservedTime > 0, "fileReservedTime", c.FileReservedTime, "must be positive"},
		{c.MappedFileSizeTimerLog >= minSegmentSize && c.MappedFileSizeTimerLog <= maxSegmentSize, "mappedFileSizeTimerLog", c.MappedFileSizeTimerLog, "4096..2147483647"},
		{c.TimerMaxDelaySec > 0 && c.TimerMaxDelaySec <= maxTimerDelay, "timerMaxDelaySec", c.TimerMaxDelaySec, "1..2147483647"},
		{c.TimerFlushIntervalMs > 0, "timerFlushIntervalMs", c.TimerFlushIntervalMs, "must be positive"},
		{c.TimerCongestNumEachSlot > 0, "timerCongestNumEachSlot", c.TimerCongestNumEachSlot, "must be positive"},
		{c.MaxOpenConsumeQueueFiles > 0, "maxOpenConsumeQueueFiles", c.MaxOpenConsumeQueueFiles, "must be positive"},
		{c.MaxStoreBytes >= 0, "maxStoreBytes", c.MaxStoreBytes, "must not be negative"},
		{c.MinFreeDiskBytes >= 0, "minFreeDiskBytes", c.MinFreeDiskBytes, "must not be negative"},
		{c.TouchAheadBytes >= 0, "touchAheadBytes", c.TouchAheadBytes, "must not be negative"},
	}
	for _, k := range checks {
		if !k.ok {
			return fmt.Errorf("store: %s=%v: %s", k.key, k.value, k.why)
		}
	}
	if _, err := parseDelayLevels(c.MessageDelayLevel); err != nil {
		return fmt.Errorf("store: messageDelayLevel=%s: %w", c.MessageDelayLevel, err)
	}
	return nil
}

const (
	minSegmentSize = 4096
	maxSegmentSize = 1<<31 - 1
	maxTimerDelay  = 1<<31 - 1 // s
)

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
	return (c.MappedFileSizeConsumeQueue + cqUnit - 1) / cqUnit * cqUnit
}
