package admin

import (
	"maps"
	"slices"
)

// Lag is a group at a broker, with what waits for it.
type Lag struct {
	Broker string  `json:"broker"`
	Group  string  `json:"group"`
	Topic  string  `json:"topic"`
	Diff   int64   `json:"diff"`
	Growth float64 `json:"growth"` // messages per second since the look before
}

// LagsOf adds up the queues of each group and topic of one broker.
func LagsOf(broker string, list *ConsumeStatsList) (rows []Lag) {
	for _, groups := range list.ConsumeStatsList {
		for _, g := range slices.Sorted(maps.Keys(groups)) {
			byTopic := map[string]int64{}
			for _, stats := range groups[g] {
				for q, o := range stats.OffsetTable {
					byTopic[q.Topic] += max(0, o.Diff())
				}
			}
			for _, t := range slices.Sorted(maps.Keys(byTopic)) {
				rows = append(rows, Lag{Broker: broker, Group: g, Topic: t, Diff: byTopic[t]})
			}
		}
	}
	return rows
}
