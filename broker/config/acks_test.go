package config

import "testing"

// TestAcks: what Java's CommitLog asks for in each mode, and when it refuses.
func TestAcks(t *testing.T) {
	for _, c := range []struct {
		role              string
		acting, auto      bool
		replicas, min, in int
		need              int
		enough            bool
	}{
		{"ASYNC_MASTER", true, true, 3, 2, 1, 1, true},
		{"SYNC_MASTER", false, true, 3, 2, 1, 3, true}, // the classic mode knows inSyncReplicas only
		{"SYNC_MASTER", true, false, 1, 3, 1, 1, true},
		{"SYNC_MASTER", true, false, 2, 1, 1, 2, false},
		{"SYNC_MASTER", true, false, 2, 1, 3, 2, true},
		{"SYNC_MASTER", true, true, 3, 1, 1, 1, true},
		{"SYNC_MASTER", true, true, 3, 1, 2, 2, true},
		{"SYNC_MASTER", true, true, 3, 1, 5, 3, true},
		{"SYNC_MASTER", true, true, 3, 2, 1, 2, false},
		{"SYNC_MASTER", true, true, 2, 3, 3, 3, true},
	} {
		cfg := Default()
		cfg.BrokerRole, cfg.EnableSlaveActingMaster, cfg.EnableAutoInSyncReplicas = c.role, c.acting, c.auto
		cfg.InSyncReplicas, cfg.MinInSyncReplicas = c.replicas, c.min
		asked := false
		need, enough := cfg.Acks(func() int { asked = true; return c.in })
		if need != c.need || enough != c.enough || asked != (c.acting && c.role == "SYNC_MASTER") {
			t.Errorf("%+v: %d %v, asked %v", c, need, enough, asked)
		}
	}
}
