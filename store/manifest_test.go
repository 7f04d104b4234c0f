package store

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"gorocket/store/consumequeue"
	"gorocket/store/vfs"
)

// TestManifest: the ends of the queues are taken from the manifest only when nobody touched the store since, and are
// right either way.
func TestManifest(t *testing.T) {
	touch := func(name string) func(*testing.T, *vfs.Mem, *Config) {
		return func(t *testing.T, mem *vfs.Mem, _ *Config) {
			time.Sleep(time.Millisecond)
			f, err := mem.OpenFile("/s/" + name)
			if err != nil {
				t.Fatal(err)
			}
			var b [1]byte
			_, _ = f.ReadAt(b[:], 0)
			_, _ = f.WriteAt(b[:], 0)
		}
	}
	const file = "/s/consumequeue/T/1/00000000000000000000"
	cases := []struct {
		name   string
		change func(*testing.T, *vfs.Mem, *Config)
		known  bool
	}{
		{"nothing", func(*testing.T, *vfs.Mem, *Config) {}, true},
		{"Java ran (lock)", touch("lock"), false},
		{"Java ran (checkpoint)", touch("checkpoint"), false},
		{"killed", func(t *testing.T, mem *vfs.Mem, _ *Config) { _, _ = mem.Create("/s/abort") }, false},
		{"damaged", func(t *testing.T, mem *vfs.Mem, _ *Config) {
			f, _ := mem.OpenFile("/s/" + consumequeue.ManifestFile)
			_, _ = f.WriteAt([]byte{1}, 40)
		}, false},
		{"no manifest", func(t *testing.T, mem *vfs.Mem, _ *Config) { _ = mem.Remove("/s/" + consumequeue.ManifestFile) },
			false},
		{"queue file removed", func(t *testing.T, mem *vfs.Mem, _ *Config) {
			if err := mem.Remove(file); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"queue directory made", func(t *testing.T, mem *vfs.Mem, _ *Config) { _ = mem.MkdirAll("/s/consumequeue/T/77") },
			false},
		{"topic directory made", func(t *testing.T, mem *vfs.Mem, _ *Config) { _ = mem.MkdirAll("/s/consumequeue/U") },
			false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			mem, cfg := vfs.NewMem(), smallConfig("/s")
			defer mem.Free()
			s := mustStart(t, cfg, mem)
			want := fill(t, s, "T", 4, 350)
			mustStop(t, s)
			time.Sleep(time.Millisecond)
			c.change(t, mem, &cfg)
			s = mustStart(t, cfg, mem)
			if s.Report().QueuesKnown != c.known {
				t.Fatalf("report %+v", s.Report())
			}
			if b, err := vfs.ReadFile(mem, "/s/"+consumequeue.ManifestFile); err == nil && len(b) > 80 {
				if boot := bytes.Trim(b[40:40+consumequeue.BootLen], "\x00"); len(boot) == 0 {
					t.Error("a running store keeps the manifest of a clean stop")
				}
			}
			if c.name == "queue file removed" {
				mustStop(t, s)
				return // as before: what a clean start finds missing counts as deleted
			}
			for q, w := range want {
				wantBodies(t, s, "T", q, w)
				body := fmt.Sprint("next", q)
				if a := mustAppend(t, s, msg("T", q, body)); a.QueueOffset != int64(len(w)) {
					t.Fatalf("queue %d goes on at %d, want %d", q, a.QueueOffset, len(w))
				}
				wantBodies(t, s, "T", q, append(w, body))
			}
			mustStop(t, s)
		})
	}
}

func TestManifestOtherFileSize(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	s := mustStart(t, cfg, mem)
	fill(t, s, "T", 1, 10)
	mustStop(t, s)
	cfg.MappedFileSizeConsumeQueue *= 2
	if _, err := Open(cfg, mem, EventListener{}); err == nil || !strings.Contains(err.Error(),
		"mappedFileSizeConsumeQueue") {
		t.Fatalf("got %v", err)
	}
}

// TestManifestAfterKill: after a kill the manifest of the running store is believed, unless the machine was down or
// somebody else had the store.
func TestManifestAfterKill(t *testing.T) {
	cfg := smallConfig("/s")
	cfg.FlushIntervalConsumeQueue = 3_600_000
	for _, c := range []struct {
		name  string
		known bool
		then  func(t *testing.T, mem *vfs.Mem) *vfs.Mem
	}{
		{"kill", true, func(t *testing.T, mem *vfs.Mem) *vfs.Mem { return mem.Clone() }},
		{"power cut", false, func(t *testing.T, mem *vfs.Mem) *vfs.Mem { return mem.CrashClone(1, 1) }},
		{"another start", false, func(t *testing.T, mem *vfs.Mem) *vfs.Mem {
			k := mem.Clone()
			f, _ := k.OpenFile("/s/lock")
			_, _ = f.WriteAt([]byte("lock"), 0)
			return k
		}},
		{"queue gone", false, func(t *testing.T, mem *vfs.Mem) *vfs.Mem {
			k := mem.Clone()
			_ = k.Rename("/s/consumequeue/T/1", "/gone")
			return k
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mem := vfs.NewMem()
			t.Cleanup(mem.Free)
			s := mustStart(t, cfg, mem)
			want := fill(t, s, "T", 3, 300)
			if err := s.queues.NoteEnds(t.Context()); err != nil {
				t.Fatal(err)
			}
			for q, more := range fill(t, s, "T", 3, 60) {
				want[q] = append(want[q], more...)
			}
			fresh := fill(t, s, "New", 2, 30)
			killed := c.then(t, mem)
			t.Cleanup(killed.Free)
			k := mustStart(t, cfg, killed)
			// fewer when the flusher noted the ends after us
			if r := k.Report(); r.QueuesKnown != c.known || r.Clean || c.known && r.Rebuilt > 90 {
				t.Errorf("%+v", r)
			}
			for q, w := range want {
				wantBodies(t, k, "T", q, w)
			}
			for q, w := range fresh {
				wantBodies(t, k, "New", q, w)
			}
			mustStop(t, k)
			if r := mustVerify(t, cfg, killed); len(r.Findings) != 0 {
				t.Errorf("%+v", r.Findings)
			}
		})
	}
}

// TestDeletedTopicAfterKill: its queues do not come back, and the others stay as they are.
func TestDeletedTopicAfterKill(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	s := mustStart(t, cfg, mem)
	want := fill(t, s, "Keep", 2, 100)
	fill(t, s, "Gone", 2, 100)
	if err := s.DeleteTopic("Gone"); err != nil {
		t.Fatal(err)
	}
	if err := s.queues.NoteEnds(t.Context()); err != nil {
		t.Fatal(err)
	}
	killed := mem.Clone()
	t.Cleanup(killed.Free)
	k := mustStart(t, cfg, killed)
	if got := k.Topics(); len(got) != 1 || !k.Report().QueuesKnown {
		t.Errorf("%v %+v", got, k.Report())
	}
	for q, w := range want {
		wantBodies(t, k, "Keep", q, w)
	}
}
