package admin

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"gorocket/compat"
	"gorocket/remoting/admin"
)

// traceRow is a step of a message's way.
type traceRow struct {
	Type       string `json:"type"` // Pub, SubAfter
	Group      string `json:"group"`
	ClientHost string `json:"clientHost"`
	Time       int64  `json:"time"` // ms
	Cost       int    `json:"costTime"`
	Status     string `json:"status"`
}

// Separators in trace messages. Java: TraceConstants.
const (
	traceField   = "\x02"
	traceContent = "\x01"
)

// decodeTrace reads what a trace message says about the message id. Lines that are not whole are left out, as are steps
// that the tool does not show. Java: TraceDataEncoder, TraceView.
func decodeTrace(id string, m *admin.Message) (rows []traceRow) {
	host := m.BornHost
	if at, err := netip.ParseAddrPort(host); err == nil {
		host = at.Addr().String()
	}
	for _, context := range strings.Split(string(m.Body), traceField) {
		f := strings.Split(context, traceContent)
		r := traceRow{Type: f[0], ClientHost: host, Status: "failed"}
		good, cost := "", ""
		switch {
		case f[0] == "Pub" && len(f) >= 13 && f[5] == id:
			r.Time, _ = strconv.ParseInt(f[1], 10, 64)
			r.Group, cost, good = f[3], f[10], f[12]
			if len(f) >= 14 {
				good = f[13]
			}
		case f[0] == "SubAfter" && len(f) >= 6 && f[2] == id:
			cost, good = f[3], f[4]
			if len(f) >= 9 {
				r.Time, _ = strconv.ParseInt(f[7], 10, 64)
				r.Group = f[8]
			}
		default:
			continue
		}
		r.Cost, _ = strconv.Atoi(cost)
		if strings.EqualFold(good, "true") {
			r.Status = "success"
		}
		rows = append(rows, r)
	}
	return rows
}

func runQueryMsgTraceById(c *call) error {
	id := c.value("i")
	q := admin.Query{Topic: c.or("t", compat.TopicTrace), Key: id, Type: admin.IndexKey, End: math.MaxInt64}
	all, err := c.search(q, "c")
	if err != nil {
		return err
	}
	rows := []traceRow{}
	for i := range all {
		rows = append(rows, decodeTrace(id, &all[i])...)
	}
	return c.emit(rows, func(w *text) { printTrace(w, rows) })
}

func printTrace(w *text, rows []traceRow) {
	const format = "%-10s %-20s %-20s %-20s %-10s %-10s\n"
	row := func(kind string, r traceRow) {
		w.f(format, kind, r.Group, r.ClientHost, stamp(r.Time), strconv.Itoa(r.Cost)+"ms", r.Status)
	}
	var groups []string
	for _, r := range rows {
		if r.Type == "Pub" {
			w.f(format, "#Type", "#ProducerGroup", "#ClientHost", "#SendTime", "#CostTimes", "#Status")
			row("Pub", r)
			w.f("\n")
		} else if !slices.Contains(groups, r.Group) {
			groups = append(groups, r.Group)
		}
	}
	for _, g := range hashOrder(groups, 16) {
		w.f(format, "#Type", "#ConsumerGroup", "#ClientHost", "#ConsumerTime", "#CostTimes", "#Status")
		for _, r := range rows {
			if r.Type != "Pub" && r.Group == g {
				row("Sub", r)
			}
		}
		w.f("\n")
	}
}
