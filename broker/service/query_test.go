package service

import (
	"testing"

	"gorocket/store/record"
)

// TestQuery: messages by key, newest first, by unique key and by offset.
func TestQuery(t *testing.T) {
	r := newRig(t)
	for _, body := range []string{"one", "two", "three"} {
		r.send("T", "KEYS\x01k other\x02UNIQ_KEY\x01U-"+body+"\x02", body)
	}
	r.send("T2", "KEYS\x01k\x02", "elsewhere")
	const end = 1 << 60
	bodies := func(k *ByKey) (all []string) {
		t.Helper()
		k.Topic, k.End = "T", end
		found, err := r.Query.ByKey(k)
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range found.Records {
			m, err := record.Decode(rec)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(m.Body))
		}
		return all
	}
	if got := bodies(&ByKey{Key: "k", MaxCount: 2}); len(got) != 2 {
		t.Errorf("two of three: %q", got)
	}
	if got := bodies(&ByKey{Key: "other", MaxCount: 32}); len(got) != 3 {
		t.Errorf("all: %q", got)
	}
	if got := bodies(&ByKey{Key: "U-two", Unique: true, MaxCount: -5}); len(got) != 1 || got[0] != "two" {
		t.Errorf("unique: %q", got)
	}
	if got := bodies(&ByKey{Key: "none", MaxCount: 32}); len(got) != 0 {
		t.Errorf("none: %q", got)
	}
	if found, err := r.Query.ByKey(&ByKey{Topic: "T", Key: "k", MaxCount: 32, Begin: 1, End: 2}); err != nil ||
		len(found.Records) != 0 {
		t.Errorf("of another time: %d, %v", len(found.Records), err)
	}
	_, err := r.Query.ByKey(&ByKey{Topic: "T", Key: "k", MaxCount: -1, End: end})
	refused(t, err, BadArgument, "java.lang.IllegalArgumentException: Illegal Capacity: -1")

	m := r.send("T", "", "by offset", to(0))
	_, at, err := record.ParseMessageID(string(m.MsgID))
	if err != nil {
		t.Fatal(err)
	}
	rec, err := r.Query.ByOffset(at)
	if got, derr := record.Decode(rec); err != nil || derr != nil || string(got.Body) != "by offset" {
		t.Errorf("%v %v", err, derr)
	}
	_, err = r.Query.ByOffset(at + 1)
	refused(t, err, UnknownOffset, "can not find message by the offset, "+itoa(at+1))
	_, err = r.Query.ByOffset(-1)
	refused(t, err, UnknownOffset, "can not find message by the offset, -1")
}
