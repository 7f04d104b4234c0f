package compat

import "testing"

func TestDataVersionCompare(t *testing.T) {
	for i, c := range []struct {
		a, b DataVersion
		want int
	}{
		{DataVersion{1, 1, 1}, DataVersion{1, 1, 1}, 0}, {DataVersion{1, 2, 1}, DataVersion{9, 1, 9}, 1},
		{DataVersion{1, 1, 9}, DataVersion{2, 1, 1}, -1}, {DataVersion{1, 1, 1}, DataVersion{1, 1, 2}, -1},
	} {
		if got := c.a.Compare(c.b); got != c.want {
			t.Errorf("%d: got %d", i, got)
		}
	}
	d := NewDataVersion()
	if d.Next(4); d.Counter != 1 || d.StateVersion != 4 {
		t.Errorf("got %+v", d)
	}
}
