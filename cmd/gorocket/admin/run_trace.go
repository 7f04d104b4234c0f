package admin

import (
	"math"
	"slices"
	"strconv"

	"gorocket/compat"
	"gorocket/remoting/admin"
)

func runQueryMsgTraceById(c *call) error {
	id := c.value("i")
	q := admin.Query{Topic: c.or("t", compat.TopicTrace), Key: id, Type: admin.IndexKey, End: math.MaxInt64}
	all, err := c.search(q, "c")
	if err != nil {
		return err
	}
	rows := []admin.TraceStep{}
	for i := range all {
		rows = append(rows, admin.DecodeTrace(id, &all[i])...)
	}
	return c.emit(rows, func(w *text) { printTrace(w, rows) })
}

func printTrace(w *text, rows []admin.TraceStep) {
	const format = "%-10s %-20s %-20s %-20s %-10s %-10s\n"
	row := func(kind string, r admin.TraceStep) {
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
