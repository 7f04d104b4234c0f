package consensus

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"github.com/rs/zerolog"
)

// TestEndOfLogIsReplaced: a member that had entries which the next leader does not have, has its log cut, and another
// end written; each later start reads all of it. raft-wal 0.4.0 left a segment that could not be read again.
func TestEndOfLogIsReplaced(t *testing.T) {
	dir := t.TempDir()
	if err := claim(dir, "g", "n0"); err != nil {
		t.Fatal(err)
	}
	logger := newLogger(zerolog.Nop())
	want := map[uint64]string{}
	store := func(s *stores, from, to uint64, text string) {
		t.Helper()
		for i := from; i <= to; i++ {
			want[i] = fmt.Sprint(text, i)
			if err := s.Log.StoreLog(&raft.Log{Index: i, Term: 1, Data: []byte(want[i])}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for turn := uint64(0); turn < 4; turn++ {
		s, err := openStores(dir, logger, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := uint64(1); i <= uint64(len(want)); i++ {
			var l raft.Log
			if err := s.Log.GetLog(i, &l); err != nil || string(l.Data) != want[i] {
				t.Fatalf("start %d: entry %d is %q (%v), want %q", turn+1, i, l.Data, err, want[i])
			}
		}
		first, last := 10*turn+1, 10*turn+10
		store(&s, first, last, "lost ")
		if err := s.Log.DeleteRange(last-2, last); err != nil {
			t.Fatal(err)
		}
		store(&s, last-2, last, "kept ")
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLogThatCannotBeRead: raft panics where its log does not give an entry; the start names the folder instead.
func TestLogThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	if err := claim(dir, "g", "n0"); err != nil {
		t.Fatal(err)
	}
	s, err := openStores(dir, newLogger(zerolog.Nop()), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := uint64(1); i < 40; i++ {
		if err := s.Log.StoreLog(&raft.Log{Index: i, Term: 1, Data: make([]byte, segmentSize/16)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(dir + "/*.wal")
	if err != nil || len(files) < 2 {
		t.Fatalf("%v %v", files, err)
	}
	if err := os.Truncate(files[0], 4096); err != nil {
		t.Fatal(err)
	}
	n, err := Open(Config{Group: "g", Self: "n0", Peers: []Peer{{"n0", "h:0"}}, Dir: dir, Machine: &list{},
		Log: zerolog.Nop(), Timeout: time.Second, Transport: NewTransport(Peer{"n0", "h:0"}, "g", nil)}, func(bool) {})
	if err == nil {
		_ = n.Close()
		t.Fatal("it starts with half a log")
	}
	if !strings.Contains(err.Error(), dir) {
		t.Errorf("%v", err)
	}
}
