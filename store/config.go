package store

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"gorocket/compat"
	"gorocket/store/record"
)

// Flush modes (Java FlushDiskType).
const (
	AsyncFlush = "ASYNC_FLUSH"
	SyncFlush  = "SYNC_FLUSH"
)

// Config holds the keys of Java's MessageStoreConfig that the store honours, under Java's names (tag prop). Sizes are bytes,
// times are milliseconds unless the doc says otherwise. Keys that Java has and that have no effect here are not listed.
type Config struct {
	StorePathRootDir            string `prop:"storePathRootDir" default:"" effect:"start" doc:"root directory of the store"`
	StorePathCommitLog          string `prop:"storePathCommitLog" default:"" effect:"start" doc:"commit log directories separated by ',' (empty: root/commitlog)"`
	ReadOnlyCommitLogStorePaths string `prop:"readOnlyCommitLogStorePaths" default:"" effect:"start" doc:"commit log directories that get no new files"`
	StoreType                   string `prop:"storeType" default:"default" effect:"start" doc:"only 'default'; defaultRocksDB is refused"`
	BrokerRole                  string `prop:"brokerRole" default:"ASYNC_MASTER" enum:"ASYNC_MASTER,SYNC_MASTER,SLAVE" effect:"start" doc:"SLAVE is refused"`

	MappedFileSizeCommitLog    int64 `prop:"mappedFileSizeCommitLog" default:"1073741824" min:"4096" max:"2147483647" effect:"start" doc:"size of one commit log file; must equal that of existing files"`
	MappedFileSizeConsumeQueue int64 `prop:"mappedFileSizeConsumeQueue" default:"6000000" min:"20" max:"2147483647" effect:"start" doc:"size of one consume queue file, rounded up to a multiple of 20"`
	// Java's name has this misprint.
	MapperFileSizeBatchConsumeQueue int64 `prop:"mapperFileSizeBatchConsumeQueue" default:"13800000" min:"46" max:"2147483647" effect:"start" doc:"size of one batch consume queue file (queue.type=BatchCQ), rounded up to a multiple of 46"`
	EnableConsumeQueueExt           bool  `prop:"enableConsumeQueueExt" default:"false" doc:"write consumequeue_ext; existing files are read in any case"`
	MappedFileSizeConsumeQueueExt   int64 `prop:"mappedFileSizeConsumeQueueExt" default:"50331648" min:"4096" max:"2147483647" effect:"start" doc:"size of one consume queue extension file"`
	EnableLmq                       bool  `prop:"enableLmq" default:"false" effect:"restart" doc:"light queues, together with enableMultiDispatch"`
	EnableMultiDispatch             bool  `prop:"enableMultiDispatch" default:"false" effect:"restart" doc:"dispatch messages with INNER_MULTI_DISPATCH to several light queues"`
	MaxLmqConsumeQueueNum           int   `prop:"maxLmqConsumeQueueNum" default:"20000" min:"0" max:"2147483647" doc:"most light queues"`

	MaxHashSlotNum     int  `prop:"maxHashSlotNum" default:"5000000" min:"1" max:"400000000" effect:"restart" doc:"hash slots of one index file"`
	MaxIndexNum        int  `prop:"maxIndexNum" default:"20000000" min:"2" max:"100000000" effect:"restart" doc:"entries of one index file"`
	MessageIndexEnable bool `prop:"messageIndexEnable" default:"true" effect:"restart" doc:"build the key index"`
	MessageIndexSafe   bool `prop:"messageIndexSafe" default:"false" effect:"restart" doc:"unclean recovery starts before the index checkpoint too"`

	FlushDiskType                     string `prop:"flushDiskType" default:"ASYNC_FLUSH" enum:"ASYNC_FLUSH,SYNC_FLUSH" doc:"when an acknowledgement comes: before or after the disk has the message"`
	FlushIntervalCommitLog            int    `prop:"flushIntervalCommitLog" default:"500" min:"1" max:"2147483647" doc:"ms between flushes of the commit log"`
	FlushCommitLogLeastPages          int    `prop:"flushCommitLogLeastPages" default:"4" min:"0" max:"2147483647" doc:"4 KiB pages that must be dirty before a flush"`
	FlushCommitLogThoroughInterval    int    `prop:"flushCommitLogThoroughInterval" default:"10000" min:"1" max:"2147483647" doc:"ms after which the commit log is flushed in any case"`
	FlushIntervalConsumeQueue         int    `prop:"flushIntervalConsumeQueue" default:"1000" min:"1" max:"2147483647" doc:"ms between writes of the consume queues"`
	FlushConsumeQueueLeastPages       int    `prop:"flushConsumeQueueLeastPages" default:"2" min:"0" max:"2147483647" doc:"4 KiB pages a queue must have gathered before it is written"`
	FlushConsumeQueueThoroughInterval int    `prop:"flushConsumeQueueThoroughInterval" default:"60000" min:"1" max:"2147483647" doc:"ms after which all consume queues are written and synced, and the checkpoint advances"`
	SyncFlushTimeout                  int    `prop:"syncFlushTimeout" default:"5000" min:"1" max:"2147483647" doc:"ms a SYNC_FLUSH sender waits for the disk"`
	PutMessageTimeout                 int    `prop:"putMessageTimeout" default:"8000" min:"1" max:"2147483647" doc:"ms an append waits for the next commit log file"`
	OsPageCacheBusyTimeOutMills       int64  `prop:"osPageCacheBusyTimeOutMills" default:"1000" min:"1" max:"2147483647" doc:"ms after which a held append lock means a busy page cache"`
	CheckCRCOnRecover                 bool   `prop:"checkCRCOnRecover" default:"true" effect:"restart" doc:"verify body CRC on recovery"`
	EnabledAppendPropCRC              bool   `prop:"enabledAppendPropCRC" default:"false" doc:"append the __CRC32# property to each record"`
	ForceVerifyPropCRC                bool   `prop:"forceVerifyPropCRC" default:"false" effect:"restart" doc:"refuse records without __CRC32# on recovery"`
	AutoMessageVersionOnTopicLen      bool   `prop:"autoMessageVersionOnTopicLen" default:"true" doc:"use V2 records for topics longer than 127 bytes"`
	MaxMessageSize                    int    `prop:"maxMessageSize" default:"4194304" min:"1" max:"1073741824" doc:"largest body"`
	MessageDelayLevel                 string `prop:"messageDelayLevel" default:"1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h" effect:"start" doc:"delay levels, from 1"`
	MaxMsgsNumBatch                   int    `prop:"maxMsgsNumBatch" default:"64" min:"1" max:"65536" doc:"most records one key query returns"`
	MaxFilterMessageSize              int    `prop:"maxFilterMessageSize" default:"16000" min:"1" max:"2147483647" doc:"bytes of consume queue scanned by one get"`
	MaxTransferBytesOnMessageInMemory int    `prop:"maxTransferBytesOnMessageInMemory" default:"262144" min:"1" max:"2147483647" doc:"bytes of one get when the data is in memory"`
	MaxTransferCountOnMessageInMemory int    `prop:"maxTransferCountOnMessageInMemory" default:"32" min:"1" max:"2147483647" doc:"messages of one get when the data is in memory"`
	MaxTransferBytesOnMessageInDisk   int    `prop:"maxTransferBytesOnMessageInDisk" default:"65536" min:"1" max:"2147483647" doc:"bytes of one get when the data is far behind"`
	MaxTransferCountOnMessageInDisk   int    `prop:"maxTransferCountOnMessageInDisk" default:"8" min:"1" max:"2147483647" doc:"messages of one get when the data is far behind"`
	AccessMessageInMemoryMaxRatio     int    `prop:"accessMessageInMemoryMaxRatio" default:"40" min:"0" max:"100" doc:"percent of RAM behind the log end that counts as memory"`
	TravelCqFileNumWhenGetMessage     int    `prop:"travelCqFileNumWhenGetMessage" default:"1" min:"1" max:"2147483647" doc:"rounds of a get that found nothing yet"`
	OffsetCheckInSlave                bool   `prop:"offsetCheckInSlave" default:"false" doc:"a slave corrects pull offsets as well"`
	DuplicationEnable                 bool   `prop:"duplicationEnable" default:"false" doc:"no effect"`
	EnableDLegerCommitLog             bool   `prop:"enableDLegerCommitLog" default:"false" effect:"start" doc:"refused when true"`

	DeleteWhen                       string `prop:"deleteWhen" default:"04" doc:"local hours of deletion separated by ';'"`
	FileReservedTime                 int    `prop:"fileReservedTime" default:"72" min:"1" max:"1000000" doc:"hours a commit log file is kept"`
	DiskMaxUsedSpaceRatio            int    `prop:"diskMaxUsedSpaceRatio" default:"75" min:"1" max:"100" doc:"percent of the disk above which expired files go at any hour"`
	DiskSpaceWarningLevelRatio       int    `prop:"diskSpaceWarningLevelRatio" default:"90" min:"1" max:"100" doc:"percent of the disk above which producers are refused"`
	DiskSpaceCleanForciblyRatio      int    `prop:"diskSpaceCleanForciblyRatio" default:"85" min:"1" max:"100" doc:"percent of the disk above which files go before their time"`
	CleanFileForciblyEnable          bool   `prop:"cleanFileForciblyEnable" default:"true" doc:"allow deletion before fileReservedTime"`
	DeleteFileBatchMax               int    `prop:"deleteFileBatchMax" default:"10" min:"1" max:"2147483647" doc:"most commit log files deleted in one round"`
	CleanResourceInterval            int    `prop:"cleanResourceInterval" default:"10000" min:"1" max:"2147483647" doc:"ms between cleaning rounds"`
	DeleteCommitLogFilesInterval     int    `prop:"deleteCommitLogFilesInterval" default:"100" min:"0" max:"2147483647" doc:"ms between two commit log deletions"`
	DeleteConsumeQueueFilesInterval  int    `prop:"deleteConsumeQueueFilesInterval" default:"100" min:"0" max:"2147483647" doc:"ms between two consume queue deletions"`
	DestroyMapedFileIntervalForcibly int    `prop:"destroyMapedFileIntervalForcibly" default:"120000" min:"0" max:"2147483647" doc:"accepted; leased files go when their last reader ends"`
	RedeleteHangedFileInterval       int    `prop:"redeleteHangedFileInterval" default:"120000" min:"0" max:"2147483647" doc:"accepted; leased files go when their last reader ends"`

	TimerWheelEnable             bool  `prop:"timerWheelEnable" default:"true" effect:"restart" doc:"messages with an arbitrary delay"`
	TimerPrecisionMs             int   `prop:"timerPrecisionMs" default:"1000" min:"1" max:"2147483647" effect:"restart" doc:"ms of a wheel slot: 1000, 500, 200 or 100; fixed once timer messages were stored"`
	TimerRollWindowSlot          int   `prop:"timerRollWindowSlot" default:"172800" min:"1" max:"2147483647" effect:"restart" doc:"slots; messages further ahead are parked and stored again"`
	TimerMaxDelaySec             int   `prop:"timerMaxDelaySec" default:"259200" min:"1" max:"2147483647" doc:"s; longest delay of a timer message"`
	MappedFileSizeTimerLog       int64 `prop:"mappedFileSizeTimerLog" default:"104857600" min:"4096" max:"2147483647" effect:"start" doc:"size of one timer log file; must equal that of existing files"`
	TimerFlushIntervalMs         int   `prop:"timerFlushIntervalMs" default:"1000" min:"1" max:"2147483647" doc:"ms between flushes of the timer files"`
	TimerCongestNumEachSlot      int   `prop:"timerCongestNumEachSlot" default:"2147483647" min:"1" max:"2147483647" doc:"messages of one slot above which sends are refused by chance, and all above twice that"`
	TimerStopEnqueue             bool  `prop:"timerStopEnqueue" default:"false" doc:"put no more messages into the wheel"`
	TimerStopDequeue             bool  `prop:"timerStopDequeue" default:"false" doc:"deliver no more timer messages"`
	AppendTopicForTimerDeleteKey bool  `prop:"appendTopicForTimerDeleteKey" default:"false" doc:"recall marks carry topic+key, as brokers of 5.2 and 5.3 expect"`

	// Additions of gorocket.
	MaxOpenConsumeQueueFiles int   `prop:"maxOpenConsumeQueueFiles" default:"4096" min:"1" max:"1048576" effect:"restart" doc:"most consume queue files open at once (gorocket)"`
	TouchAheadBytes          int64 `prop:"touchAheadBytes" default:"16777216" min:"0" max:"2147483647" effect:"restart" doc:"SYNC_FLUSH: bytes of the commit log filled with zeros ahead of the write position (gorocket)"`
	MaxStoreBytes            int64 `prop:"maxStoreBytes" default:"0" min:"0" doc:"bytes of commit log files above which the oldest go before their time, if cleanFileForciblyEnable; 0: no limit (gorocket)"`
	MinFreeDiskBytes         int64 `prop:"minFreeDiskBytes" default:"0" min:"0" doc:"free bytes of the disk below which commit log files go before their time, if cleanFileForciblyEnable, and below half of which producers are refused; 0: only the ratios count (gorocket)"`
	MaxBatchMessages         int   `prop:"maxBatchMessages" default:"32767" min:"1" max:"32767" doc:"most messages of one batch; a larger one is refused, since all others would wait for it (gorocket)"`
	MaxConsumeQueueMemory    int64 `prop:"maxConsumeQueueMemory" default:"67108864" min:"1" doc:"bytes of consume queue entries kept in memory (gorocket)"`
}

