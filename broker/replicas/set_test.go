package replicas

import (
	"slices"
	"testing"
	"time"
)

// While a change is under way both sets count, until the controllers have said which one it is.
func TestSetCounts(t *testing.T) {
	var s Set
	if s.Size() != 1 || len(s.Others(1)) > 0 {
		t.Errorf("nothing is known: %d, %v", s.Size(), s.Others(1))
	}
	s.replace([]int64{2, 1, 2}, 4)
	if ids, epoch := s.Agreed(); !slices.Equal(ids, []int64{1, 2}) || epoch != 4 {
		t.Errorf("agreed %v, epoch %d", ids, epoch)
	}
	s.propose([]int64{1, 3})
	if got := s.Others(1); !slices.Equal(got, []int64{2, 3}) || s.Has(3) || !s.Has(2) {
		t.Errorf("under way: %v", got)
	}
	s.refused()
	if got := s.Others(1); !slices.Equal(got, []int64{2}) {
		t.Errorf("refused: %v", got)
	}
	s.propose([]int64{1, 2, 3})
	if s.Size() != 3 {
		t.Errorf("size %d", s.Size())
	}
	s.unanswered()
	s.propose([]int64{1, 4})
	s.refused() // the one without an answer may come true yet
	if got := s.Others(1); !slices.Equal(got, []int64{2, 3, 4}) {
		t.Errorf("without an answer: %v", got)
	}
	s.replace([]int64{1}, 5)
	if got := s.Others(1); len(got) > 0 {
		t.Errorf("agreed: %v", got)
	}
}

// A proposal without an answer counts until the controllers have been heard so much later that it cannot come true.
func TestSetSettles(t *testing.T) {
	var s Set
	s.replace([]int64{1}, 1)
	if s.settle(time.Now().Add(time.Hour)) {
		t.Error("there was nothing to settle")
	}
	s.propose([]int64{1, 2})
	s.unanswered()
	if s.settle(s.unsure.Add(unsureFor-1)) || len(s.Others(1)) != 1 {
		t.Error("it may come true yet, and does not count")
	}
	if !s.settle(s.unsure.Add(unsureFor)) || len(s.Others(1)) != 0 {
		t.Error("it cannot come true, and counts")
	}
}
