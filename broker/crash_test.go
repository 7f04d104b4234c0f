package broker

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/config"
	"gorocket/compat"
	"gorocket/compat/testutil"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/vfs"
)

// A broker on a disk in memory that is killed (Clone: all that was written is there) or loses its power (CrashClone:
// only what was synced is sure to be there), and starts again on what is left.

// memRoot is the store's folder on a disk in memory.
const memRoot = "/store"

// memRig starts a broker on a disk in memory.
func memRig(t *testing.T, mem *vfs.Mem, edit ...func(*config.Config)) *rig {
	t.Helper()
	cfg := testConfig(t, memRoot)
	for _, e := range edit {
		e(&cfg)
	}
	return startOn(t, cfg, Options{FS: mem})
}

func newMem(t *testing.T) *vfs.Mem {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	return mem
}

// slowFlush leaves the log unsynced for as long as a test runs.
func slowFlush(c *config.Config) {
	c.FlushIntervalCommitLog, c.FlushCommitLogThoroughInterval, c.FlushCommitLogLeastPages = 3_600_000, 3_600_000, 1<<20
}

func syncFlush(c *config.Config) { c.FlushDiskType = store.SyncFlush }

// fileOf reads a table's file, without blanks and line ends.
func fileOf(mem *vfs.Mem, name string) string {
	data, _ := vfs.ReadFile(mem, memRoot+"/config/"+name)
	return strings.Join(strings.Fields(string(data)), "")
}

// reborn starts a broker on what a kill or a power cut left, with what edit changes.
func reborn(t *testing.T, left *vfs.Mem, edit ...func(*config.Config)) *rig {
	t.Helper()
	t.Cleanup(left.Free)
	return memRig(t, left, edit...)
}

// TestKillKeepsTopicOfFirstSend: the answer to a topic's first send comes when the topic is in its file.
func TestKillKeepsTopicOfFirstSend(t *testing.T) {
	mem := newMem(t)
	r := memRig(t, mem)
	var left []*vfs.Mem
	for i := range 5 {
		r.send(fmt.Sprint("T", i), "", fmt.Sprint("first ", i))
		left = append(left, mem.Clone())
	}
	for i, mem := range left {
		r := reborn(t, mem)
		for j := range i + 1 {
			topic := fmt.Sprint("T", j)
			if c := r.b.topics.Get(topic); c == nil || c.WriteQueueNums != 4 {
				t.Errorf("killed behind send %d: topic %s is %+v", i, topic, c)
			}
			if got := r.bodies(topic); !slices.Equal(got, []string{fmt.Sprint("first ", j)}) {
				t.Errorf("killed behind send %d: %s holds %q", i, topic, got)
			}
		}
		r.stop()
	}
}

// TestKillKeepsWhatAdministratorsMade: topics and groups that were answered with success.
func TestKillKeepsWhatAdministratorsMade(t *testing.T) {
	mem := newMem(t)
	r := memRig(t, mem)
	r.ask(wire.ReqUpdateAndCreateTopic, createFields("A", 3), "").is(t, 0, createdRemark)
	afterTopic := mem.Clone()
	r.ask(wire.ReqUpdateAndCreateSubscriptiongroup, "", `{"groupName":"G","retryMaxTimes":7}`).is(t, 0, "")
	afterGroup := mem.Clone()
	if c := reborn(t, afterTopic).b.topics.Get("A"); c == nil || c.ReadQueueNums != 3 {
		t.Errorf("topic %+v", c)
	}
	if g := reborn(t, afterGroup).b.groups.Get("G"); g == nil || g.RetryMaxTimes != 7 {
		t.Errorf("group %+v", g)
	}
}

// createFields is the header of UPDATE_AND_CREATE_TOPIC.
func createFields(topic string, queues int) string {
	return fmt.Sprintf("topic=%s&defaultTopic=TBW102&readQueueNums=%d&writeQueueNums=%d&perm=6&topicFilterType=SINGLE_TAG"+
		"&topicSysFlag=0&order=false", topic, queues, queues)
}

