package dispatch

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gorocket/store/record"
)

// TestLights: a message goes to the light queues that it names and has an offset in, unless light queues are off, its
// topic is one of the system's or of retries, or it is in no queue at all.
func TestLights(t *testing.T) {
	const two = "INNER_MULTI_DISPATCH\x01%LMQ%a,%LMQ%b\x02INNER_MULTI_QUEUE_OFFSET\x015,7\x02"
	for _, c := range []struct {
		what    string
		on      bool
		topic   string
		props   string
		sysFlag int32
		want    string
	}{
		{"two", true, "T", two, 0, "%LMQ%a=5 %LMQ%b=7"},
		{"off", false, "T", two, 0, ""},
		{"of a retry topic", true, "%RETRY%g", two, 0, ""},
		{"of a system topic", true, "rmq_sys_x", two, 0, ""},
		{"of the delay levels", true, ScheduleTopic, two, 0, ""},
		{"half", true, "T", two, record.SysFlagPrepared, ""},
		{"rolled back", true, "T", two, record.SysFlagRollback, ""},
		{"committed", true, "T", two, record.SysFlagCommit, "%LMQ%a=5 %LMQ%b=7"},
		{"names none", true, "T", "A\x01b\x02", 0, ""},
		{"blank", true, "T", "INNER_MULTI_DISPATCH\x01 \x02INNER_MULTI_QUEUE_OFFSET\x015\x02", 0, ""},
		{"fewer offsets", true, "T", strings.Replace(two, "5,7", "5", 1), 0, "%LMQ%a=5"},
		{"no offsets", true, "T", "INNER_MULTI_DISPATCH\x01%LMQ%a\x02", 0, ""},
		{"offset 0", true, "T", strings.Replace(two, "5,7", "0,-1", 1), 0, "%LMQ%a=0"},
		{"no number", true, "T", strings.Replace(two, "5,7", "x,7", 1), 0, "%LMQ%b=7"},
		{"no light name", true, "T", strings.Replace(two, "%LMQ%a", "a", 1), 0, "%LMQ%b=7"},
		{"no folder name", true, "T", strings.Replace(two, "%LMQ%a", "%LMQ%/x", 1), 0, "%LMQ%b=7"},
	} {
		var got []string
		f := Facts{Topic: c.topic, SysFlag: c.sysFlag, Properties: []byte(c.props)}
		err := Rules{Light: c.on}.Lights(&f, func(name string, offset int64) error {
			got = append(got, fmt.Sprintf("%s=%d", name, offset))
			return nil
		})
		if strings.Join(got, " ") != c.want || err != nil {
			t.Errorf("%s: %v, %v", c.what, got, err)
		}
	}
	broken, calls := errors.New("disk"), 0
	f := Facts{Topic: "T", Properties: []byte(two)}
	if err := (Rules{Light: true}).Lights(&f, func(string, int64) error { calls++; return broken }); err != broken ||
		calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

// TestOwnEntry: tags, place and width of a record's own entry.
func TestOwnEntry(t *testing.T) {
	rules := Rules{Delays: []int64{1000, 5000}}
	const inner = record.SysFlagInnerBatch
	for _, c := range []struct {
		what    string
		topic   string
		sysFlag int32
		props   string
		want    Entry
		ok      bool
	}{
		{"plain", "T", 0, "", Entry{Tags: 9, Time: 100, Base: 7, Count: 1}, true},
		{"half", "T", record.SysFlagPrepared, "", Entry{Tags: 9, Time: 100, Base: 7, Count: 1}, false},
		{"level 2", ScheduleTopic, 0, "DELAY\x012\x02", Entry{Tags: 5100, Time: 100, Base: 7, Count: 1}, true},
		{"level 0", ScheduleTopic, 0, "DELAY\x010\x02", Entry{Tags: 9, Time: 100, Base: 7, Count: 1}, true},
		{"no number", ScheduleTopic, 0, "DELAY\x01x\x02", Entry{Tags: 9, Time: 100, Base: 7, Count: 1}, true},
		{"no level", ScheduleTopic, 0, "", Entry{Tags: 9, Time: 100, Base: 7, Count: 1}, true},
		{"level elsewhere", "T", 0, "DELAY\x012\x02", Entry{Tags: 9, Time: 100, Base: 7, Count: 1}, true},
		{"inner", "T", inner, "INNER_BASE\x0120\x02INNER_NUM\x013\x02", Entry{Tags: 9, Time: 100, Base: 20, Count: 3}, true},
		{"inner at 0", "T", inner, "INNER_BASE\x010\x02INNER_NUM\x011\x02", Entry{Tags: 9, Time: 100, Base: 0, Count: 1}, true},
		{"inner of none", "T", inner, "INNER_BASE\x0120\x02INNER_NUM\x010\x02", Entry{Tags: 9, Time: 100, Base: 20, Count: 1},
			true},
		{"inner below 0", "T", inner, "INNER_BASE\x01-1\x02INNER_NUM\x013\x02", Entry{Tags: 9, Time: 100, Base: 7, Count: 3},
			true},
		{"inner without number", "T", inner, "INNER_BASE\x0120\x02", Entry{Tags: 9, Time: 100, Base: 7, Count: 1}, true},
		{"inner without base", "T", inner, "INNER_NUM\x013\x02", Entry{Tags: 9, Time: 100, Base: 7, Count: 1}, true},
		{"inner, no numbers", "T", inner, "INNER_BASE\x01x\x02INNER_NUM\x01y\x02", Entry{Tags: 9, Time: 100, Base: 7,
			Count: 1}, true},
		{"who says so is no inner batch", "T", 0, "INNER_BASE\x0120\x02INNER_NUM\x013\x02", Entry{Tags: 9, Time: 100, Base: 7,
			Count: 1}, true},
	} {
		f := Facts{Topic: c.topic, SysFlag: c.sysFlag, QueueOffset: 7, StoreTime: 100, Tags: 9, Properties: []byte(c.props)}
		var got Entry
		if ok := rules.Own(&f, &got); ok != c.ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v", c.what, got, ok)
		}
		if made := MakesBatchQueue(c.sysFlag); made != (c.sysFlag == inner) {
			t.Errorf("%s makes a batch queue: %v", c.what, made)
		}
	}
}

