package consensus

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"github.com/rs/zerolog"
)

// TestInterruptedFounding: a member that was killed while it noted the founders of its group founds it at its next
// start.
func TestInterruptedFounding(t *testing.T) {
	c := &cluster{t: t, net: &network{at: map[string]*Transport{}, cut: map[string]bool{}}, up: make([]*testMember, 1),
		edit:  func(int, *Config) {},
		peers: []Peer{{"n0", "h:0"}}, dirs: []string{t.TempDir()}}
	if err := claim(c.dirs[0], "g", "n0"); err != nil {
		t.Fatal(err)
	}
	st, err := openStores(c.dirs[0], newLogger(zerolog.Nop()), nil)
	if err == nil {
		err = st.Stable.SetUint64([]byte("CurrentTerm"), 1)
	}
	if err == nil {
		err = st.close()
	}
	if err != nil {
		t.Fatal(err)
	}
	c.start(0)
	defer c.stop(0)
	c.must("a")
	if got := c.up[0].Members(); len(got) != 1 || got[0] != c.peers[0] {
		t.Errorf("members %v", got)
	}
}

// TestDamagedFolder: files that are damaged, or gone, refuse the start with the name of the folder; nothing panics.
func TestDamagedFolder(t *testing.T) {
	for name, damage := range map[string]func(dir string) error{
		"a snapshot whose state is garbage": func(dir string) error { return overwrite(dir, "snapshots/*/state.bin", "garbage!") },
		"snapshots without a state":         func(dir string) error { return drop(dir, "snapshots/*/state.bin") },
		"no snapshots":                      func(dir string) error { return drop(dir, "snapshots") },
		"no segment of the log":             func(dir string) error { return drop(dir, "*.wal") },
		"a segment that is garbage":         func(dir string) error { return overwrite(dir, "*.wal", strings.Repeat("x", 4<<20)) },
		"votes that are garbage":            func(dir string) error { return overwrite(dir, "wal-meta.db", strings.Repeat("x", 1<<15)) },
		"a member that is garbage":          func(dir string) error { return overwrite(dir, "member.json", "{") },
		"an empty member":                   func(dir string) error { return overwrite(dir, "member.json", "") },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, 1)
			for range 5 {
				c.must("a")
			}
			if err := c.up[0].raft.ReloadConfig(raft.ReloadableConfig{TrailingLogs: 0, SnapshotInterval: time.Hour,
				SnapshotThreshold: 1, HeartbeatTimeout: 100 * time.Millisecond, ElectionTimeout: 100 * time.Millisecond}); err != nil {
				t.Fatal(err)
			}
			if err := c.up[0].raft.Snapshot().Error(); err != nil {
				t.Fatal(err)
			}
			c.must("b")
			c.stop(0)
			if err := damage(c.dirs[0]); err != nil {
				t.Fatal(err)
			}
			for range 2 { // a start that is refused changes nothing
				n, err := Open(Config{Group: "g", Self: "n0", Peers: c.peers, Dir: c.dirs[0], Machine: &list{}, Log: zerolog.Nop(),
					Transport: NewTransport(c.peers[0], "g", c.net.call("h:0")), Timeout: 100 * time.Millisecond}, func(bool) {})
				if err == nil {
					t.Errorf("it starts: members %v", n.Members())
					_ = n.Close()
				} else if !strings.Contains(err.Error(), c.dirs[0]) {
					t.Errorf("%v: want the folder's name", err)
				}
			}
		})
	}
}

func each(dir, pattern string, fn func(path string) error) error {
	paths, err := filepath.Glob(filepath.Join(dir, pattern))
	if err == nil && len(paths) == 0 {
		err = os.ErrNotExist
	}
	for _, p := range paths {
		if err == nil {
			err = fn(p)
		}
	}
	return err
}

func drop(dir, pattern string) error { return each(dir, pattern, os.RemoveAll) }

func overwrite(dir, pattern, text string) error {
	return each(dir, pattern, func(p string) error { return os.WriteFile(p, []byte(text), 0o600) })
}
