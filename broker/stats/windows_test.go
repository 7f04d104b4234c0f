package stats

import (
	"testing"
	"time"
)

// TestWindows: sums and rates are between the oldest sample that is kept and the newest, a zero stands before the first
// one, and the windows of an hour and a day begin where their steps fall.
func TestWindows(t *testing.T) {
	var w Windows
	k := WindowKey{"TOPIC_PUT_NUMS", "T"}
	start := time.UnixMilli(1_000_000_000)
	tick := func(i int, c ...Count) {
		w.Sample(start.Add(time.Duration(i)*minuteStep), func(visit func(WindowKey, Count)) {
			for _, c := range c {
				visit(k, c)
			}
		})
	}
	if _, _, _, ok := w.Of(k); ok {
		t.Error("a counter that nobody has seen")
	}
	tick(0, Count{10, 5})
	minute, hour, day, ok := w.Of(k)
	if want := (Window{AvgPT: 2, Sum: 10, TPS: 1}); !ok || minute != want || hour.Sum != 10 || day.Sum != 10 ||
		hour.TPS != 10.0/600 || day.TPS != 10.0/3600 {
		t.Error(minute, hour, day, ok)
	}
	for i := 1; i <= 10; i++ {
		tick(i, Count{10 + int64(i)*100, 5 + int64(i)})
	}
	if minute, hour, _, _ = w.Of(k); minute != (Window{AvgPT: 100, Sum: 600, TPS: 10}) || hour.Sum != 10 {
		t.Error(minute, hour)
	}
	for i := 11; i <= 60; i++ {
		tick(i, Count{10 + int64(i)*100, 5 + int64(i)})
	}
	if _, hour, day, _ = w.Of(k); hour.Sum != 6010 || day.Sum != 10 || hour.TPS != 6010.0/1200 {
		t.Error(hour, day)
	}
	if w.Minute(k) != 10 || w.Minute(WindowKey{"x", "y"}) != 0 || w.Len() != 1 {
		t.Error(w.Minute(k), w.Len())
	}
	tick(61)
	if _, _, _, ok := w.Of(k); ok || w.Len() != 0 {
		t.Error("a counter that is gone is still there")
	}
	for i := 62; i < 500; i++ {
		tick(i, Count{Value: 3})
	}
	if it := w.items[k]; len(it.minute) != minuteSamples || len(it.hour) != hourSamples || len(it.day) > daySamples {
		t.Error(len(it.minute), len(it.hour), len(it.day))
	}
	if minute, _, _, _ = w.Of(k); minute != (Window{}) {
		t.Error("nothing was added", minute)
	}
}