// TestKillKeepsAcknowledgedMessages: under ASYNC_FLUSH all that was answered is there after a kill; offsets as they
// were written last.
func TestKillKeepsAcknowledgedMessages(t *testing.T) {
	mem := newMem(t)
	r := memRig(t, mem, slowFlush, func(c *config.Config) { c.FlushConsumerOffsetInterval = 1 })
	for i := range 50 {
		r.send("T", "KEYS\x01k\x02", fmt.Sprint(i))
	}
	r.pull("g", "T", 0, "*", 0)
	r.commit("g", "T", 0, 30)
	testutil.WaitFor(t, "the offset in its file", func() bool {
		return strings.Contains(fileOf(mem, "consumerOffset.json"),
			":30")
	})
	r2 := reborn(t, mem.Clone())
	got := r2.bodies("T")
	if len(got) != 50 || got[0] != "0" || got[49] != "49" {
		t.Errorf("%d messages: %q", len(got), got)
	}
	if off := r2.b.offsets.Query("g", "T", 0); off != 30 {
		t.Errorf("offset %d", off)
	}
	if next := r2.send("T", "", "next"); next.QueueOffset != 50 {
		t.Errorf("the next message has offset %d", next.QueueOffset)
	}
}

// TestPowerCutKeepsSyncFlushedMessages: whatever survives of what was not synced, every answered message is there, once
// and in order, with its topic.
func TestPowerCutKeepsSyncFlushedMessages(t *testing.T) {
	mem := newMem(t)
	r := memRig(t, mem, syncFlush)
	for i := range 30 {
		r.send("T", "", fmt.Sprint(i))
	}
	for seed, share := range []float64{0, 0.3, 0.7, 1} {
		r := reborn(t, mem.CrashClone(uint64(seed), share), syncFlush)
		got := r.bodies("T")
		if len(got) != 30 {
			t.Errorf("share %v: %d messages: %q", share, len(got), got)
		}
		for i, body := range got {
			if body != fmt.Sprint(i) {
				t.Errorf("share %v: message %d is %s", share, i, body)
			}
		}
		if next := r.send("T", "", "next"); next.QueueOffset != 30 {
			t.Errorf("share %v: the next message has offset %d", share, next.QueueOffset)
		}
		r.stop()
	}
}

// TestPowerCutKeepsAGaplessPrefix: under ASYNC_FLUSH a power cut may take the unflushed tail, and nothing before it.
func TestPowerCutKeepsAGaplessPrefix(t *testing.T) {
	mem := newMem(t)
	r := memRig(t, mem, slowFlush)
	for i := range 20 {
		r.send("T", "", fmt.Sprint(i))
	}
	if err := r.b.store.Flush(); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		r.send("T", "", fmt.Sprint(20+i))
	}
	for seed, share := range []float64{0, 0.5, 0.5, 1} {
		r := reborn(t, mem.CrashClone(uint64(seed), share))
		got := r.bodies("T")
		if len(got) < 20 || len(got) > 40 {
			t.Errorf("share %v: %d messages", share, len(got))
		}
		for i, body := range got {
			if body != fmt.Sprint(i) {
				t.Errorf("share %v: message %d is %s", share, i, body)
			}
		}
		r.stop()
	}
}

// TestPowerCutTakesNoDelivery: a note that a level has delivered a message is on disk only behind the delivery itself.
func TestPowerCutTakesNoDelivery(t *testing.T) {
	mem := newMem(t)
	r := memRig(t, mem, slowFlush, func(c *config.Config) { c.FlushDelayOffsetInterval = 1 })
	r.send("T", "", "there")
	r.send("T", "DELAY\x012\x02", "delayed")
	if err := r.b.store.Flush(); err != nil { // both are on disk, the delivery will not be by itself
		t.Fatal(err)
	}
	r.await("T", 2)
	testutil.WaitFor(t, "the note", func() bool { return strings.Contains(fileOf(mem, "delayOffset.json"), `"2":1`) })
	r2 := reborn(t, mem.CrashClone(1, 0))
	if got, _ := r2.await("T", 2); !slices.Equal(got, []string{"there", "delayed"}) {
		t.Errorf("%q", got)
	}
}

// TestKillRepeatsNoDelayedMessage: what lies before the noted position of a level is not delivered again.
func TestKillRepeatsNoDelayedMessage(t *testing.T) {
	mem := newMem(t)
	r := memRig(t, mem, func(c *config.Config) { c.FlushDelayOffsetInterval = 1 })
	r.send("T", "DELAY\x011\x02", "one")
	r.await("T", 1)
	testutil.WaitFor(t, "the note", func() bool { return strings.Contains(fileOf(mem, "delayOffset.json"), `"1":1`) })
	r.send("T", "DELAY\x011\x02", "two")
	r2 := reborn(t, mem.Clone()) // before two is due
	if got, _ := r2.await("T", 2); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("%q", got)
	}
}

