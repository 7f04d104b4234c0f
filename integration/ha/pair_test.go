package ha

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
	"gorocket/store"
	"gorocket/store/record"
)

const messages = 8000

// TestOurSlaveOfJava follows a Java master under load, with restarts of our slave.
func TestOurSlaveOfJava(t *testing.T) {
	need(t)
	c := harness.New(t)
	c.Namesrv(harness.Go, nil)
	b := c.Broker(harness.Java, "broker-a", javaConf("brokerRole", "ASYNC_MASTER"))
	cl, err := client.Dial(b.Addr(), 20*time.Second)
	if err == nil {
		err = cl.CreateTopic("T", queues, 6, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	master, dir := fmt.Sprintf("127.0.0.1:%d", b.Port+1), t.TempDir()
	s := openStore(t, dir, "SLAVE")
	x := startSlave(t, s, master)
	for i := range messages {
		r, err := cl.Send(&client.Message{Topic: "T", Queue: i % queues, Born: 1, Body: bodyOf(i),
			Props: client.Props("KEYS", fmt.Sprint("k", i), "TAGS", "a")})
		if err != nil || r.Code != 0 {
			t.Fatalf("message %d: %d %s %v", i, r.Code, r.Remark, err)
		}
		if i%2500 == 2499 {
			x.Stop()
			if err := s.Stop(context.Background()); err != nil {
				t.Fatal(err)
			}
			s = openStore(t, dir, "SLAVE")
			x = startSlave(t, s, master)
		}
	}
	for q := range queues {
		n := 0
		eventually(t, fmt.Sprint("the end of queue ", q), func() bool { return s.MaxOffset("T", int32(q)) == messages/queues })
		_, err := cl.ReadQueue("T", q, 0, func(r *client.Record) error { n++; return sameRecord(s, q, r) })
		if err != nil || n != messages/queues {
			t.Errorf("queue %d: %d messages compared: %v", q, n, err)
		}
	}
	for _, i := range []int{0, 17, 4000, messages - 1} {
		r, err := s.QueryByKey("T", fmt.Sprint("k", i), 9, 0, 1<<62)
		if err != nil || len(r.Records) != 1 {
			t.Errorf("key k%d: %d records, %v", i, len(r.Records), err)
		}
	}
}

// sameRecord compares a message of the master's with the slave's at the same place.
func sameRecord(s *store.Store, queue int, r *client.Record) error {
	at, _, _, ok := s.OffsetInQueue("T", int32(queue), r.QueueOffset)
	if !ok {
		return fmt.Errorf("the slave has no message %d in queue %d", r.QueueOffset, queue)
	}
	raw, err := s.ReadRecord(at, nil)
	if err != nil {
		return err
	}
	m, err := record.Decode(raw)
	if err == nil && (!bytes.Equal(m.Body, r.Body) || len(r.Body) == 0) {
		err = fmt.Errorf("message %d in queue %d differs", r.QueueOffset, queue)
	}
	return err
}

// TestJavaSlaveOfOurs lets a Java slave follow our master under load, through kill -9 of the slave. Its files are the
// master's, byte for byte.
func TestJavaSlaveOfOurs(t *testing.T) {
	need(t)
	c := harness.New(t)
	ns := c.Namesrv(harness.Go, nil)
	s := openStore(t, t.TempDir(), "ASYNC_MASTER")
	m := startMaster(t, s, ns.Addr())
	b := c.Broker(harness.Java, "broker-s", javaConf("brokerRole", "SLAVE", "brokerId", "1", "brokerName", "broker-a"))
	host := netip.MustParseAddrPort("127.0.0.1:10911")
	for i := range messages {
		if _, err := s.Append(&store.Record{Message: record.Message{Topic: "T", QueueID: int32(i % queues),
			BornTimestamp: 1, BornHost: host, StoreHost: host, Body: bodyOf(i)}}); err != nil {
			t.Fatal(err)
		}
		if i%100 == 0 {
			time.Sleep(5 * time.Millisecond)
		}
		if i == messages/2 {
			eventually(t, "the Java slave acknowledges", func() bool { return m.Confirmed(1) > 0 })
			b.Kill()
			if err := b.Start(); err != nil {
				t.Fatal(err)
			}
		}
	}
	eventually(t, "the Java slave acknowledges everything", func() bool { return m.Confirmed(1) == s.MaxPhyOffset() })
	cl, err := client.Dial(b.Addr(), 20*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for q := range queues {
		var got int64
		eventually(t, fmt.Sprint("the end of queue ", q), func() bool {
			got, err = cl.MaxOffset("T", q)
			return err != nil || got == messages/queues
		})
		if err != nil {
			t.Errorf("queue %d: %v", q, err)
		}
	}
	for at := s.MinPhyOffset(); at < s.MaxPhyOffset(); at += fileSize {
		n := min(fileSize, s.MaxPhyOffset()-at)
		got, err := os.ReadFile(fmt.Sprintf("%s/commitlog/%020d", b.Store(), at))
		if err != nil || !bytes.Equal(got[:n], s.Log().Find(at).Data[:n]) {
			t.Errorf("the files at %d differ: %v", at, err)
		}
	}
	for _, n := range []int64{0, 500, messages/queues - 1} {
		at, _, _, _ := s.OffsetInQueue("T", 1, n)
		if r, err := cl.View(at); err != nil || r.QueueOffset != n || r.Topic != "T" {
			t.Errorf("message %d read from the slave: %+v %v", n, r, err)
		}
	}
}
