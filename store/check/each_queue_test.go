package check

import (
	"errors"
	"slices"
	"testing"

	"gorocket/store/storetest"
)

// TestEachQueue: folders with a number below a topic's are queues, and nothing else is; the first error ends it.
func TestEachQueue(t *testing.T) {
	v, mem := verifierOf(t, true)
	k := &skipper{cfg: v.cfg, fs: mem, v: v, plan: &Plan{}}
	files := k.cfg.queues(mem).Plain()
	var seen []string
	look := func(dir string) error { seen = append(seen, dir); return nil }
	if err := k.eachQueue(files, look); err != nil || seen != nil {
		t.Errorf("without a folder: %v, %v", seen, err)
	}
	root := "/s/consumequeue/"
	for _, name := range []string{"A/0/f", "A/12/f", "A/x/f", "A/7x/f", "A/99999999999/f", "B/3/f", "A/4", "5"} {
		putFile(t, mem, root+name, "", 1)
	}
	want := []string{root + "A/0", root + "A/12", root + "B/3"}
	if err := k.eachQueue(files, look); err != nil || !slices.Equal(seen, want) {
		t.Errorf("%v, %v, want %v", seen, err, want)
	}
	for n := range want {
		disk := errors.New("disk")
		seen = nil
		err := k.eachQueue(files, func(dir string) error {
			if seen = append(seen, dir); len(seen) == n+1 {
				return disk
			}
			return nil
		})
		if !errors.Is(err, disk) || !slices.Equal(seen, want[:n+1]) {
			t.Errorf("queue %d fails: %v, %v", n, seen, err)
		}
	}
	for _, part := range []string{"consumequeue", "consumequeue/B"} {
		disk := errors.New("disk")
		storetest.Fail(mem, "readdir", part, disk)
		if err := k.eachQueue(files, look); !errors.Is(err, disk) {
			t.Errorf("%s cannot be read: %v", part, err)
		}
	}
	mem.Inject(nil)
}