// TestPowerCutTakesNoEndedTransaction: the progress behind a committed half message is noted only when its copy is on
// disk.
func TestPowerCutTakesNoEndedTransaction(t *testing.T) {
	mem := newMem(t)
	edit := func(c *config.Config) {
		slowFlush(c)
		c.TransactionCheckInterval, c.TransactionTimeOut, c.TransactionOpBatchInterval = 50, 50, 10
		c.FlushConsumerOffsetInterval = 1
	}
	r := memRig(t, mem, edit)
	_, at := r.half("g", "T", "committed")
	if err := r.b.store.Flush(); err != nil {
		t.Fatal(err)
	}
	if code, remark := r.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", CommitLogOffset: at,
		CommitOrRollback: wire.TransactionCommit}); code != 0 {
		t.Fatal(code, remark)
	}
	key := `"` + compat.TopicTransHalf + "@" + protocol.GroupTransactions + `":{"0":`
	testutil.WaitFor(t, "the progress", func() bool {
		_, rest, found := strings.Cut(fileOf(mem, "consumerOffset.json"), key)
		return found && rest[0] != '0'
	})
	r2 := reborn(t, mem.CrashClone(1, 0), edit)
	if got := r2.bodies("T"); !slices.Equal(got, []string{"committed"}) {
		t.Errorf("the progress is noted, the topic holds %q", got)
	}
}

// TestKillKeepsHalfMessages: a half message that waited for its end can be committed after a kill, once.
func TestKillKeepsHalfMessages(t *testing.T) {
	mem := newMem(t)
	edit := func(c *config.Config) { c.TransactionOpBatchInterval = 10 }
	r := memRig(t, mem, edit)
	_, first := r.half("g", "T", "first")
	_, second := r.half("g", "T", "second")
	commit := func(r *rig, offset, at int64) {
		t.Helper()
		if code, remark := r.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", TranStateTableOffset: offset,
			CommitLogOffset: at, CommitOrRollback: wire.TransactionCommit}); code != 0 {
			t.Fatal(code, remark)
		}
	}
	commit(r, 0, first)
	testutil.WaitFor(t, "the op message", func() bool { return r.b.store.MaxOffset(compat.TopicTransOpHalf, 0) == 1 })
	r2 := reborn(t, mem.Clone(), edit)
	testutil.WaitFor(t, "the op queue read", func() bool {
		select {
		case <-r2.b.trans.Replayed:
			return true
		default:
			return false
		}
	})
	commit(r2, 0, first) // ended before the kill: nothing is stored
	commit(r2, 1, second)
	if got := r2.bodies("T"); !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("%q", got)
	}
}

// TestFailedSyncRefusesSends: SYNC_FLUSH on a disk that does not sync answers 14, and so do all sends from then on;
// what is there can be read.
func TestFailedSyncRefusesSends(t *testing.T) {
	mem := newMem(t)
	r := memRig(t, mem, syncFlush)
	r.send("T", "", "before")
	mem.Inject(func(op, name string) error {
		if op == "sync" && strings.Contains(name, "/commitlog/") {
			return syscall.EIO
		}
		return nil
	})
	const remark = "service not available now. It may be caused by one of the following reasons: the broker's disk is full"
	r.ask(wire.ReqSendMessage, sendFields("T", 0), "lost").is(t, wire.ServiceNotAvailable, remark)
	mem.Inject(nil)
	r.ask(wire.ReqSendMessage, sendFields("T", 0), "refused").is(t, wire.ServiceNotAvailable, remark)
	if got := r.bodies("T"); len(got) == 0 || got[0] != "before" {
		t.Errorf("%q", got)
	}
	r2 := reborn(t, mem.CrashClone(3, 0), syncFlush)
	if got := r2.bodies("T"); !slices.Equal(got, []string{"before"}) {
		t.Errorf("after the power cut: %q", got)
	}
	r2.ask(wire.ReqSendMessage, sendFields("T", 0), "accepted").is(t, 0, "")
	_ = r.b.Stop(t.Context()) // says that the store was not stopped cleanly
	r.b = r2.b
}

// sendFields is the header of SEND_MESSAGE.
func sendFields(topic string, queue int) string {
	return fmt.Sprintf("producerGroup=p&topic=%s&defaultTopic=TBW102&defaultTopicQueueNums=4&queueId=%d&sysFlag=0"+
		"&bornTimestamp=1&flag=0&reconsumeTimes=0&unitMode=false", topic, queue)
}

