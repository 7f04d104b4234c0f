package replicas

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store/ha"
)

// takes makes a controller agree to sets of these brokers only, which are those that it lists.
func (c *controller) takes(ids ...int64) {
	c.on(wire.ReqControllerAlterSyncStateSet, func(ctx *remoting.Context) {
		var set protocol.SyncStateSet
		if err := compat.Unmarshal(ctx.Req.Body, &set); err != nil {
			c.t.Error(err)
		}
		for _, id := range set.SyncStateSet {
			if !slices.Contains(ids, id) {
				ctx.Status(wire.ControllerInvalidReplicas, "the replicas don't exist")
				return
			}
		}
		agreed(setOf(set.SyncStateSetEpoch+1, set.SyncStateSet...))(ctx)
	})
	var list []string
	for _, id := range ids {
		list = append(list, `{"alive":true,"brokerAddress":"h:1","brokerId":`+string(rune('0'+id))+`,"brokerName":"b"}`)
	}
	list = append(list, `{"alive":false,"brokerAddress":"h:1","brokerId":9,"brokerName":"b"}`)
	c.on(wire.ReqControllerGetSyncStateData, func(ctx *remoting.Context) {
		if got := string(ctx.Req.Body); got != `["b"]` {
			c.t.Errorf("asked for %s", got)
		}
		ctx.OK([]byte(`{"replicasInfoTable":{"b":{"inSyncReplicas":[` + strings.Join(list[:1], ",") + `],"masterEpoch":4,` +
			`"notInSyncReplicas":[` + strings.Join(list[1:], ",") + `],"syncStateSetEpoch":2}}}`))
	})
}

// TestStrangersJoin: who follows with an id that the controllers do not know, or that is not alive to them, keeps
// nobody from leaving the set or from joining it.
func TestStrangersJoin(t *testing.T) {
	r, c := leader(t, 1, 2)
	c.takes(1, 2, 3)
	strangers := []ha.SlaveState{caughtUp(77, 100), caughtUp(9, 100)}
	r.act.change(func(a *actor) { a.slaves = strangers }) // broker 2 is gone
	r.must()
	r.counts("broker 2 left")
	r.act.change(func(a *actor) { a.slaves = append(a.slaves, caughtUp(3, 100)) })
	r.must()
	r.counts("broker 3 came", 3)
	n := len(c.proposals())
	for range 5 {
		r.must()
	}
	if now := len(c.proposals()); now != n {
		t.Errorf("%d proposals more, though nothing changes", now-n)
	}
	c.takes(1, 2, 3, 7)
	r.act.change(func(a *actor) { a.slaves = append(a.slaves, caughtUp(7, 100)) })
	r.must()
	r.counts("broker 7 has not been looked for", 3)
	r.loop.learned = time.Now().Add(-learnedFor)
	r.must()
	r.counts("broker 7 came", 3, 7)
}

// TestStrangersJoinUnknown: controllers that do not say whom they know let nobody join, and others leave.
func TestStrangersJoinUnknown(t *testing.T) {
	r, c := leader(t, 1, 2)
	c.takes(1, 2, 3)
	c.on(wire.ReqControllerGetSyncStateData, status(wire.SystemError))
	r.act.change(func(a *actor) { a.slaves = []ha.SlaveState{caughtUp(77, 100), caughtUp(3, 100)} })
	r.must()
	r.counts("broker 2 left")
}
