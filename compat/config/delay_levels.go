package config

import (
	"fmt"
	"strconv"
	"strings"
)

// delayUnits are the letters behind a number of messageDelayLevel, in ms.
var delayUnits = map[byte]int64{'s': 1000, 'm': 60_000, 'h': 3_600_000, 'd': 86_400_000}

// DelayLevels reads the value of messageDelayLevel, such as "1s 5s 10m 2h 1d", into ms; level n is at index n-1. It has
// at least one level, each below 2^31 units. Java: ScheduleMessageService.parseDelayLevel.
func DelayLevels(value string) (levels []int64, err error) {
	for word := range strings.FieldsSeq(value) {
		unit, ok := delayUnits[word[len(word)-1]]
		n, err := strconv.ParseInt(word[:len(word)-1], 10, 32)
		if !ok || err != nil || n < 0 {
			return nil, fmt.Errorf("%q is not a number followed by s, m, h or d", word)
		}
		levels = append(levels, n*unit)
	}
	if len(levels) == 0 {
		return nil, fmt.Errorf("want at least one level, such as 1s 5s 10m")
	}
	return levels, nil
}
