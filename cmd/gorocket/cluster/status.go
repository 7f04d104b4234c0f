package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

const (
	startLimit = 20 * time.Second
	askLimit   = 500 * time.Millisecond // of a question to a member, which may be suspended
	pause      = 2 * time.Millisecond   // between looks
)

var errNoLeader = errors.New("no controller leads")

// leader finds the controller that leads.
func (c *Cluster) leader() (string, error) {
	answers := make(chan string, len(c.peers))
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	for _, addr := range c.peers {
		go func() {
			h, err := remoting.AskHeader(ctx, c.client, addr, wire.ReqControllerGetMetadataInfo, wire.ControllerMetadataResponse)
			if err != nil || !h.IsLeader {
				answers <- ""
				return
			}
			answers <- addr
		}()
	}
	for range c.peers {
		if addr := <-answers; addr != "" {
			return addr, nil
		}
	}
	return "", errNoLeader
}

// sets asks the leader for the groups.
func (c *Cluster) sets() (map[string]protocol.ReplicasInfo, error) {
	leader, err := c.leader()
	if err != nil {
		return nil, err
	}
	body, err := compat.Marshal(Groups)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	resp, err := remoting.Call(ctx, c.client, leader, wire.ReqControllerGetSyncStateData, wire.None, new(wire.NoHeader),
		body)
	if err != nil {
		return nil, err
	}
	var info protocol.BrokerReplicasInfo
	if err := compat.Unmarshal(resp.Body, &info); err != nil {
		return nil, fmt.Errorf("controller %s: %w", leader, err)
	}
	return info.ReplicasInfoTable, nil
}

// awaitMasters waits until each group has a master and its slaves in sync.
func (c *Cluster) awaitMasters(limit time.Duration) error {
	for end := time.Now().Add(limit); ; time.Sleep(pause) {
		sets, err := c.sets()
		ready := 0
		for _, group := range Groups {
			if s := sets[group]; s.MasterAddress != "" && len(s.InSyncReplicas) == replicas {
				ready++
			}
		}
		if ready == len(Groups) {
			return nil
		}
		for _, m := range c.members {
			if !m.runs() {
				text, _ := m.tail()
				return fmt.Errorf("%s ended while it started:\n%s", m.name, text)
			}
		}
		if time.Now().After(end) {
			return fmt.Errorf("the groups have no masters after %s: %w", limit, errors.Join(err, errNoLeader))
		}
	}
}

// nameAt is the member at an address.
func (c *Cluster) nameAt(addr string) string {
	for _, m := range c.members {
		if m.addr == addr {
			return m.name
		}
	}
	return addr
}

// masterOf is who the controllers say is master of a group; "" while they say nobody.
func (c *Cluster) masterOf(group string) string {
	sets, err := c.sets()
	if err != nil || sets[group].MasterAddress == "" {
		return ""
	}
	return c.nameAt(sets[group].MasterAddress)
}

// printStatus shows every member, who leads and who is master.
func (c *Cluster) printStatus() {
	leader, _ := c.leader()
	sets, err := c.sets()
	for i, m := range c.members {
		pid := 0
		if m.runs() {
			pid = m.cmd.Process.Pid
		}
		role := ""
		switch {
		case i < controllers && c.peers[i] == leader:
			role = "leads the controllers"
		case i >= controllers:
			role = roleIn(sets[m.group()], m.addr)
		}
		fmt.Fprintf(c.opt.Out, "  %-3s %-8s %-16s pid %-8d %-13s %s\n", m.name, m.command, m.addr, pid, m.state(), role)
	}
	if err != nil {
		fmt.Fprintf(c.opt.Out, "  %v\n", err)
	}
}

// group is that of a broker.
func (m *member) group() string { return m.name[:1] }

func roleIn(s protocol.ReplicasInfo, addr string) string {
	if s.MasterAddress == addr {
		return fmt.Sprintf("master, epoch %d", s.MasterEpoch)
	}
	for _, r := range s.InSyncReplicas {
		if r.BrokerAddress == addr {
			return "slave, in sync"
		}
	}
	return "slave, not in sync"
}
