package config

import "testing"

// TestAcks: how many brokers have to have a message, and whether so many can, by role, kind of group and who is in
// sync;
// who is in sync is asked only where it counts.
func TestAcks(t *testing.T) {
	const controllers, acting = 1, 2
	for _, c := range []struct {
		role             string
		kind             int
		all, auto        bool
		want, least, are int // inSyncReplicas, minInSyncReplicas, in sync
		need             int
		enough, asked    bool
	}{
		{"ASYNC_MASTER", 0, false, false, 3, 2, 1, 1, true, false}, {"ASYNC_MASTER", controllers, true, false, 3, 2, 1, 1,
			true, false},
		{"SLAVE", acting, false, false, 3, 2, 1, 1, true, false},
		{"SYNC_MASTER", 0, true, true, 3, 2, 1, 3, true, false},
		{"SYNC_MASTER", controllers, false, false, 3, 2, 2, 3, true, true},
		{"SYNC_MASTER", controllers, false, false, 3, 2, 1, 3, false, true},
		{"SYNC_MASTER", controllers, true, false, 3, 2, 2, 2, true, true},
		{"SYNC_MASTER", controllers, true, false, 3, 2, 5, 5, true, true},
		{"SYNC_MASTER", controllers, true, false, 3, 2, 1, 1, false, true},
		{"SYNC_MASTER", acting, false, false, 3, 2, 3, 3, true, true},
		{"SYNC_MASTER", acting, false, false, 3, 2, 2, 3, false, true},
		{"SYNC_MASTER", acting, false, true, 3, 2, 2, 2, true, true},
		{"SYNC_MASTER", acting, false, true, 3, 2, 1, 2, false, true},
		{"SYNC_MASTER", acting, false, true, 3, 2, 5, 3, true, true},
	} {
		cfg := Default()
		cfg.BrokerRole, cfg.InSyncReplicas, cfg.MinInSyncReplicas = c.role, c.want, c.least
		cfg.AllAckInSyncStateSet, cfg.EnableAutoInSyncReplicas = c.all, c.auto
		cfg.EnableControllerMode, cfg.EnableSlaveActingMaster = c.kind == controllers, c.kind == acting
		asked := false
		need, enough := cfg.Acks(func() int { asked = true; return c.are })
		if need != c.need || enough != c.enough || asked != c.asked {
			t.Errorf("%+v: need %d, enough %v, asked %v", c, need, enough, asked)
		}
	}
}
