package pop

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/broker/config"
	"gorocket/remoting/protocol"
)

// What is popped is invisible, acknowledgements let the committed offset follow, and nothing of it is stored as long as
// clients are quick.
func TestPopAndAck(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a", "b", "c")
	first := r.pop("T", "g", func(p *Pop) { p.MaxCount = 2 })
	r.is("first pop", first, "a b")
	r.is("second pop", r.pop("T", "g"), "c")
	r.is("third pop", r.pop("T", "g"), "")
	r.committed("T", "g", 0, 0)
	r.ack("g", first[1])
	r.committed("T", "g", 0, 0)
	r.ack("g", first[0])
	r.committed("T", "g", 0, 2)
	if n := r.parkedCount(); n != 0 {
		t.Errorf("%d messages were stored for pops that are acknowledged at once", n)
	}
	r.is("another group", r.pop("T", "h"), "a b c")
}

// Who acknowledges out of order: the committed offset waits for the first.
func TestCommitsInOrder(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a", "b", "c")
	var all []got
	for range 3 {
		all = append(all, r.pop("T", "g", func(p *Pop) { p.MaxCount = 1 })...)
	}
	r.ack("g", all[2], all[1])
	r.committed("T", "g", 0, 0)
	r.ack("g", all[0])
	r.committed("T", "g", 0, 3)
	if points, _, _ := r.Sizes(); points != 0 {
		t.Errorf("%d check points are left", points)
	}
}

// What is not acknowledged comes again after its time, once, counted, with a handle of its own, and from the retry
// topic.
func TestComesAgain(t *testing.T) {
	for _, v2 := range []bool{false, true} {
		for _, merge := range []bool{false, true} {
			t.Run(fmt.Sprintf("v2=%v,merge=%v", v2, merge), func(t *testing.T) {
				r := newRig(t, func(c *config.Config) { c.EnableRetryTopicV2, c.EnablePopBufferMerge = v2, merge })
				r.topic("T", 2)
				r.send("T", 1, "tag", "a", "b", "c")
				list := r.pop("T", "g", func(p *Pop) { p.Invisible = 20_000 })
				r.is("pop", list, "a b c")
				r.ack("g", list[1])
				r.pass(19 * time.Second)
				r.is("before its time", r.pop("T", "g"), "")
				r.pass(6 * time.Second)
				r.committed("T", "g", 1, 3)
				again := r.popAll("T", "g")
				r.is("after its time", again, "a c")
				for _, m := range again {
					if m.again != 1 || m.topic != RetryTopic("T", "g", v2) || m.props["1ST_POP_TIME"] == "" ||
						m.props["ORIGIN_GROUP"] != "g" || m.props["TAGS"] != "tag" {
						t.Errorf("message that comes again: %+v", m)
					}
				}
				r.ack("g", again...)
				r.pass(2 * time.Minute)
				r.is("all acknowledged", r.popAll("T", "g"), "")
				r.Each(func(queue int, b Behind) {
					if b != (Behind{}) {
						t.Errorf("revive queue %d is behind: %+v", queue, b)
					}
				})
			})
		}
	}
}

// popAll pops until nothing comes: with a retry topic of either form one pop looks into one of them.
func (r *rig) popAll(topic, group string) (all []got) {
	r.t.Helper()
	for range 20 {
		all = append(all, r.pop(topic, group)...)
	}
	slices.SortFunc(all, func(a, b got) int { return strings.Compare(a.body, b.body) })
	return all
}

// Again and again: the message goes back to the same retry topic, and is counted on.
func TestComesAgainTwice(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a")
	r.is("pop", r.pop("T", "g", func(p *Pop) { p.Invisible = 20_000 }), "a")
	r.pass(25 * time.Second)
	first := r.pop("T", "g", func(p *Pop) { p.Invisible = 20_000 })
	r.is("again", first, "a")
	r.pass(25 * time.Second)
	second := r.pop("T", "g", func(p *Pop) { p.Invisible = 20_000 })
	r.is("twice", second, "a")
	if second[0].again != 2 || second[0].topic != "%RETRY%g_T" ||
		second[0].props["1ST_POP_TIME"] != first[0].props["1ST_POP_TIME"] {
		t.Errorf("first %+v, second %+v", first[0], second[0])
	}
	r.ack("g", second...)
	r.pass(time.Minute)
	r.is("acknowledged", r.pop("T", "g"), "")
}

// An acknowledgement that comes when the check point is stored, but before its time, counts.
func TestLateAck(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a", "b")
	list := r.pop("T", "g")
	r.pass(15 * time.Second)
	if n := r.parkedCount(); n != 1 {
		t.Fatalf("%d messages are stored, want the check point", n)
	}
	r.committed("T", "g", 0, 2)
	r.ack("g", list[0])
	r.pass(90 * time.Second)
	r.is("not acknowledged", r.popAll("T", "g"), "b")
}

// An acknowledgement after the message has become visible again changes nothing; and a second one neither.
func TestTooLateAck(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a")
	list := r.pop("T", "g", func(p *Pop) { p.Invisible = 20_000 })
	r.pass(30 * time.Second)
	r.ack("g", list...)
	r.ack("g", list...)
	r.pass(30 * time.Second)
	again := r.popAll("T", "g")
	r.is("again", again, "a")
	r.ack("g", again...)
	r.ack("g", again...)
	r.pass(2 * time.Minute)
	r.is("acknowledged", r.popAll("T", "g"), "")
}