// TestTableThatCannotBeWritten: a first send is answered although the topic's file cannot be written, and the file is
// written once the disk takes it.
func TestTableThatCannotBeWritten(t *testing.T) {
	mem := newMem(t)
	r := memRig(t, mem)
	testutil.WaitFor(t, "the first write", func() bool { return fileOf(mem, "topics.json") != "" })
	var refused atomic.Int64
	mem.Inject(func(op, name string) error {
		if strings.Contains(name, "/config/topics.json") && (op == "create" || op == "write" || op == "rename") {
			refused.Add(1)
			return syscall.ENOSPC
		}
		return nil
	})
	r.send("New", "", "body")
	if refused.Load() == 0 || strings.Contains(fileOf(mem, "topics.json"), `"New"`) {
		t.Errorf("%d writes failed; the file: %s", refused.Load(), fileOf(mem, "topics.json"))
	}
	mem.Inject(nil)
	testutil.WaitFor(t, "the topic in its file", func() bool {
		return strings.Contains(fileOf(mem, "topics.json"), `"New"`)
	})
}

// TestStalledTableKeepsNobodyWaiting: a disk that hangs over the topics' file delays a first send by saveWait.
func TestStalledTableKeepsNobodyWaiting(t *testing.T) {
	mem := newMem(t)
	r := memRig(t, mem)
	testutil.WaitFor(t, "the first write", func() bool { return fileOf(mem, "topics.json") != "" })
	hang := make(chan struct{})
	mem.Inject(func(op, name string) error {
		if strings.Contains(name, "/config/topics.json") {
			<-hang
		}
		return nil
	})
	began := time.Now()
	r.send("New", "", "body")
	if took := time.Since(began); took < saveWait-50*time.Millisecond || took > saveWait+2*time.Second {
		t.Errorf("the send took %v", took)
	}
	close(hang)
	mem.Inject(nil)
}

// TestUnreadableTableStopsTheStart: a start on a consumerOffset.json that does not parse, with no .bak that does,
// fails and leaves the store closed.
func TestUnreadableTableStopsTheStart(t *testing.T) {
	mem := newMem(t)
	r := memRig(t, mem)
	r.send("T", "", "body")
	r.pull("g", "T", 0, "*", 0)
	r.commit("g", "T", 0, 1)
	r.stop()
	errDisk := errors.New("the disk does not read")
	mem.Inject(func(op, name string) error {
		if op == "read" && strings.Contains(name, "consumerOffset.json") {
			return errDisk
		}
		return nil
	})
	b, err := NewWith(testConfig(t, memRoot), zerolog.Nop(), Options{FS: mem})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(t.Context()); !errors.Is(err, errDisk) || !strings.Contains(err.Error(), "consumerOffset.json") {
		t.Fatalf("start: %v", err)
	}
	mem.Inject(nil)
	if got := memRig(t, mem).bodies("T"); !slices.Equal(got, []string{"body"}) {
		t.Errorf("%q", got)
	}
}

// TestKillCommitsNothingTwice: a half message that was committed, and whose op message a kill came before, has ended for
// who goes on: nobody asks about it, a second commit stores nothing, and one that had not ended can be committed.
func TestKillCommitsNothingTwice(t *testing.T) {
	mem := newMem(t)
	late := func(c *config.Config) { c.TransactionOpBatchInterval = 3_600_000 }
	r := memRig(t, mem, late)
	waitFor(t, "the op queue read", func() bool {
		select {
		case <-r.b.trans.Replayed:
			return true
		default:
			return false
		}
	})
	_, first := r.half("g", "T", "first")
	_, second := r.half("g", "T", "second")
	commit := func(r *rig, offset, at int64) {
		t.Helper()
		if code, remark := r.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", TranStateTableOffset: offset,
			CommitLogOffset: at, CommitOrRollback: wire.TransactionCommit}); code != 0 {
			t.Fatal(code, remark)
		}
	}
	commit(r, 0, first)
	r.send("T", "", "between")
	r2 := reborn(t, mem.Clone(), late)
	waitFor(t, "the op queue read there", func() bool {
		select {
		case <-r2.b.trans.Replayed:
			return true
		default:
			return false
		}
	})
	if open := r2.b.trans.Halves.NextOpen(0, 2); open != 1 {
		t.Errorf("half message %d is the first that waits", open)
	}
	commit(r2, 0, first)
	commit(r2, 1, second)
	if got := r2.bodies("T"); !slices.Equal(got, []string{"first", "between", "second"}) {
		t.Errorf("%q", got)
	}
}
