package service

import (
	"testing"

	"gorocket/broker/config"
	"gorocket/store"
	"gorocket/store/record"
)

// TestReplyIsStoredAsItStands: a reply gets none of what the broker adds to a message.
func TestReplyIsStoredAsItStands(t *testing.T) {
	r := newRig(t)
	m := r.message("R", "A\x01b\x02INNER_BASE\x013\x02", "reply")
	m.Record.QueueID, m.Record.SysFlag = 1, record.SysFlagPrepared
	if err := r.Send.Reply(m); err != nil {
		t.Fatal(err)
	}
	got := r.at("R", 1, 0)
	if string(got.Properties) != "A\x01b\x02" || string(got.Body) != "reply" || got.SysFlag&record.SysFlagTransaction != 0 {
		t.Errorf("%q %q %x", got.Properties, got.Body, got.SysFlag)
	}
	if !m.IsStored() || string(m.MsgID) != string(got.AppendMessageID(nil)) || m.Stored.QueueID != 1 {
		t.Errorf("%+v", m.Stored)
	}
	if n := r.d.Stats.Puts.Load(); n != 1 {
		t.Errorf("%d counted", n)
	}
	next := r.message("R", "", "any queue")
	if err := r.Send.Reply(next); err != nil || next.Stored.QueueID < 0 || next.Stored.QueueID > 3 {
		t.Errorf("%v %+v", err, next.Stored)
	}
}

// TestReplyThatIsNotStored: without a body, or with storeReplyMessageEnable=false, there is nothing in the log and the
// id is "0"; one that the store refuses is no error either: the push decides.
func TestReplyThatIsNotStored(t *testing.T) {
	r := newRig(t)
	r.send("R", "", "x")
	end := r.store.MaxPhyOffset()
	check := func(what string, m *Send) {
		t.Helper()
		if err := r.Send.Reply(m); err != nil || m.IsStored() || string(m.MsgID) != "0" || r.store.MaxPhyOffset() != end {
			t.Errorf("%s: %v %+v, %d bytes", what, err, m.Stored, r.store.MaxPhyOffset()-end)
		}
	}
	check("without a body", r.message("R", "", ""))
	check("too large", r.message("R", "", string(make([]byte, 5<<20))))
	r.change(func(c *config.Config) { c.StoreReplyMessageEnable = false })
	check("off", r.message("R", "", "x"))
	refused(t, r.Send.Reply(r.message("a b", "", "x")), BadArgument, "The specified topic")
	m := r.message("N", "", "x")
	if m.TopicMade = false; r.Send.Reply(m) != ErrNewTopic {
		t.Error("a new topic is not told")
	}
}

// TestReplySync: under SYNC_FLUSH a reply is on disk when the call returns, unless its sender does not wait.
func TestReplySync(t *testing.T) {
	r := newRig(t, func(c *config.Config) {
		c.FlushDiskType = store.SyncFlush
	})
	m := r.message("R", "", "x")
	if err := r.Send.Reply(m); err != nil || r.store.FlushedOffset() < r.store.MaxPhyOffset() {
		t.Errorf("%v, flushed up to %d of %d", err, r.store.FlushedOffset(), r.store.MaxPhyOffset())
	}
}
