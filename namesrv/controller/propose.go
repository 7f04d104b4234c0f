package controller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorocket/namesrv/controller/consensus"
	"gorocket/namesrv/controller/liveness"
	"gorocket/namesrv/controller/replicas"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// waitTimeout is how long a request waits for the others to agree. Java: ControllerRequestProcessor.WAIT_TIMEOUT_OUT.
const waitTimeout = 5 * time.Second

// machine is the replicas' table as what the members agree on.
type machine struct{ sets *replicas.Table }

func (m machine) Apply(text []byte) any {
	var c replicas.Command
	if err := json.Unmarshal(text, &c); err != nil {
		return replicas.Result{Code: wire.SystemError, Remark: "controller: a command that cannot be read: " + err.Error()}
	}
	return m.sets.Apply(&c)
}

func (m machine) Snapshot() ([]byte, error)  { return m.sets.Snapshot() }
func (m machine) Restore(state []byte) error { return m.sets.Restore(state) }
func (machine) Check(state []byte) error     { return replicas.NewTable().Restore(state) }

// do decides a command: at once when it changes nothing, else with the others.
func (s *Server) do(ctx context.Context, c *replicas.Command) (replicas.Result, error) {
	if !s.leading() {
		return replicas.Result{}, consensus.ErrNotLeader
	}
	if r, changes := s.sets.Preview(c); !changes {
		return r, nil
	}
	text, err := json.Marshal(c)
	if err != nil {
		return replicas.Result{}, err
	}
	out, err := s.node.Load().Propose(ctx, text)
	if err != nil {
		return replicas.Result{}, err
	}
	r, ok := out.(replicas.Result)
	if !ok {
		return r, fmt.Errorf("controller: the command came to %v", out)
	}
	return r, nil
}

// decide is do for a request; the answer is given already when it returns false.
func (s *Server) decide(ctx *remoting.Context, c *replicas.Command) (replicas.Result, bool) {
	wait, cancel := context.WithTimeout(context.Background(), waitTimeout)
	defer cancel()
	r, err := s.do(wait, c)
	switch {
	case errors.Is(err, consensus.ErrNotLeader):
		notLeader(ctx)
		return r, false
	case err != nil:
		fail(ctx, err)
		return r, false
	}
	return r, true
}

// members are the living ones of a set, of its registered brokers, as they are judged now. In the first seconds of a
// leader, which may not have heard of everybody yet, the master counts as alive, unless it was seen to go: nobody is
// elected in its place for nothing.
func (s *Server) members(broker string) []replicas.Live {
	set, _ := s.sets.Get(broker)
	list := s.alive.Members(&set, time.Now())
	if set.Master == 0 || s.heard() || replicas.Alive(list, set.Master) ||
		s.alive.Gone(liveness.Key{Cluster: set.Cluster, Broker: broker, ID: set.Master}) {
		return list
	}
	return append(list, replicas.Live{ID: set.Master, Epoch: set.MasterEpoch})
}
