package ha

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/wire"
	"gorocket/store"
	"gorocket/store/ha"
	"gorocket/store/vfs"
)

// fileSize is that of a commit log file on both sides: small, so that files roll all the time.
const fileSize = 4 << 20

const queues = 4

// javaConf is the configuration of a Java broker in a pair.
func javaConf(pairs ...string) harness.Conf {
	c := harness.Conf{"mappedFileSizeCommitLog": fmt.Sprint(fileSize), "haSendHeartbeatInterval": "1000"}
	for i := 0; i < len(pairs); i += 2 {
		c[pairs[i]] = pairs[i+1]
	}
	return c
}

// openStore starts a store of a role.
func openStore(t *testing.T, dir, role string) *store.Store {
	t.Helper()
	c := store.DefaultConfig()
	c.StorePathRootDir, c.BrokerRole, c.MappedFileSizeCommitLog = dir, role, fileSize
	c.MaxHashSlotNum, c.MaxIndexNum = 50000, 200000
	c.DiskSpaceWarningLevelRatio, c.MinFreeDiskBytes = 100, 0
	s, err := store.Open(c, vfs.OS{}, store.EventListener{})
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	return s
}

// startSlave lets a store follow a master.
func startSlave(t *testing.T, s *store.Store, master string) *ha.Slave {
	x := ha.NewSlave(ha.SlaveOptions{Master: master, HeartbeatInterval: time.Second,
		HousekeepingInterval: 20 * time.Second}, s, ha.SlaveEvents{
		Connected:    func(_ string, from int64) { t.Log("our slave asks from", from) },
		Disconnected: func(_ string, why error) { t.Log("our slave:", why) }})
	x.Start()
	t.Cleanup(x.Stop)
	return x
}

// startMaster lets slaves follow a store, and registers it as the master of broker-a: where Java's slaves look.
func startMaster(t *testing.T, s *store.Store, names string) *ha.Master {
	t.Helper()
	m := ha.NewMaster(ha.MasterOptions{Listen: "127.0.0.1:0"}, ha.MasterSettings{HeartbeatInterval: time.Second,
		HousekeepingInterval: 20 * time.Second, BatchSize: 32 << 10}, s.Log(), ha.MasterEvents{
		Connected:    func(addr string, asked, from int64) { t.Log("slave", addr, "asks from", asked, "gets from", from) },
		Disconnected: func(addr string, why error) { t.Log("slave", addr, why) }})
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	c, err := wire.Dial(names)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	body, err := json.Marshal(map[string]any{"filterServerList": []string{}, "topicConfigSerializeWrapper": map[string]any{
		"dataVersion": map[string]any{"timestamp": 1, "counter": 1, "stateVersion": 0}, "topicConfigTable": map[string]any{}}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Call(wire.Request{Code: 103, Body: body, Ext: map[string]any{"brokerName": "broker-a",
		"brokerAddr": "127.0.0.1:1", "clusterName": "DefaultCluster", "haServerAddr": m.Addr().String(), "brokerId": "0",
		"bodyCrc32": "0", "compressed": "false"}}, 5*time.Second)
	if err != nil || r.Code != 0 {
		t.Fatalf("registration: %d %s %v", r.Code, r.Remark, err)
	}
	return m
}

// bodyOf makes the body of message i: 0 to 2000 bytes, now and then 300 KiB, always the same.
func bodyOf(i int) []byte {
	rnd := rand.New(rand.NewPCG(uint64(i), 18))
	n := rnd.IntN(2000)
	if i%100 == 0 {
		n = rnd.IntN(300 << 10)
	}
	return bytes.Repeat(fmt.Appendf(nil, "%08d|", i), n/9+1)
}

// eventually waits for something to become true.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(90 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}
