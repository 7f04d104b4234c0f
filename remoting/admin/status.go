package admin

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// BrokerStatus is what a broker says of itself. Numbers that a broker does not tell are 0, texts "".
type BrokerStatus struct {
	Node
	Version       string            `json:"version"`
	InTPS         float64           `json:"inTps"`
	OutTPS        float64           `json:"outTps"`
	SendQueue     string            `json:"sendThreadPoolQueueSize"`
	SendWait      string            `json:"sendThreadPoolQueueHeadWaitTimeMills"`
	PullQueue     string            `json:"pullThreadPoolQueueSize"`
	PullWait      string            `json:"pullThreadPoolQueueHeadWaitTimeMills"`
	AckQueue      string            `json:"ackThreadPoolQueueSize"`
	AckWait       string            `json:"ackThreadPoolQueueHeadWaitTimeMills"`
	TimerBehind   int64             `json:"timerReadBehind"`
	TimerOffset   int64             `json:"timerOffsetBehind"`
	TimerCongest  int64             `json:"timerCongestNum"`
	TimerIn       float64           `json:"timerEnqueueTps"`
	TimerOut      float64           `json:"timerDequeueTps"`
	PageCacheWait string            `json:"pageCacheLockTimeMills"`
	Hours         float64           `json:"hours"` // age of the oldest message
	Disk          float64           `json:"commitLogDiskRatio"`
	Active        bool              `json:"brokerActive"`
	InYesterday   int64             `json:"inTotalYesterday"`
	OutYesterday  int64             `json:"outTotalYesterday"`
	InToday       int64             `json:"inTotalToday"`
	OutToday      int64             `json:"outTotalToday"`
	Error         string            `json:"error,omitempty"` // why the broker was not asked
	Info          map[string]string `json:"-"`               // what it said, nil when it was not asked
}

// Statuses asks all brokers of a cluster, of all clusters when it is "", how they are. One that does not answer has its
// error in the row and in errs, whose order is that of the rows.
func (c *Client) Statuses(ctx context.Context, cluster string) (rows []BrokerStatus, errs []error, err error) {
	nodes, err := c.Nodes(ctx, cluster)
	if err != nil {
		return nil, nil, err
	}
	rows, errs = c.StatusesOf(ctx, nodes)
	return rows, errs, nil
}

// StatusesOf is Statuses for brokers that are known.
func (c *Client) StatusesOf(ctx context.Context, nodes []Node) (rows []BrokerStatus, errs []error) {
	rows = make([]BrokerStatus, len(nodes))
	errs = Each(c.opts.Parallel, nodes, func(i int, n Node) error {
		info, err := c.RuntimeInfo(ctx, n.Addr)
		rows[i] = StatusOf(n, info)
		if err != nil {
			rows[i].Error = err.Error()
		}
		return err
	})
	return rows, errs
}

// StatusOf reads a broker's answer to 28; info nil: there was none.
func StatusOf(n Node, info map[string]string) BrokerStatus {
	number := func(key string) int64 {
		v, _ := strconv.ParseInt(info[key], 10, 64) // 0 when the broker does not tell
		return v
	}
	real := func(key string) float64 {
		first, _, _ := strings.Cut(info[key], " ")
		v, _ := strconv.ParseFloat(first, 64) // 0 when the broker does not tell
		return v
	}
	or := func(key, other string) string {
		if v, has := info[key]; has {
			return v
		}
		return other
	}
	r := BrokerStatus{Node: n, Info: info, Version: info["brokerVersionDesc"], InTPS: real("putTps"),
		OutTPS: real("getTransferredTps"), SendQueue: or("sendThreadPoolQueueSize", ""),
		SendWait:  or("sendThreadPoolQueueHeadWaitTimeMills", ""),
		PullQueue: or("pullThreadPoolQueueSize", ""), PullWait: or("pullThreadPoolQueueHeadWaitTimeMills", ""),
		AckQueue: or("ackThreadPoolQueueSize", "N"), AckWait: or("ackThreadPoolQueueHeadWaitTimeMills", "N"),
		TimerBehind: number("timerReadBehind"), TimerOffset: number("timerOffsetBehind"),
		TimerCongest: number("timerCongestNum"), TimerIn: real("timerEnqueueTps"), TimerOut: real("timerDequeueTps"),
		PageCacheWait: or("pageCacheLockTimeMills", ""), Disk: real("commitLogDiskRatio"),
		Active:       info["brokerActive"] == "true",
		InYesterday:  number("msgPutTotalTodayMorning") - number("msgPutTotalYesterdayMorning"),
		OutYesterday: number("msgGetTotalTodayMorning") - number("msgGetTotalYesterdayMorning"),
		InToday:      number("msgPutTotalTodayNow") - number("msgPutTotalTodayMorning"),
		OutToday:     number("msgGetTotalTodayNow") - number("msgGetTotalTodayMorning")}
	if info == nil {
		r.AckQueue, r.AckWait = "", ""
	}
	if info["earliestMessageTimeStamp"] != "" {
		r.Hours = time.Since(time.UnixMilli(number("earliestMessageTimeStamp"))).Hours()
	}
	return r
}
