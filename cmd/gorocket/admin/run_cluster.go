package admin

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorocket/remoting/admin"
)

// brokerRow is a broker of clusterList. Numbers that a broker does not tell are 0, texts "".
type brokerRow struct {
	admin.Node
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
	info          map[string]string // what it said
}

func runClusterList(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	return c.every("i", func() error {
		rows, err := c.brokerRows(cl)
		if err != nil {
			return err
		}
		return c.emit(rows, func(w *text) {
			if c.has("m") {
				printTotals(w, rows)
			} else {
				printClusters(w, rows)
			}
		})
	})
}

// brokerRows asks all brokers of the cluster of -c, or of all clusters; one that does not answer is told of.
func (c *call) brokerRows(cl *admin.Client) ([]brokerRow, error) {
	nodes, err := cl.Nodes(c.ctx, c.value("c"))
	if err != nil {
		return nil, err
	}
	rows := make([]brokerRow, len(nodes))
	errs := admin.Each(cl.Parallel(), nodes, func(i int, n admin.Node) error {
		info, err := cl.RuntimeInfo(c.ctx, n.Addr)
		rows[i] = rowOf(n, info)
		if err != nil {
			rows[i].Error = err.Error()
		}
		return err
	})
	for _, err := range errs {
		if err != nil {
			c.fail(err)
		}
	}
	return rows, nil
}

