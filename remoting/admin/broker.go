package admin

import (
	"context"
	"strconv"
	"time"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// RuntimeInfo asks a broker how it is (28): texts by name.
func (c *Client) RuntimeInfo(ctx context.Context, addr string) (map[string]string, error) {
	var t protocol.KVTable
	resp, err := c.plain(ctx, addr, wire.ReqGetBrokerRuntimeInfo, nil)
	return t.Table, decode(resp, err, &t)
}

// CleanExpiredQueues makes a broker delete consume queue files that point to nothing any more (306).
func (c *Client) CleanExpiredQueues(ctx context.Context, addr string) error {
	_, err := c.plain(ctx, addr, wire.ReqCleanExpiredConsumequeue, nil)
	return err
}

// DeleteExpiredLog makes a broker delete log files that have expired (329).
func (c *Client) DeleteExpiredLog(ctx context.Context, addr string) error {
	_, err := c.plain(ctx, addr, wire.ReqDeleteExpiredCommitlog, nil)
	return err
}

// CleanUnusedTopics makes a broker delete the queues of topics that it does not have any more (316).
func (c *Client) CleanUnusedTopics(ctx context.Context, addr string) error {
	_, err := c.plain(ctx, addr, wire.ReqCleanUnusedTopic, nil)
	return err
}

// HAStatus asks a broker about its slaves, or about its master (907).
func (c *Client) HAStatus(ctx context.Context, addr string) (*protocol.HARuntimeInfo, error) {
	info := new(protocol.HARuntimeInfo)
	resp, err := c.plain(ctx, addr, wire.ReqGetBrokerHaStatus, nil)
	return info, decode(resp, err, info)
}

// EpochCache asks a broker who wrote which part of its log (1007).
func (c *Client) EpochCache(ctx context.Context, addr string) (*protocol.EpochEntryCache, error) {
	cache := new(protocol.EpochEntryCache)
	resp, err := c.plain(ctx, addr, wire.ReqGetBrokerEpochCache, nil)
	return cache, decode(resp, err, cache)
}

// ResetMasterFlushOffset tells a slave where its master's log ended (908).
func (c *Client) ResetMasterFlushOffset(ctx context.Context, addr string, offset int64) error {
	_, err := ask(ctx, c, addr, wire.ReqResetMasterFlushOffset, wire.ResetMasterFlushOffset,
		&wire.ResetMasterFlushOffsetHeader{FlushOffset: offset}, nil)
	return err
}

// Stats asks a broker for a counter (315), such as TOPIC_PUT_NUMS of a topic. One that it does not have is an *Error.
func (c *Client) Stats(ctx context.Context, addr, name, key string) (*StatsData, error) {
	d := new(StatsData)
	resp, err := ask(ctx, c, addr, wire.ReqViewBrokerStatsData, wire.StatsDataRequest,
		&wire.StatsDataHeader{StatsName: name, StatsKey: key}, nil)
	return d, decode(resp, err, d)
}

// TimerCount is how many timer messages wait for a topic. Java: TimerMetrics.Metric.
type TimerCount struct {
	Count     int64 `json:"count"`
	TimeStamp int64 `json:"timeStamp"` // ms; of the last change
}

// TimerMetrics asks a broker for how many timer messages wait, by topic (61).
func (c *Client) TimerMetrics(ctx context.Context, addr string) (map[string]TimerCount, error) {
	var t struct {
		TimingCount map[string]TimerCount `json:"timingCount"`
	}
	resp, err := c.plain(ctx, addr, wire.ReqGetTimerMetrics, nil)
	return t.TimingCount, decode(resp, err, &t)
}

// ConsumeStatsOfBroker asks a broker for the progress of all groups (317); it may take a while.
func (c *Client) ConsumeStatsOfBroker(ctx context.Context, addr string, ordered bool, timeout time.Duration) (
	*ConsumeStatsList, error) {
	l := new(ConsumeStatsList)
	resp, err := askFor(ctx, c, addr, timeout, wire.ReqGetBrokerConsumeStats, wire.BrokerConsumeStatsRequest,
		&wire.BrokerConsumeStatsHeader{IsOrder: ordered}, nil)
	return l, decode(resp, err, l)
}

// ColdFlow asks a broker about the flow control of cold reads (2003): a JSON text.
func (c *Client) ColdFlow(ctx context.Context, addr string) ([]byte, error) {
	resp, err := c.plain(ctx, addr, wire.ReqGetColdDataFlowCtrInfo, nil)
	if err != nil {
		return nil, err
	}
	return compat.Normalize(resp.Body)
}

// SetColdFlow sets how many bytes of cold data a group may read per second at a broker (2001).
func (c *Client) SetColdFlow(ctx context.Context, addr, group string, bytes int64) error {
	return c.setConfig(ctx, addr, wire.ReqUpdateColdDataFlowCtrConfig, group, strconv.FormatInt(bytes, 10))
}

// RemoveColdFlow takes such a limit away (2002).
func (c *Client) RemoveColdFlow(ctx context.Context, addr, group string) error {
	_, err := c.plain(ctx, addr, wire.ReqRemoveColdDataFlowCtrConfig, []byte(group))
	return err
}

// SetReadAhead sets how a broker's log is read by the kernel (2004): 0 normal, 1 random. It returns the broker's words.
func (c *Client) SetReadAhead(ctx context.Context, addr, mode string) (string, error) {
	resp, err := ask(ctx, c, addr, wire.ReqSetCommitlogReadMode, wire.ReadAheadRequest, &wire.ReadAheadHeader{Mode: mode},
		nil)
	if err != nil {
		return "", err
	}
	return resp.Remark, nil
}

// SwitchTimerEngine chooses between file wheel (F) and RocksDB (R) for timer messages (5001).
func (c *Client) SwitchTimerEngine(ctx context.Context, addr, engine string) error {
	_, err := ask(ctx, c, addr, wire.ReqSwitchTimerEngine, wire.TimerEngineRequest,
		&wire.TimerEngineHeader{Engine: engine}, nil)
	return err
}

// ExportRocksDB makes a broker write tables of its RocksDB as JSON files (355): topics;subscriptionGroups;….
func (c *Client) ExportRocksDB(ctx context.Context, addr, types string) error {
	_, err := ask(ctx, c, addr, wire.ReqExportRocksdbConfigToJson, wire.ExportRocksDBRequest,
		&wire.ExportRocksDBHeader{ConfigType: types}, nil)
	return err
}

// RocksDBProgress is an answer of CheckRocksDB. Java: CheckRocksdbCqWriteResult.
type RocksDBProgress struct {
	CheckResult string `json:"checkResult"`
	CheckStatus int    `json:"checkStatus"`
}

// CheckRocksDB makes a broker compare queue files with those in RocksDB (354); topic "": all.
func (c *Client) CheckRocksDB(ctx context.Context, addr, topic string, since int64) (*RocksDBProgress, error) {
	p := new(RocksDBProgress)
	resp, err := ask(ctx, c, addr, wire.ReqCheckRocksdbCqWriteProgress, wire.CheckRocksDBRequest,
		&wire.CheckRocksDBHeader{Topic: topic, CheckStoreTime: since}, nil)
	return p, decode(resp, err, p)
}

// AddBroker starts a broker in a container (902).
func (c *Client) AddBroker(ctx context.Context, container, configPath string) error {
	_, err := ask(ctx, c, container, wire.ReqAddBroker, wire.AddBrokerRequest,
		&wire.AddBrokerHeader{ConfigPath: configPath}, nil)
	return err
}

// RemoveBroker ends a broker in a container (903).
func (c *Client) RemoveBroker(ctx context.Context, container, cluster, broker string, id int64) error {
	_, err := ask(ctx, c, container, wire.ReqRemoveBroker, wire.RemoveBrokerRequest,
		&wire.RemoveBrokerHeader{Cluster: cluster, Broker: broker, BrokerID: id}, nil)
	return err
}

// ExportPopRecords makes a broker write its pop records as a store of files does (200056).
func (c *Client) ExportPopRecords(ctx context.Context, addr string) error {
	_, err := askFor(ctx, c, addr, 4*c.opts.Timeout, wire.ReqPopRollback, wire.None, new(wire.NoHeader), nil)
	return err
}

// Producers asks a broker for the producers of all groups (328).
func (c *Client) Producers(ctx context.Context, addr string) (map[string][]ProducerInfo, error) {
	var t struct {
		Data map[string][]ProducerInfo `json:"data"`
	}
	resp, err := c.plain(ctx, addr, wire.ReqGetAllProducerInfo, nil)
	return t.Data, decode(resp, err, &t)
}
