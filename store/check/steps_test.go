package check

import (
	"testing"

	"gorocket/store/vfs"
)

// TestByFile: what a start did is gathered file by file, in the order in which it began, with the first place that was
// cut and the range that was written.
func TestByFile(t *testing.T) {
	got := byFile([]vfs.Change{{Op: "create", Name: "a"}, {Op: "zero", Name: "b", Offset: 0, Len: 5},
		{Op: "write", Name: "a", Offset: 0, Len: 10}, {Op: "truncate", Name: "b", Offset: 100},
		{Op: "write", Name: "a", Offset: 20, Len: 5}, {Op: "write", Name: "a", Offset: 3, Len: 5}, {Op: "remove", Name: "c"},
		{Op: "write", Name: "b", Offset: 7, Len: 1}})
	want := []fileChange{{name: "a", created: true, cut: -1, from: 0, to: 25}, {name: "b", cut: 0, from: 7, to: 8},
		{name: "c", removed: true, cut: -1, from: -1}}
	if len(got) != len(want) {
		t.Fatalf("%d files", len(got))
	}
	for i := range want {
		if *got[i] != want[i] {
			t.Errorf("%+v, want %+v", *got[i], want[i])
		}
	}
}
