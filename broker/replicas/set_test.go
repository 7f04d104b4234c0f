package replicas

import (
	"errors"
	"slices"
	"testing"
	"time"

	"gorocket/store/vfs"
)

// TestSet: while a change is under way the old and the new set count; what is left without an answer counts until the
// controllers have spoken long after it.
func TestSet(t *testing.T) {
	var s Set
	others := func(want ...int64) {
		t.Helper()
		if got := s.Others(1); !slices.Equal(got, want) {
			t.Errorf("%v count, want %v", got, want)
		}
	}
	s.replace([]int64{2, 1}, 5)
	others(2)
	s.propose([]int64{1})
	others(2) // smaller only when the controllers have agreed
	s.replace([]int64{1}, 6)
	others()
	if ids, epoch := s.Agreed(); !slices.Equal(ids, []int64{1}) || epoch != 6 || s.Has(2) || s.Size() != 1 {
		t.Error(ids, epoch)
	}
	s.propose([]int64{1, 2})
	others(2) // larger at once
	if s.Size() != 2 || s.Has(2) {
		t.Error(s.Size(), s.Has(2))
	}
	s.refused()
	others()
	s.propose([]int64{1, 3})
	s.unanswered()
	s.propose([]int64{1, 2})
	s.refused() // the one before may come true yet
	others(2, 3)
	if s.settle(time.Now().Add(unsureFor/2)) || s.settle(time.Now().Add(-time.Hour)) {
		t.Error("settled too early")
	}
	others(2, 3)
	if !s.settle(time.Now().Add(unsureFor + time.Second)) {
		t.Error("never settled")
	}
	others()
}

// TestIdentity: the file is Java's; what is damaged, or another broker's, is refused with its name.
func TestIdentity(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	const file = "/s/brokerIdentity"
	if who, err := readIdentity(mem, file, "c", "b", false); who != nil || err != nil {
		t.Error(who, err)
	}
	for _, temp := range []bool{false, true} {
		want := Identity{Cluster: "c", Broker: "b", ID: 7}
		if temp {
			want.CheckCode = "h:1;5"
		}
		if err := want.write(mem, file, temp); err != nil {
			t.Fatal(err)
		}
		if who, err := readIdentity(mem, file, "c", "b", temp); err != nil || *who != want {
			t.Error(who, err)
		}
	}
	for _, bad := range []string{"c#b", "c#b#0", "c#b#x", "c#b#-1", "other#b#1", "c#other#1", "c#b#1#2"} {
		if err := vfs.WriteFileAtomic(mem, file, []byte(bad)); err != nil {
			t.Fatal(err)
		}
		var wrong *IdentityError
		if _, err := readIdentity(mem, file, "c", "b", false); !errors.As(err, &wrong) || wrong.File != file {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if err := forget(mem, file); err != nil || forget(mem, file) != nil {
		t.Error(err)
	}
}
