//go:build java

package store

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// javaStore runs Apache's own DefaultMessageStore 5.x on a directory: testdata/java/JavaStore.java. The jars are in
// $ROCKETMQ_LIB: go test -tags java -run Java ./store.
type javaStore struct{ lib, classes string }

func newJavaStore(t *testing.T) javaStore {
	lib := os.Getenv("ROCKETMQ_LIB")
	if lib == "" {
		t.Fatal("ROCKETMQ_LIB is not set: a directory with the jars of rocketmq-broker 5.5.0 and its dependencies is needed")
	}
	j := javaStore{lib + "/*", t.TempDir()}
	if out, err := exec.Command("javac", "-cp", j.lib, "-d", j.classes,
		filepath.Join("testdata", "java", "JavaStore.java")).CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, out)
	}
	return j
}

// run returns the lines of the dump.
func (j javaStore) run(t *testing.T, dir string, args ...string) []string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	all := append([]string{"-Duser.home=" + j.classes, "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
		j.classes + ":" + j.lib, "JavaStore", dir, port}, args...)
	cmd := exec.CommandContext(ctx, "java", all...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("java %v: %v\n%s\n%s", args, err, out, stderr.String())
	}
	return keepDump(strings.Split(string(out), "\n"))
}

func keepDump(lines []string) (out []string) {
	for _, l := range lines {
		if strings.HasPrefix(l, "QUEUE") || strings.HasPrefix(l, "MSG") || strings.HasPrefix(l, "INDEX") ||
			strings.HasPrefix(l, "STOP") {
			out = append(out, l)
		}
	}
	return out
}

// dump prints what JavaStore.dump prints.
func dump(t *testing.T, s *Store) (out []string) {
	t.Helper()
	waitIndexed(t, s)
	for _, topic := range s.Topics() {
		for _, q := range s.Queues(topic) {
			out = append(out, fmt.Sprintf("QUEUE %s %d %d %d", topic, q, s.MinOffset(topic, q), s.MaxOffset(topic, q)))
			out = append(out, dumpQueue(t, s, topic, q)...)
		}
	}
	for _, key := range []string{"jk3", "gk3", "none"} {
		for _, topic := range []string{"JT0", "JT1", "GT0", "GT1"} {
			r, err := s.QueryByKey(topic, key, 64, 0, 1<<62)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, fmt.Sprintf("INDEX %s %s %d", topic, key, len(r.Records)))
		}
	}
	return out
}

func dumpQueue(t *testing.T, s *Store, topic string, q int32) (out []string) {
	t.Helper()
	var res GetResult
	for at := s.MinOffset(topic, q); at < s.MaxOffset(topic, q); at = res.NextBeginOffset {
		s.Get(&GetQuery{Topic: topic, QueueID: q, Offset: at, MaxCount: 32}, &res)
		if res.Status != Found {
			return append(out, fmt.Sprintf("STOP %d %v", at, res.Status))
		}
		for _, rec := range res.Slices {
			m, err := record.Decode(rec)
			if err != nil {
				t.Fatal(err)
			}
			tags, _ := m.Property("TAGS")
			keys, _ := m.Property("KEYS")
			_, _, code, _ := s.OffsetInQueue(topic, q, m.QueueOffset)
			if code != record.TagsCode(tags) {
				t.Fatalf("%s %d %d: tags code %d of %q", topic, q, m.QueueOffset, code, tags)
			}
			out = append(out, fmt.Sprintf("MSG %s %d %d %d %d %s %s %s", topic, q, m.QueueOffset, m.PhysicalOffset, m.Flag,
				m.Body, tags, keys))
		}
		res.Release()
	}
	res.Release()
	return out
}

func compare(t *testing.T, what string, java, ours []string) {
	t.Helper()
	for i := 0; i < max(len(java), len(ours)); i++ {
		var a, b string
		if i < len(java) {
			a = java[i]
		}
		if i < len(ours) {
			b = ours[i]
		}
		if a != b {
			t.Fatalf("%s, line %d of %d/%d:\njava %s\nours %s", what, i, len(java), len(ours), a, b)
		}
	}
}

