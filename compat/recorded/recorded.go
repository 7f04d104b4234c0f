// Package recorded reads what compat/testdata holds of real peers, for tests: frames that Java's servers and Apache's
// clients have sent.
package recorded

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Frame is one line of compat/testdata/frames: a whole frame of a real client or a Java 5.5.0 server.
type Frame struct {
	Dir     string // who sent it
	Code    int32
	ReplyTo int32 // code of the request that it answers
	Raw     []byte
}

// leastFiles is how many recordings there are at least: a test that finds none has a wrong path.
const leastFiles = 40

// Frames returns the frames of each file of recordings, in the order recorded.
func Frames(t testing.TB) map[string][]Frame {
	t.Helper()
	_, self, _, _ := runtime.Caller(0)
	files, err := filepath.Glob(filepath.Join(filepath.Dir(self), "../testdata/frames/*/*.jsonl"))
	if err != nil || len(files) < leastFiles {
		t.Fatalf("%d recordings, %v", len(files), err)
	}
	all := map[string][]Frame{}
	for _, file := range files {
		all[filepath.Join(filepath.Base(filepath.Dir(file)), filepath.Base(file))] = read(t, file)
	}
	return all
}

func read(t testing.TB, file string) (list []Frame) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 64<<20)
	for s.Scan() {
		var line struct {
			Dir           string
			Code, ReplyTo int32
			Hex           string
		}
		if err := json.Unmarshal(s.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		raw, err := hex.DecodeString(line.Hex)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		list = append(list, Frame{line.Dir, line.Code, line.ReplyTo, raw})
	}
	if err := s.Err(); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return list
}
