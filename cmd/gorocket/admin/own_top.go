package admin

import (
	"fmt"
	"slices"
	"time"

	"gorocket/remoting/admin"
)

// view is one look of top.
type view struct {
	Time    int64                `json:"time"` // ms
	Brokers []admin.BrokerStatus `json:"brokers"`
	Groups  []admin.Lag          `json:"groups"`
}

// lags asks all masters what waits for their groups. seen is the look before, by key; it is replaced.
func (c *call) lags(cl *admin.Client, rows []admin.BrokerStatus, seen map[string]int64,
	since time.Duration) []admin.Lag {
	parts := make([][]admin.Lag, len(rows))
	for _, err := range admin.Each(cl.Parallel(), rows, func(i int, r admin.BrokerStatus) error {
		if !r.Master() {
			return nil
		}
		list, err := cl.ConsumeStatsOfBroker(c.ctx, r.Addr, false, 10*time.Second)
		if err == nil {
			parts[i] = admin.LagsOf(r.Broker, list)
		}
		return err
	}) {
		if err != nil {
			c.fail(err)
		}
	}
	all := slices.Concat(parts...)
	before := len(seen) > 0
	for i := range all {
		key := all[i].Broker + "\x00" + all[i].Group + "\x00" + all[i].Topic
		if old, has := seen[key]; has && before && since > 0 {
			all[i].Growth = float64(all[i].Diff-old) / since.Seconds()
		}
		seen[key] = all[i].Diff
	}
	slices.SortStableFunc(all, func(a, b admin.Lag) int { return int(max(-1, min(1, b.Diff-a.Diff))) })
	return all
}

func runTop(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	pause, err := c.number("i", 2)
	if err != nil || pause < 1 {
		return orUsage(err, "option -i: %d seconds", pause)
	}
	most, err := c.number("m", 20)
	if err != nil {
		return err
	}
	seen, last := map[string]int64{}, time.Now()
	for {
		rows, err := c.brokerRows(cl)
		if err != nil {
			return err
		}
		v := view{Time: time.Now().UnixMilli(), Brokers: rows, Groups: c.lags(cl, rows, seen, time.Since(last))}
		last = time.Now()
		v.Groups = v.Groups[:min(int64(len(v.Groups)), max(0, most))]
		if err := c.emit(v, func(w *text) { v.print(w, !c.has("o")) }); err != nil || c.has("o") {
			return err
		}
		select {
		case <-time.After(time.Duration(pause) * time.Second):
		case <-c.ctx.Done():
			return nil
		}
	}
}

// clearScreen moves to the top left of a terminal and clears it.
const clearScreen = "\x1b[H\x1b[2J"

func (v *view) print(w *text, live bool) {
	if live {
		w.f(clearScreen)
	}
	w.f("%s\n\n%-24s  %-4s  %-22s  %-10s  %12s  %12s  %8s  %8s\n", stamp(v.Time), "#Broker Name", "#BID", "#Addr",
		"#Version", "#InTPS", "#OutTPS", "#Disk", "#Hours")
	for _, r := range v.Brokers {
		if r.Error != "" {
			w.f("%-24s  %-4d  %-22s  %s\n", cut(r.Broker, 24), r.ID, r.Addr, r.Error)
			continue
		}
		w.f("%-24s  %-4d  %-22s  %-10s  %12.1f  %12.1f  %7.1f%%  %8.1f\n", cut(r.Broker, 24), r.ID, r.Addr, r.Version,
			r.InTPS, r.OutTPS, r.Disk*100, r.Hours)
	}
	w.f("\n%-40s  %-40s  %-24s  %14s  %12s\n", "#Group", "#Topic", "#Broker Name", "#Diff", "#Growth/s")
	for _, g := range v.Groups {
		w.f("%-40s  %-40s  %-24s  %14d  %12s\n", cut(g.Group, 40), cut(g.Topic, 40), cut(g.Broker, 24), g.Diff,
			fmt.Sprintf("%+.1f", g.Growth))
	}
}