func goWrite(t *testing.T, s *Store, first, n int) {
	t.Helper()
	for i := first; i < first+n; i++ {
		r := msg(fmt.Sprintf("GT%d", i%2), int32(i%3), fmt.Sprintf("go-%d", i))
		if i%7 == 0 {
			r.Topic = fmt.Sprintf("JT%d", i%2) // both write to one queue
		}
		if i%5 == 0 {
			r.BornHost = hostV
		}
		tags := fmt.Sprintf("Tag%d", i%4)
		r.Flag, r.TagsCode = int32(i), record.TagsCode([]byte(tags))
		r.Properties = fmt.Appendf(nil, "KEYS\x01gk%d even%d\x02TAGS\x01%s\x02", i, i%2, tags)
		mustAppend(t, s, r)
	}
}

// TestPingPongWithJava hands one directory back and forth, clean and killed, and compares every message, offset and
// index answer.
func TestPingPongWithJava(t *testing.T) {
	j := newJavaStore(t)
	for _, end := range []string{"clean", "kill"} {
		t.Run(end, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			cfg := smallConfig(dir)
			next := 0
			for round := 0; round < 3; round++ {
				java := j.run(t, dir, "write", fmt.Sprint(next), "1000", end)
				next += 1000
				s := mustStart(t, cfg, vfs.OS{})
				if s.Report().Clean != (end == "clean") {
					t.Fatalf("report %+v", s.Report())
				}
				compare(t, fmt.Sprintf("round %d, Java's store read by us", round), java, dump(t, s))
				goWrite(t, s, next, 1000)
				next += 1000
				ours := dump(t, s)
				if end == "kill" {
					dir = killCopy(t, s, dir)
					cfg.StorePathRootDir = dir
				} else {
					mustStop(t, s)
				}
				compare(t, fmt.Sprintf("round %d, our store read by Java", round), j.run(t, dir, "dump", end), ours)
			}
		})
	}
}

// killCopy copies the files of a running store, which is what kill -9 leaves, and then stops it.
func killCopy(t *testing.T, s *Store, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "store")
	if out, err := exec.Command("cp", "-r", dir, to).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v %s", err, out)
	}
	mustStop(t, s)
	return to
}

// TestJavaReadsSkippedDamage: Java's store opens what SkipDamaged leaves, clean and killed, and finds every other
// message at its offset; the messages behind a gap it may find twice.
func TestJavaReadsSkippedDamage(t *testing.T) {
	j := newJavaStore(t)
	for _, end := range []string{"clean", "kill"} {
		t.Run(end, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			cfg := smallConfig(dir)
			s := mustStart(t, cfg, vfs.OS{})
			goWrite(t, s, 0, 3000)
			mustStop(t, s)
			const size = 64 << 10
			for _, at := range []int64{0, 5000, 5300, size - 200, 2*size + 100, 3*size + 7000} {
				damageFile(t, fmt.Sprintf("%s/commitlog/%s", dir, datafile.Name(at/size*size)), at%size, 150)
			}
			damageFile(t, fmt.Sprintf("%s/commitlog/%s", dir, datafile.Name(4*size)), 0, size)
			p, err := offline(cfg, vfs.OS{}).SkipDamaged()
			if err != nil || !p.Done {
				t.Fatalf("%v %+v", err, p)
			}
			s = mustStart(t, cfg, vfs.OS{})
			ours := dump(t, s)
			if end == "kill" {
				dir = killCopy(t, s, dir)
			} else {
				mustStop(t, s)
			}
			compare(t, "a mended store read by Java", slices.Compact(j.run(t, dir, "dump", end)), ours)
			compare(t, "and a second time", slices.Compact(j.run(t, dir, "dump", end)), ours)
		})
	}
}

// damageFile overwrites a part of a file with noise.
func damageFile(t *testing.T, name string, at int64, n int) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte(strings.Repeat("noise", n/5+1)[:n]), at); err != nil {
		t.Fatal(err)
	}
}
