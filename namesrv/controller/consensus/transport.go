package consensus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// RequestCode is the request by which members talk to each other. It is ours; Java's controllers have another protocol
// (DLedger, JRaft) and cannot be members of one group with ours.
const RequestCode int32 = 621001

// Header heads it.
type Header struct {
	Group string `header:"group,must"`
	Kind  string `header:"kind,must"` // which RPC of raft
}

// Request is its header type.
var Request = wire.Define[Header]("gorocket consensus")

// Caller sends a request to another member and returns the body of its answer.
type Caller func(ctx context.Context, addr string, h *Header, body []byte) ([]byte, error)

// Remote is the Caller over a remoting client.
func Remote(client *remoting.Client) Caller {
	return func(ctx context.Context, addr string, h *Header, body []byte) ([]byte, error) {
		resp, err := remoting.Call(ctx, client, addr, RequestCode, Request, h, body)
		if err != nil {
			return nil, err
		}
		return resp.Body, nil
	}
}

// Transport carries raft's RPCs. Java: none.
type Transport struct {
	self  raft.ServerAddress
	id    string // of the member
	word  string // of this process, see kindWho
	group string
	call  Caller
	rpcs  chan raft.RPC
	ended chan struct{}
	once  sync.Once

	mu        sync.Mutex
	heartbeat func(raft.RPC) // guarded by mu; takes heartbeats past the queue
	known     *known         // guarded by mu; nil until the member has been opened
}

// NewTransport makes the transport of a member.
func NewTransport(self Peer, group string, call Caller) *Transport {
	return &Transport{self: raft.ServerAddress(self.Addr), id: self.ID, word: newWord(), group: group, call: call,
		rpcs: make(chan raft.RPC, 16), ended: make(chan struct{})}
}

// rpcTimeout bounds one RPC, snapshotTimeout that which carries a snapshot.
const (
	rpcTimeout      = 2 * time.Second
	snapshotTimeout = 30 * time.Second
)

var (
	errEnded   = errors.New("consensus: this member has ended")
	errForeign = errors.New("consensus: a member of another group")
)

