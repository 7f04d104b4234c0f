package remoting

import (
	"runtime"
	"testing"
)

// TestReserveProcessor: one more than there are processors, or what the environment says; event loops are as many as
// processors either way.
func TestReserveProcessor(t *testing.T) {
	was := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(was) })
	for _, c := range []struct {
		env  string
		want int
	}{{"3", was}, {"", cpus + 1}} {
		t.Setenv("GOMAXPROCS", c.env)
		if ReserveProcessor(); runtime.GOMAXPROCS(0) != c.want {
			t.Errorf("GOMAXPROCS=%q: %d, want %d", c.env, runtime.GOMAXPROCS(0), c.want)
		}
		if e, err := newEngine(&Table{}, Options{}, 0); err != nil || e.opts.EventLoops != cpus {
			t.Errorf("GOMAXPROCS=%q: %d event loops on %d processors, %v", c.env, e.opts.EventLoops, cpus, err)
		}
	}
}
