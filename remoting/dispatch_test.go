package remoting

import "testing"

// TestTable: codes are found whether they are in the dense part or not, to its last one; a second entry is an error.
func TestTable(t *testing.T) {
	codes := []int32{0, 1, denseCodes - 1, denseCodes, denseCodes + 1, 1 << 30, -1, -1 << 31}
	var entries []Entry
	for _, code := range codes {
		entries = append(entries, Entry{Code: code})
	}
	table, err := NewTable(entries...)
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range codes {
		if e := table.Lookup(code); e == nil || e.Code != code {
			t.Errorf("%d is %+v", code, e)
		}
	}
	for _, code := range []int32{2, denseCodes + 2, -2} {
		if e := table.Lookup(code); e != nil {
			t.Errorf("%d is %+v", code, e)
		}
	}
	for _, code := range codes {
		if _, err := NewTable(append(entries, Entry{Code: code})...); err == nil {
			t.Errorf("%d twice is no error", code)
		}
	}
}
