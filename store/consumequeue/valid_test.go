package consumequeue

import (
	"testing"

	"gorocket/store/dispatch"
)

// TestValid: Java's tests for the end of a queue, of either kind.
func TestValid(t *testing.T) {
	for _, c := range []struct {
		e            dispatch.Entry
		plain, batch bool
	}{
		{dispatch.Entry{Size: 1, Count: 1}, true, true}, {dispatch.Entry{Offset: 5, Size: 9, Base: 7, Count: 3}, true, true},
		{dispatch.Entry{Offset: -1, Size: 1, Count: 1}, false, false}, {dispatch.Entry{Count: 1}, false, false},
		{dispatch.Entry{Size: -1, Count: 1}, false, false}, {dispatch.Entry{Size: 1, Base: -1, Count: 1}, true, false},
		{dispatch.Entry{Size: 1}, true, false}, {dispatch.Entry{Size: 1, Count: -1}, true, false},
		{dispatch.Entry{}, false, false},
	} {
		plain, batch := Files{Unit: Unit}, Files{Unit: BatchUnit}
		if plain.Valid(c.e) != c.plain || batch.Valid(c.e) != c.batch {
			t.Errorf("%+v: plain %v, batch %v", c.e, plain.Valid(c.e), batch.Valid(c.e))
		}
		b := AppendBatchEntry(nil, &c.e)
		got := batch.Decode(b)
		if got.Offset != c.e.Offset || got.Size != c.e.Size || got.Base != c.e.Base || got.Count != c.e.Count ||
			len(b) != BatchUnit {
			t.Errorf("%+v became %+v", c.e, got)
		}
	}
}