// Serve answers a request of another member. It blocks until raft has taken it and may touch the disk.
func (t *Transport) Serve(ctx context.Context, h *Header, body []byte) ([]byte, error) {
	if h.Group != t.group {
		return nil, fmt.Errorf("%w: %q, this is %q", errForeign, h.Group, t.group)
	}
	if h.Kind == kindWho {
		return []byte(t.id + " " + t.word), nil
	}
	t.mu.Lock()
	known := t.known
	t.mu.Unlock()
	if known == nil {
		return nil, errNotYet
	}
	if err := known.waits(); err != nil { // who waits with it keeps a goroutine
		return nil, err
	}
	rpc, snapshot, err := decodeRequest(h.Kind, body)
	if err == nil {
		err = known.check(&rpc, snapshot)
	}
	if err != nil {
		return nil, err
	}
	answer := make(chan raft.RPCResponse, 1)
	rpc.RespChan = answer
	if !t.fast(rpc) {
		select {
		case t.rpcs <- rpc:
		case <-t.ended:
			return nil, errEnded
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	select {
	case r := <-answer:
		if r.Error != nil {
			return nil, r.Error
		}
		return encode(r.Response)
	case <-t.ended:
		return nil, errEnded
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fast hands a heartbeat over at once: it must not wait for the disk behind others.
func (t *Transport) fast(rpc raft.RPC) bool {
	a, ok := rpc.Command.(*raft.AppendEntriesRequest)
	if !ok || a.Term == 0 || a.PrevLogEntry != 0 || a.PrevLogTerm != 0 || len(a.Entries) > 0 || a.LeaderCommitIndex != 0 {
		return false
	}
	t.mu.Lock()
	fn := t.heartbeat
	t.mu.Unlock()
	if fn == nil {
		return false
	}
	fn(rpc)
	return true
}

// open lets requests in.
func (t *Transport) open(k *known) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known = k
}

// ask sends one RPC and fills resp.
func (t *Transport) ask(target raft.ServerAddress, kind string, timeout time.Duration, body []byte, resp any) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	answer, err := t.call(ctx, string(target), &Header{Group: t.group, Kind: kind}, body)
	if err != nil {
		return err
	}
	return decode(answer, resp)
}

func (t *Transport) rpc(target raft.ServerAddress, kind string, args, resp any) error {
	body, err := encode(args)
	if err != nil {
		return err
	}
	return t.ask(target, kind, rpcTimeout, body, resp)
}

// Consumer implements raft.Transport, as do the following.
func (t *Transport) Consumer() <-chan raft.RPC { return t.rpcs }

// LocalAddr is where this member is.
func (t *Transport) LocalAddr() raft.ServerAddress { return t.self }

// AppendEntriesPipeline is not there: a controller commits seldom.
func (t *Transport) AppendEntriesPipeline(raft.ServerID, raft.ServerAddress) (raft.AppendPipeline, error) {
	return nil, raft.ErrPipelineReplicationNotSupported
}

// AppendEntries sends commands, or a heartbeat.
func (t *Transport) AppendEntries(_ raft.ServerID, target raft.ServerAddress, args *raft.AppendEntriesRequest,
	resp *raft.AppendEntriesResponse) error {
	return t.rpc(target, kindAppend, args, resp)
}

// RequestVote asks for a vote.
func (t *Transport) RequestVote(_ raft.ServerID, target raft.ServerAddress, args *raft.RequestVoteRequest,
	resp *raft.RequestVoteResponse) error {
	return t.rpc(target, kindVote, args, resp)
}

// RequestPreVote asks whether a vote would be given: a member that was cut off does not disturb the others.
func (t *Transport) RequestPreVote(_ raft.ServerID, target raft.ServerAddress, args *raft.RequestPreVoteRequest,
	resp *raft.RequestPreVoteResponse) error {
	return t.rpc(target, kindPreVote, args, resp)
}

// TimeoutNow hands the leadership over.
func (t *Transport) TimeoutNow(_ raft.ServerID, target raft.ServerAddress, args *raft.TimeoutNowRequest,
	resp *raft.TimeoutNowResponse) error {
	return t.rpc(target, kindTimeoutNow, args, resp)
}

// InstallSnapshot sends the state to a member whose log is too old.
func (t *Transport) InstallSnapshot(_ raft.ServerID, target raft.ServerAddress, args *raft.InstallSnapshotRequest,
	resp *raft.InstallSnapshotResponse, data io.Reader) error {
	if args.Size > MaxSnapshot {
		return fmt.Errorf("consensus: a snapshot of %d bytes, the limit is %d", args.Size, MaxSnapshot)
	}
	body, err := encode(args)
	if err != nil {
		return err
	}
	framed := bytes.NewBuffer(appendLength(nil, len(body)))
	framed.Write(body)
	if _, err := io.Copy(framed, io.LimitReader(data, MaxSnapshot)); err != nil {
		return err
	}
	return t.ask(target, kindSnapshot, snapshotTimeout, framed.Bytes(), resp)
}

// EncodePeer is a member's address as bytes.
func (t *Transport) EncodePeer(_ raft.ServerID, addr raft.ServerAddress) []byte { return []byte(addr) }

// DecodePeer is its inverse.
func (t *Transport) DecodePeer(b []byte) raft.ServerAddress { return raft.ServerAddress(b) }

// SetHeartbeatHandler has heartbeats go past the queue.
func (t *Transport) SetHeartbeatHandler(fn func(raft.RPC)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.heartbeat = fn
}

// Close ends what waits in Serve. raft calls it, and nobody else has to.
func (t *Transport) Close() error {
	t.once.Do(func() { close(t.ended) })
	return nil
}
