package admin

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gorocket/remoting/admin"
)

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
func (c *call) brokerRows(cl *admin.Client) ([]admin.BrokerStatus, error) {
	rows, errs, err := cl.Statuses(c.ctx, c.value("c"))
	for _, err := range errs {
		if err != nil {
			c.fail(err)
		}
	}
	return rows, err
}

func printClusters(w *text, rows []admin.BrokerStatus) {
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

func printTotals(w *text, rows []admin.BrokerStatus) {
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
