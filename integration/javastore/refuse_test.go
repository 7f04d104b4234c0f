package javastore

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorocket/integration/harness"
)

// refused is a start of ours that must fail.
type refused struct {
	name  string
	conf  harness.Conf // beside the settings that Java wrote the store with
	spoil func(*house) // before, and once more afterwards to undo it
	says  []string     // what the refusal must name
}

// TestRefused: what ours cannot run on is refused with the reason and the way out, and not touched; Java goes on with
// it.
func TestRefused(t *testing.T) {
	t.Run("RocksDB queues", func(t *testing.T) {
		out := []string{"RocksDB", "storeType"}
		refuses(t, harness.Conf{"storeType": "defaultRocksDB"}, refused{name: "as configured", says: out},
			refused{name: "the key forgotten", conf: harness.Conf{"storeType": "default"}, says: out})
	})
	t.Run("files", func(t *testing.T) {
		refuses(t, nil, refused{name: "other commit log size", conf: harness.Conf{"mappedFileSizeCommitLog": "2097152"},
			says: []string{"mappedFileSizeCommitLog", "commitlog"}},
			refused{name: "other queue size", conf: harness.Conf{"mappedFileSizeConsumeQueue": "60000"},
				says: []string{"mappedFileSizeConsumeQueue", "consumequeue"}},
			refused{name: "damage in the middle", spoil: damage, says: []string{"damaged", "00000000000000000000"}})
	})
}

// refuses lets Java write a store, starts ours in each of the ways, and Java again.
func refuses(t *testing.T, java harness.Conf, ways ...refused) {
	harness.NeedJava(t)
	h, l := javaWrote(t, java)
	h.stop(true) // what is behind damage must be known to be on disk
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			if w.spoil != nil {
				w.spoil(h)
				defer w.spoil(h)
			}
			before := tree(t, h.dir+"/store")
			said := refusal(t, h, w.conf)
			for _, want := range w.says {
				if !strings.Contains(said, want) {
					t.Errorf("the refusal does not name %q:\n%s", want, said)
				}
			}
			report(t, "files changed by a refused start", diffTree(before, tree(t, h.dir+"/store")))
		})
	}
	h.start(java5)
	report(t, "Java after the refusals", l.missing(h.look()))
	h.c.Close()
}

// refusal starts ours with other settings, wants it to end by itself, and returns what it said.
func refusal(t *testing.T, h *house, conf harness.Conf) string {
	t.Helper()
	was := maps.Clone(h.conf)
	defer func() { h.conf = was }()
	h.conf = maps.Clone(was)
	maps.Copy(h.conf, conf)
	if err := h.launch(ours); err != nil {
		t.Fatal(err)
	}
	code, err := h.proc.Wait(10 * time.Second)
	if err != nil || code == 0 {
		h.proc.Kill()
		t.Errorf("not refused: status %d, %v", code, err)
	}
	return h.proc.Tail(20)
}

// damage turns one byte of the third record's body around, or back.
func damage(h *house) {
	file := h.store("commitlog/00000000000000000000")
	data, err := os.ReadFile(file)
	if err != nil {
		h.t.Fatal(err)
	}
	at := bytes.Index(data, []byte("5.5.0 message 3 ")) // the body repeats it: the first one counts
	if again := bytes.Index(data, []byte("5.5.0 messagE 3 ")); again >= 0 {
		at = again
	}
	if at < 0 {
		h.t.Fatal("no third message in " + file)
	}
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{data[at+12] ^ 0x20}, int64(at+12)); err != nil {
		h.t.Fatal(err)
	}
}

// tree is size and modification time of each file.
func tree(t *testing.T, root string) map[string]string {
	out := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		out[path] = fmt.Sprintf("%d bytes, %v", info.Size(), info.ModTime())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// diffTree leaves out the lock, which each start takes.
func diffTree(before, after map[string]string) (out []string) {
	for path, is := range after {
		if was, ok := before[path]; was != is && filepath.Base(path) != "lock" {
			out = append(out, fmt.Sprintf("%s: was %q (known %v), is %q", path, was, ok, is))
		}
	}
	for path := range before {
		if _, ok := after[path]; !ok {
			out = append(out, path+" is gone")
		}
	}
	return out
}