// DefaultConfig returns Java's defaults; StorePathRootDir is left empty.
func DefaultConfig() Config {
	var c Config
	compat.SetDefaults(&c)
	return c
}

// Validate checks every value: its bounds, which the tags of Config hold, and what hangs on more than a number.
func (c *Config) Validate() error {
	errs := []error{compat.Check(c)}
	refuse := func(bad bool, key, value, why string) {
		if bad {
			errs = append(errs, &compat.ConfigError{Key: key, Value: value, Msg: why})
		}
	}
	refuse(c.StorePathRootDir == "", "storePathRootDir", "", "must be set")
	refuse(c.StoreType != "default" && c.StoreType != "", "storeType", c.StoreType, "RocksDB consume queues cannot be read. "+rocksDBWayOut)
	refuse(c.EnableDLegerCommitLog, "enableDLegerCommitLog", "true", "the DLedger commit log is not supported")
	refuse(!hoursValid(c.DeleteWhen), "deleteWhen", c.DeleteWhen, "want hours of the day, 0 to 23, separated by ';', such as 04 or 02;14")
	if _, err := parseDelayLevels(c.MessageDelayLevel); err != nil {
		refuse(true, "messageDelayLevel", c.MessageDelayLevel, err.Error())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// RecordLimits are what messages are checked against, and how they are encoded.
func (c *Config) RecordLimits() record.Limits {
	return record.Limits{MaxBody: c.MaxMessageSize, LongTopics: c.AutoMessageVersionOnTopicLen, PropCRC: c.EnabledAppendPropCRC}
}

// maxSegmentSize is the largest file in bytes: Java maps files by an int.
const maxSegmentSize = 1<<31 - 1

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