func rowOf(n admin.Node, info map[string]string) brokerRow {
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
	r := brokerRow{Node: n, info: info, Version: info["brokerVersionDesc"], InTPS: real("putTps"),
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

func printClusters(w *text, rows []brokerRow) {
	w.f("%-22s  %-22s  %-4s  %-22s %-16s  %16s  %30s  %-22s  %-11s  %-12s  %-8s  %-10s\n", "#Cluster Name",
		"#Broker Name", "#BID", "#Addr", "#Version", "#InTPS(LOAD)", "#OutTPS(LOAD)", "#Timer(Progress)", "#PCWait(ms)",
		"#Hour", "#SPACE", "#ACTIVATED")
	for _, r := range rows {
		in := fmt.Sprintf("%9.2f(%s,%sms)", r.InTPS, r.SendQueue, r.SendWait)
		out := fmt.Sprintf("%9.2f(%s,%sms|%s,%sms)", r.OutTPS, r.PullQueue, r.PullWait, r.AckQueue, r.AckWait)
		timer := fmt.Sprintf("%d-%d(%.1fw, %.1f, %.1f)", r.TimerBehind, r.TimerOffset, float64(r.TimerCongest)/10000,
			r.TimerIn, r.TimerOut)
		w.f("%-22s  %-22s  %-4d  %-22s %-16s  %16s  %30s  %-22s  %11s  %-12s  %-8s  %10t\n", r.Cluster, r.Broker,
			r.ID, r.Addr, r.Version, in, out, timer, r.PageCacheWait, fmt.Sprintf("%2.2f", r.Hours), fmt.Sprintf("%.4f", r.Disk),
			r.Active)
	}
}

func printTotals(w *text, rows []brokerRow) {
	w.f("%-16s  %-32s %14s %14s %14s %14s\n", "#Cluster Name", "#Broker Name", "#InTotalYest", "#OutTotalYest",
		"#InTotalToday", "#OutTotalToday")
	for _, r := range rows {
		w.f("%-16s  %-32s %14d %14d %14d %14d\n", r.Cluster, r.Broker, r.InYesterday, r.OutYesterday, r.InToday, r.OutToday)
	}
}

func runBrokerStatus(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	addrs, err := c.allTargets(cl)
	if err != nil {
		return err
	}
	infos := make([]map[string]string, len(addrs))
	errs := admin.Each(cl.Parallel(), addrs, func(i int, addr string) (err error) {
		infos[i], err = cl.RuntimeInfo(c.ctx, addr)
		return err
	})
	all := map[string]map[string]string{}
	for i, addr := range addrs {
		if errs[i] != nil {
			if c.has("b") {
				return errs[i]
			}
			c.fail(errs[i])
			continue
		}
		all[addr] = infos[i]
	}
	return c.emit(all, func(w *text) {
		for _, addr := range addrs {
			for _, k := range slices.Sorted(maps.Keys(all[addr])) {
				if c.has("c") {
					w.f("%-24s ", addr)
				}
				w.f("%-32s: %s\n", k, all[addr][k])
			}
		}
	})
}

// rtRow is a broker of clusterRT.
type rtRow struct {
	Cluster string  `json:"cluster"`
	Broker  string  `json:"broker"`
	RT      float64 `json:"rt"` // ms
	Good    int     `json:"successCount"`
	Failed  int     `json:"failCount"`
}

func runClusterRT(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	amount, err := c.number("a", 100)
	if err != nil {
		return err
	}
	size, err := c.number("s", 128)
	if err != nil || size < 0 || size > maxTestBody {
		return orUsage(err, "option -s: a body of %d bytes", size)
	}
	pause, err := c.number("i", 10)
	if err != nil {
		return err
	}
	log := c.is("p", false)
	if !log {
		c.say("%-24s  %-24s  %-4s  %-8s  %-8s\n", "#Cluster Name", "#Broker Name", "#RT", "#successCount", "#failCount")
	}
	body := []byte(strings.Repeat("a", int(size)))
	for {
		info, err := cl.ClusterInfo(c.ctx)
		if err != nil {
			return err
		}
		clusters := slices.Sorted(maps.Keys(info.ClusterAddrTable))
		if c.has("c") {
			clusters = []string{c.value("c")}
		}
		for _, name := range clusters {
			brokers, has := info.ClusterAddrTable[name]
			if !has {
				c.say("cluster [%s] not exist", name)
				return fmt.Errorf("no cluster %q", name)
			}
			for _, b := range slices.Sorted(slices.Values(brokers)) {
				if err := c.emitRT(c.sendMany(cl, name, b, int(amount), body), log); err != nil {
					return err
				}
			}
		}
		select {
		case <-time.After(time.Duration(max(0, pause)) * time.Second):
		case <-c.ctx.Done():
			return nil
		}
	}
}

// maxTestBody bounds the bodies of messages that commands make up, in bytes.
const maxTestBody = 4 << 20

func orUsage(err error, format string, args ...any) error {
	if err != nil {
		return err
	}
	return usagef(format, args...)
}

// sendMany sends messages to the topic that is named as a broker, one after another; the first is not timed.
func (c *call) sendMany(cl *admin.Client, cluster, broker string, amount int, body []byte) rtRow {
	r := rtRow{Cluster: cluster, Broker: broker}
	var spent time.Duration
	for i := range amount {
		start := time.Now()
		if _, err := c.sendAny(cl, i, &admin.Outgoing{Topic: broker, Body: body}); err != nil {
			r.Failed++
		} else {
			r.Good++
		}
		if i > 0 {
			spent += time.Since(start)
		}
		if c.ctx.Err() != nil {
			break
		}
	}
	if amount > 1 {
		r.RT = float64(spent.Milliseconds()) / float64(amount-1)
	}
	return r
}

func (c *call) emitRT(r rtRow, log bool) error {
	return c.emit(r, func(w *text) {
		if log {
			now := time.Now().In(time.FixedZone("GMT+8", 8*3600)).Format("2006-01-02 15:04:05")
			w.f("%s|%s|%s|%s|%.0f\n", now, c.or("m", "noname"), r.Cluster, r.Broker, r.RT)
			return
		}
		w.f("%-24s  %-24s  %-8s  %-16d  %-16d\n", r.Cluster, r.Broker, fmt.Sprintf("%.2f", r.RT), r.Good, r.Failed)
	})
}