// TestKeys: the hashes that are noted at an append are those that are read from the record; of too many keys none are.
func TestKeys(t *testing.T) {
	for _, c := range []struct {
		props string
		known bool
		n     int
	}{
		{"", true, 0}, {"UNIQ_KEY\x01u\x02", true, 1}, {"KEYS\x01a\x02", true, 1}, {"KEYS\x01a b\x02UNIQ_KEY\x01u\x02", true, 3},
		{"KEYS\x01 a  b \x02UNIQ_KEY\x01u\x02", true, 3}, {"KEYS\x01a b c\x02UNIQ_KEY\x01u\x02", true, 4},
		{"KEYS\x01a b c d\x02", true, 4}, {"KEYS\x01a b c d\x02UNIQ_KEY\x01u\x02", false, 5}, {"KEYS\x01a b c d e\x02", false, 5},
	} {
		m := record.View{Topic: []byte("T"), Properties: []byte(c.props)}
		var noted Noted
		noted.Read(m.Properties)
		k := KeysOf(record.TopicHash("T"), noted.Unique, noted.Keys)
		list, known := k.Hashes()
		read := slices.Collect(HashesOf(&m))
		if known != c.known || known && !slices.Equal(list, read) || len(read) != c.n {
			t.Errorf("%q: noted %v (known %v), read %v", c.props, list, known, read)
		}
		m.SysFlag = record.SysFlagRollback
		if gone := slices.Collect(HashesOf(&m)); len(gone) != 0 {
			t.Errorf("%q, rolled back: %v", c.props, gone)
		}
		for range HashesOf(&record.View{Topic: []byte("T"), Properties: []byte(c.props)}) {
			break // who has found what it looks for stops
		}
	}
	if list, known := (&Keys{}).Hashes(); known || len(list) != 0 {
		t.Error("the zero value knows keys")
	}
	if none := NoKeys(); !none.known || none.n != 0 {
		t.Error("no keys are not known")
	}
}

// TestNoted: the properties that the store looks at, and those that a batch item may not bring along.
func TestNoted(t *testing.T) {
	var n Noted
	n.Read([]byte("TAGS\x01t\x02UNIQ_KEY\x01u\x02KEYS\x01k\x02X\x01y\x02"))
	if string(n.Tags) != "t" || string(n.Unique) != "u" || string(n.Keys) != "k" || n.Reserved {
		t.Errorf("%+v", n)
	}
	for _, name := range []string{"INNER_NUM", "INNER_BASE", "INNER_MULTI_QUEUE_OFFSET"} {
		if n.Read([]byte("A\x01b\x02" + name + "\x011\x02")); !n.Reserved || n.Tags != nil {
			t.Errorf("%s: %+v", name, n)
		}
	}
}
