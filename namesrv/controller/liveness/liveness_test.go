package liveness

import (
	"fmt"
	"testing"
	"time"

	"gorocket/namesrv/controller/replicas"
)

var key = Key{Cluster: "c", Broker: "b", ID: 1}

// set is one whose brokers 1, 2 and 7 are registered.
func set(cluster, broker string) *replicas.Set {
	return &replicas.Set{Cluster: cluster, Broker: broker, Replicas: map[int64]replicas.Replica{1: {}, 2: {}, 7: {}}}
}

func TestBrokersExpire(t *testing.T) {
	table, now := NewTable(), time.Now()
	note := func(b Beat, at time.Duration) (known, taken bool) { return table.Note(b, now.Add(at)) }
	if known, taken := note(Beat{Key: key, Timeout: time.Second, Conn: 1}, 0); known || !taken {
		t.Error(known, taken)
	}
	other := key
	other.ID = 2
	note(Beat{Key: other, Timeout: -1, Conn: 1}, 0) // the default
	if known, _ := note(Beat{Key: key, Timeout: time.Second, Conn: 1}, time.Second); !known {
		t.Error("not known")
	}
	if gone := table.Expire(now.Add(2 * time.Second)); len(gone) != 0 {
		t.Errorf("%v", gone)
	}
	at := now.Add(2*time.Second + 1)
	if n := table.Members(set("c", "b"), at); len(n) != 1 || n[0].ID != 2 { // silent, though nobody has looked yet
		t.Errorf("%v", n)
	}
	if gone := table.Expire(at); len(gone) != 1 || gone[0] != key {
		t.Errorf("%v", gone)
	}
	if n := table.Count(at); n[[2]string{"c", "b"}] != 1 || len(n) != 1 {
		t.Errorf("%v", n)
	}
	if gone := table.Expire(now.Add(DefaultTimeout + 1)); len(gone) != 1 || len(table.live)+len(table.byConn)+len(table.sets) != 0 {
		t.Errorf("%v %+v", gone, table)
	}
	note(Beat{Key: key, Timeout: 1000 * time.Hour}, 0)
	if gone := table.Expire(now.Add(MaxTimeout + 1)); len(gone) != 1 {
		t.Error("no bound on what a broker may ask for")
	}
}

func TestConnectionsTakeTheirBrokersAlong(t *testing.T) {
	table, now := NewTable(), time.Now()
	other := Key{"c", "b2", 7}
	table.Note(Beat{Key: key, Conn: "x"}, now)
	table.Note(Beat{Key: other, Conn: "x"}, now)
	table.Note(Beat{Key: key, Conn: "y"}, now) // a new connection, before the old one's end is seen
	if gone := table.ConnClosed("x"); len(gone) != 1 || gone[0] != other {
		t.Errorf("%v", gone)
	}
	if len(table.Members(set("c", "b"), now)) != 1 || len(table.Members(set("c", "b2"), now)) != 0 {
		t.Error("the wrong one went")
	}
	if gone := table.ConnClosed("x"); gone != nil {
		t.Errorf("%v", gone)
	}
	if gone := table.ConnClosed("y"); len(gone) != 1 || len(table.byConn) != 0 {
		t.Errorf("%v", gone)
	}
}

// TestReportsGoForward keeps the best that a broker has reported: an answer that was late on its way must not undo it.
func TestReportsGoForward(t *testing.T) {
	table, now := NewTable(), time.Now()
	for _, b := range []struct {
		epoch int32
		max   int64
		want  string
	}{{1, 10, "1/10"}, {1, 9, "1/10"}, {1, 11, "1/11"}, {0, 99, "1/11"}, {2, 5, "2/5"}} {
		table.Note(Beat{Key: key, Epoch: b.epoch, MaxOffset: b.max, Priority: int32(b.max)}, now)
		l := table.Members(set("c", "b"), now)[0]
		if got := fmt.Sprintf("%d/%d", l.Epoch, l.MaxOffset); got != b.want || l.Priority != int32(b.max) {
			t.Errorf("%+v: %s, want %s", b, got, b.want)
		}
	}
	if l := table.Members(set("other", "b"), now); l != nil {
		t.Errorf("another cluster: %v", l)
	}
}

// TestTableIsLimited: strangers' heartbeats fill the table, and not the connection of one that is registered, nor its
// set.
func TestTableIsLimited(t *testing.T) {
	table, now := NewTable(), time.Now()
	note := func(conn any, id int64, registered bool) (known, taken bool) {
		return table.Note(Beat{Key: Key{"c", "b", id}, Conn: conn, Known: registered}, now)
	}
	for i := range int64(MaxBrokers) {
		note(i/MaxPerConn, i+10, false)
	}
	if len(table.live) != MaxBrokers {
		t.Fatalf("%d are watched", len(table.live))
	}
	if known, taken := note("x", -5, false); known || taken {
		t.Error("one more was taken")
	}
	if known, taken := note(int64(0), 15, false); !known || !taken {
		t.Error("a known one was not")
	}
	if known, taken := note("x", 1, true); known || !taken {
		t.Error("a registered one was not")
	}
	if n := table.Members(set("c", "b"), now); len(n) != 1 || n[0].ID != 1 {
		t.Errorf("%d members, want broker 1", len(n))
	}
	for i := range int64(MaxBrokers) {
		note(-1-i/MaxPerConn, -i-10, true)
	}
	if len(table.live) != MaxKnown {
		t.Errorf("%d are watched, want %d", len(table.live), MaxKnown)
	}
	one := NewTable()
	for i := range int64(MaxPerConn + 5) {
		one.Note(Beat{Key: Key{"c", "b", i}, Conn: "x", Known: true}, now)
	}
	if gone := one.ConnClosed("x"); len(gone) != MaxPerConn {
		t.Errorf("a connection took %d along, want %d", len(gone), MaxPerConn)
	}
}

func BenchmarkNote(b *testing.B) {
	b.ReportAllocs()
	table, now := NewTable(), time.Now()
	for i := range b.N {
		table.Note(Beat{Key: Key{"cluster", "broker", int64(i % 1000)}, MaxOffset: int64(i), Conn: i % 1000}, now)
	}
}

// TestAddress: where a broker is, as long as it is alive.
func TestAddress(t *testing.T) {
	table, now, key := NewTable(), time.Now(), Key{"c", "b", 1}
	table.Note(Beat{Key: key, Address: "h:1", Timeout: time.Second}, now)
	table.Note(Beat{Key: key, Address: "h:2", Timeout: time.Second}, now)
	for at, want := range map[time.Duration]string{0: "h:2", time.Second: "h:2", time.Second + 1: ""} {
		if got := table.Address(key, now.Add(at)); got != want {
			t.Errorf("after %v: %q, want %q", at, got, want)
		}
	}
	if got := table.Address(Key{"c", "b", 2}, now); got != "" {
		t.Errorf("one that nobody heard of is at %q", got)
	}
}
