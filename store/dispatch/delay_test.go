package dispatch

import (
	"testing"

	"gorocket/compat/config"
)

func TestDelay(t *testing.T) {
	levels, err := config.DelayLevels("2s 5s 10m 2h 1d")
	if err != nil {
		t.Fatal(err)
	}
	for level, want := range map[int32]int64{1: 2000, 2: 5000, 3: 600_000, 4: 7_200_000, 5: 86_400_000, 9: 86_400_000,
		0:  1000,
		-1: 1000} {
		if got := deliverTime(levels, level, 50); got != 50+want {
			t.Errorf("level %d: %d", level, got-50)
		}
	}
	if got := deliverTime(nil, 1, 50); got != 1050 {
		t.Errorf("without levels: %d", got-50)
	}
}
