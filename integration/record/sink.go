package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"sync"

	"gorocket/integration/wire"
)

// Frames of one kind beyond keepPerKind, and frames longer than keepBytes, are left out: more of them teach nothing.
const (
	keepPerKind = 4
	keepBytes   = 16 << 10
)

// line is one recorded frame. The order of the members is that of the file.
type line struct {
	Dir     string `json:"dir"`               // "C>N", "N>C", "C>B", "B>C"
	Conn    int    `json:"conn"`              // number of the connection in the session
	Code    int    `json:"code"`              // request code or response code
	ReplyTo int    `json:"replyTo,omitempty"` // of a response: the code of its request
	Hex     string `json:"hex"`
}

// kind groups frames that look alike.
type kind struct {
	dir           string
	code, replyTo int
}

// call identifies a request on a connection.
type call struct {
	conn   int
	dir    string // of the request
	opaque int32
}

// sink collects the frames of one session. Safe for concurrent use.
type sink struct {
	mu    sync.Mutex
	conns int          // guarded by mu
	lines []line       // guarded by mu
	seen  map[kind]int // guarded by mu
	calls map[call]int // code of each request by its opaque; guarded by mu
	own   [][]byte     // addresses of this machine as text; immutable
}

func newSink() *sink { return &sink{seen: map[kind]int{}, calls: map[call]int{}, own: ownAddresses()} }

// ownAddresses are the addresses that clients put into their ids.
func ownAddresses() (out [][]byte) {
	all, _ := net.InterfaceAddrs()
	for _, a := range all {
		if ip, ok := a.(*net.IPNet); ok && !ip.IP.IsLoopback() {
			out = append(out, []byte(ip.IP.String()))
		}
	}
	return out
}

// scrub replaces the machine's own addresses by text of the same length, 777.7.7.7, so that every length in the frame
// holds.
func (s *sink) scrub(frame []byte) []byte {
	for _, a := range s.own {
		frame = bytes.ReplaceAll(frame, a, bytes.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return '7'
			}
			return r
		}, a))
	}
	return frame
}

func (s *sink) newConn() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns++
	return s.conns
}

func (s *sink) add(conn int, dir string, frame []byte) {
	head, err := wire.Decode(frame)
	if err != nil {
		return // only JSON headers are recorded: no client sends others unasked
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := line{Dir: dir, Conn: conn, Code: head.Code}
	if head.IsResponse() {
		l.ReplyTo = s.calls[call{conn, string([]byte{dir[2], '>', dir[0]}), head.Opaque}]
	} else {
		s.calls[call{conn, dir, head.Opaque}] = head.Code
	}
	k := kind{dir, l.Code, l.ReplyTo}
	s.seen[k]++
	if s.seen[k] > keepPerKind || len(frame) > keepBytes {
		return
	}
	l.Hex = hex.EncodeToString(s.scrub(frame))
	s.lines = append(s.lines, l)
}

// write makes dir/name.jsonl and returns the number of lines.
func (s *sink) write(dir, name string) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	for _, l := range s.lines {
		if err := enc.Encode(l); err != nil {
			return 0, err
		}
	}
	return len(s.lines), os.WriteFile(filepath.Join(dir, name+".jsonl"), text.Bytes(), 0o644)
}
