package replication

import (
	"testing"

	"gorocket/compat/testutil"
	"gorocket/store"
	"gorocket/store/ha"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// TestFewerLater: when fewer brokers are asked for, what is in the log waits for as many as before for slaveTimeout, and
// then for the fewer; Stop ends that.
func TestFewerLater(t *testing.T) {
	mem := vfs.NewMem()
	defer mem.Free()
	c := store.DefaultConfig()
	c.StorePathRootDir, c.MappedFileSizeCommitLog, c.MaxHashSlotNum, c.MaxIndexNum = "/store", 1<<20, 100, 400
	c.SlaveTimeout = 100
	st, err := store.Open(c, mem, store.EventListener{})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Start(); err != nil {
		t.Fatal(err)
	}
	defer st.Stop(t.Context())
	if _, err := st.Append(&store.Record{Message: record.Message{Topic: "T", Body: []byte("x")}}); err != nil {
		t.Fatal(err)
	}
	s := New(Deps{Settings: func() *store.Config { return &c }, Store: func() *store.Store { return st },
		Needed: func() int { return 1 }})
	s.master, s.needed = ha.NewMaster(ha.MasterOptions{}, ha.MasterSettings{}, st.Log(), ha.MasterEvents{}), 2
	s.Confirm()
	s.mu.Lock()
	waits := s.fewer != nil
	s.mu.Unlock()
	if !waits || st.Log().Replicated.Load() > 0 {
		t.Log("slaveTimeout is over already") // a machine that stood still
	}
	testutil.WaitFor(t, "slaveTimeout", func() bool { return st.Log().Replicated.Load() == st.MaxPhyOffset() })
	s.mu.Lock()
	s.needed = 2
	s.mu.Unlock()
	s.Confirm()
	s.Stop()
	if s.mu.Lock(); s.fewer != nil || s.needed != 0 {
		t.Error("the timer runs behind Stop")
	}
	s.mu.Unlock()
}
