package consensus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/hashicorp/go-msgpack/v2/codec"
	"github.com/hashicorp/raft"
)

// Kinds of RPC, as Header.Kind names them.
const (
	kindAppend     = "append"
	kindVote       = "vote"
	kindPreVote    = "prevote"
	kindTimeoutNow = "timeoutnow"
	kindSnapshot   = "snapshot" // the length of the request in 4 bytes, the request, the snapshot
)

// handle is the form that raft's own network transport uses.
var handle = codec.MsgpackHandle{}

func encode(v any) ([]byte, error) {
	var b []byte
	err := codec.NewEncoderBytes(&b, &handle).Encode(v)
	return b, err
}

func decode(b []byte, v any) (err error) {
	defer func() { // the library panics on some input
		if p := recover(); p != nil {
			err = fmt.Errorf("consensus: malformed: %v", p)
		}
	}()
	if err = codec.NewDecoderBytes(b, &handle).Decode(v); err != nil {
		err = fmt.Errorf("consensus: malformed: %w", err)
	}
	return err
}

var errMalformed = errors.New("consensus: malformed request")

// decodeRequest reads the request of another member, and the snapshot that it carries.
func decodeRequest(kind string, body []byte) (rpc raft.RPC, snapshot []byte, err error) {
	switch kind {
	case kindAppend:
		rpc.Command = &raft.AppendEntriesRequest{}
	case kindVote:
		rpc.Command = &raft.RequestVoteRequest{}
	case kindPreVote:
		rpc.Command = &raft.RequestPreVoteRequest{}
	case kindTimeoutNow:
		rpc.Command = &raft.TimeoutNowRequest{}
	case kindSnapshot:
		rpc.Command = &raft.InstallSnapshotRequest{}
		if len(body) < 4 || int64(binary.BigEndian.Uint32(body)) > int64(len(body)-4) {
			return rpc, nil, errMalformed
		}
		n := binary.BigEndian.Uint32(body)
		snapshot, body = body[4+n:], body[4:4+n]
		rpc.Reader = bytes.NewReader(snapshot)
	default:
		return rpc, nil, fmt.Errorf("consensus: unknown kind of request %q", kind)
	}
	return rpc, snapshot, decode(body, rpc.Command)
}

func appendLength(b []byte, n int) []byte { return binary.BigEndian.AppendUint32(b, uint32(n)) }
