package store

import (
	"errors"
	"strconv"
	"strings"
)

// ScheduleTopic holds messages of the 18 delay levels; its queue id is level-1 (Java TopicValidator.RMQ_SYS_SCHEDULE_TOPIC).
const ScheduleTopic = "SCHEDULE_TOPIC_XXXX"

var errBadDelay = errors.New("expected words like 1s 5m 2h 1d")

// parseDelayLevels reads messageDelayLevel into milliseconds; level n is at index n-1.
func parseDelayLevels(s string) ([]int64, error) {
	var out []int64
	for _, w := range strings.Fields(s) {
		unit, ok := delayUnit(w[len(w)-1])
		n, err := strconv.ParseInt(w[:len(w)-1], 10, 32)
		if !ok || err != nil || n < 0 {
			return nil, errBadDelay
		}
		out = append(out, n*unit)
	}
	return out, nil
}

func delayUnit(c byte) (int64, bool) {
	switch c {
	case 's':
		return 1000, true
	case 'm':
		return 60_000, true
	case 'h':
		return 3_600_000, true
	case 'd':
		return 86_400_000, true
	}
	return 0, false
}

// deliverTime is the tags code of a schedule entry: level above the last counts as the last, an unknown level waits one
// second (Java ScheduleMessageService.computeDeliverTimestamp).
func deliverTime(levels []int64, level int32, storeTime int64) int64 {
	if int(level) > len(levels) {
		level = int32(len(levels))
	}
	if level < 1 {
		return storeTime + 1000
	}
	return storeTime + levels[level-1]
}
