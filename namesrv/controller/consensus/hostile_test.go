package consensus

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// ask sends the only member what another one could send.
func (c *cluster) ask(kind string, request any, more ...byte) error {
	c.t.Helper()
	body, err := encode(request)
	if err != nil {
		c.t.Fatal(err)
	}
	if kind == kindSnapshot {
		body = append(appendLength(nil, len(body)), body...)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Second)
	defer cancel()
	_, err = c.net.at["h:0"].Serve(ctx, &Header{"g", kind}, append(body, more...))
	return err
}

// TestHostileRequests: what raft would panic of, or would be stopped by for ever, does not get to it.
func TestHostileRequests(t *testing.T) {
	c := newCluster(t, 1)
	c.must("a")
	head := raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte("n1"), Addr: []byte("h:1")}
	term, last := c.up[0].raft.CurrentTerm(), c.up[0].raft.LastIndex()
	ours := raft.Log{}
	if err := c.up[0].stores.Log.GetLog(last, &ours); err != nil {
		t.Fatal(err)
	}
	appends := func(e ...*raft.Log) *raft.AppendEntriesRequest {
		return &raft.AppendEntriesRequest{RPCHeader: head, Term: term, PrevLogEntry: last, PrevLogTerm: ours.Term, Entries: e,
			LeaderCommitIndex: last + uint64(len(e))}
	}
	entry := func(kind raft.LogType, data string) *raft.Log {
		return &raft.Log{Index: last + 1, Term: term, Type: kind, Data: []byte(data)}
	}
	for name, r := range map[string]*raft.AppendEntriesRequest{
		"members that are none":       appends(entry(raft.LogConfiguration, "garbage")),
		"no members":                  appends(entry(raft.LogConfiguration, "\x80")),
		"a type of the future":        appends(entry(99, "x")),
		"peers of the past":           appends(entry(raft.LogRemovePeerDeprecated, "garbage")),
		"an index that was left out":  appends(&raft.Log{Index: last + 7, Term: term}),
		"an index that comes twice":   appends(entry(0, "x"), entry(0, "y")),
		"the largest term":            {RPCHeader: head, Term: math.MaxUint64},
		"the largest term, with more": {RPCHeader: head, Term: math.MaxUint64, LeaderCommitIndex: 9},
	} {
		if err := c.ask(kindAppend, r); err == nil || !strings.Contains(err.Error(), "consensus: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for kind, r := range map[string]any{
		kindVote:    &raft.RequestVoteRequest{RPCHeader: head, Term: math.MaxUint64, LeadershipTransfer: true},
		kindPreVote: &raft.RequestPreVoteRequest{RPCHeader: head, Term: math.MaxUint64},
	} {
		if err := c.ask(kind, r); err == nil {
			t.Errorf("%s with the largest term is taken", kind)
		}
	}
	members := raft.EncodeConfiguration(raft.Configuration{Servers: []raft.Server{{ID: "n0", Address: "h:0"}}})
	for name, r := range map[string]raft.InstallSnapshotRequest{
		"members that are none": {Configuration: []byte("garbage"), Size: 5},
		"no machine's state":    {Configuration: members, Size: 5},
		"a size that lies":      {Configuration: members, Size: 1 << 40},
		"the largest term":      {Configuration: members, Size: 5, Term: math.MaxUint64},
	} {
		r.RPCHeader, r.SnapshotVersion, r.Term, r.LastLogIndex, r.LastLogTerm = head, 1, max(term, r.Term), last+1, term
		if err := c.ask(kindSnapshot, &r, []byte("{{{{{")...); err == nil {
			t.Errorf("a snapshot with %s is taken", name)
		}
	}
	c.leader(-1)
	if now := c.up[0].raft.CurrentTerm(); now > term+100 {
		t.Errorf("the term went from %d to %d", term, now)
	}
	c.must("b")
	c.stop(0)
	c.start(0)
	c.must("c")
	c.all("a b c")
}

// TestDeepRequests: nesting that a peer chooses does not grow the stack without end.
func TestDeepRequests(t *testing.T) {
	for _, b := range []byte{0x91, 0x81} { // an array of one, a map of one
		body := append([]byte{0x81, 0xa1, 'x'}, bytes.Repeat([]byte{b}, 8<<20)...)
		for _, kind := range []string{kindAppend, kindVote, kindPreVote, kindTimeoutNow} {
			if _, _, err := decodeRequest(kind, body); err == nil {
				t.Errorf("%s: no error", kind)
			}
		}
	}
	body := append([]byte{0x81, 0xa7}, "Entries\xdd\xff\xff\xff\xff"...) // 2^32-1 of them
	if _, _, err := decodeRequest(kindAppend, body); err == nil {
		t.Error("entries that are not there are taken")
	}
	if _, _, err := decodeRequest(kindSnapshot, binary.BigEndian.AppendUint32(nil, math.MaxUint32)); err == nil {
		t.Error("a length that lies is taken")
	}
}