// Whoever opens the store after a kill finds what was popped: nothing is lost, and what was acknowledged and settled
// does not come again.
func TestCrash(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a", "b", "c", "d")
	list := r.pop("T", "g", func(p *Pop) { p.MaxCount = 2 })
	r.pass(12 * time.Second) // stored
	r.ack("g", list[0])
	r.is("held", r.pop("T", "g", func(p *Pop) { p.MaxCount = 1 }), "c")
	if err := r.store.Flush(); err != nil {
		t.Fatal(err)
	}
	r.crash()
	r.is("c is out, by the journal", r.pop("T", "g", func(p *Pop) { p.MaxCount = 1 }), "d")
	r.pass(2 * time.Minute)
	r.is("all that is not acknowledged", r.popAll("T", "g"), "b c d")
}

// A stop stores what is in memory only.
func TestStopStores(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a", "b", "c")
	list := r.pop("T", "g")
	r.ack("g", list[1])
	if !r.Stop() {
		t.Fatal("it was not running")
	}
	r.committed("T", "g", 0, 3)
	if n := r.parkedCount(); n != 1 {
		t.Fatalf("%d messages are stored, want one check point", n)
	}
	r.crash()
	r.is("invisible", r.pop("T", "g"), "")
	r.pass(2 * time.Minute)
	r.is("what was not acknowledged", r.popAll("T", "g"), "a c")
}

// Tags are compared, and the group moves on over what it does not want.
func TestPopByTag(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "x", "a")
	r.send("T", 0, "y", "b")
	r.send("T", 0, "x", "c")
	want := func(p *Pop) { p.Expression, p.Kind = "y || z", "TAG" }
	list := r.pop("T", "g", want)
	r.is("pop", list, "b")
	r.is("nothing more", r.pop("T", "g", want), "")
	r.ack("g", list...)
	r.committed("T", "g", 0, 3)
	if h := list[0].handle; !strings.HasPrefix(h, "0 ") {
		t.Errorf("handle %q does not begin where the read began", h)
	}
}

// SQL92 expressions are evaluated, on a worker.
func TestPopBySQL(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "x", "a")
	r.send("T", 0, "y", "b")
	want := func(p *Pop) { p.Expression, p.Kind = "TAGS = 'y'", "SQL92" }
	if err := r.Pop(r.ask("T", "g", want, func(p *Pop) { p.NoWait = true })); err == nil {
		t.Error("evaluated on an event loop")
	}
	r.is("pop", r.pop("T", "g", want), "b")
}

// A new group begins with the oldest message or with the newest.
func TestInitModes(t *testing.T) {
	r := newRig(t, func(c *config.Config) { c.InitPopOffsetByCheckMsgInMem = false })
	r.topic("T", 1)
	r.send("T", 0, "", "a", "b", "c")
	r.is("oldest", r.pop("T", "g1"), "a b c")
	r.is("newest", r.pop("T", "g2", func(p *Pop) { p.Newest = true }), "c")
	r.change(func(c *config.Config) { c.InitPopOffsetByCheckMsgInMem = true })
	r.is("newest, all in memory", r.pop("T", "g3", func(p *Pop) { p.Newest = true }), "a b c")
}

// A reset of the offset wins over what is handed out, whose acknowledgements do not matter any more.
func TestReset(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a", "b", "c")
	list := r.pop("T", "g")
	if err := r.d.Committed.AssignReset("g", "T", 0, 1); err != nil {
		t.Fatal(err)
	}
	r.is("from the reset on", r.pop("T", "g"), "b c")
	r.ack("g", list...)
	r.committed("T", "g", 0, 1)
	if points, _, _ := r.Sizes(); points != 1 {
		t.Errorf("%d check points", points)
	}
}

// Pull and pop of one group go on where the other ended.
func TestPullPopPull(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a", "b", "c", "d")
	if err := r.d.Committed.Commit("g", "T", 0, 2); err != nil { // by a client that pulls
		t.Fatal(err)
	}
	list := r.pop("T", "g")
	r.is("pop", list, "c d")
	r.ack("g", list...)
	r.committed("T", "g", 0, 4)
}

// Priority: the queue with the highest number first, and what comes again last.
func TestPriority(t *testing.T) {
	r := newRig(t, func(c *config.Config) { c.PopFromRetryProbability = 100 })
	r.topic("P", 3, func(c *protocol.TopicConfig) { c.Attributes = map[string]string{"+message.type": "PRIORITY"} })
	r.topic(RetryTopic("P", "g", false), 1)
	r.send("P", 0, "", "low")
	r.send("P", 1, "", "mid")
	r.send("P", 2, "", "high")
	r.send(RetryTopic("P", "g", false), 0, "", "again")
	r.is("priorities", r.pop("P", "g"), "high mid low again")
	r.change(func(c *config.Config) { c.PriorityOrderAsc = false })
	r.is("the other way", r.pop("P", "h"), "low mid high")
}

// Without room for the offset of a group nothing is handed out to it.
func TestNoRoomForOffsets(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a")
	r.d.Committed.Limit = func() int { return 1 }
	list := r.pop("T", "g")
	r.is("the first group", list, "a")
	r.is("the second", r.pop("T", "h"), "")
	r.ack("g", list...)
	r.committed("T", "g", 0, 1)
}
