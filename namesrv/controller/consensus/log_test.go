package consensus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/raft-wal/fs"
	"github.com/hashicorp/raft-wal/metadb"
	"github.com/hashicorp/raft-wal/segment"
	"github.com/hashicorp/raft-wal/types"

	"gorocket/compat/testutil"
)

// disk fails writes of a member's log, or of its votes, as one that is full.
type disk struct {
	*fs.FS
	*metadb.BoltMetaDB
	log, votes atomic.Bool
}

func (d *disk) fails(it *atomic.Bool) error {
	if it.Load() {
		return syscall.ENOSPC
	}
	return nil
}

func (d *disk) Create(dir, name string, size uint64) (types.WritableFile, error) {
	f, err := d.FS.Create(dir, name, size)
	return file{f, d}, errors.Join(err, d.fails(&d.log))
}

func (d *disk) OpenWriter(dir, name string) (types.WritableFile, error) {
	f, err := d.FS.OpenWriter(dir, name)
	return file{f, d}, err
}

func (d *disk) SetStable(key, value []byte) error {
	if err := d.fails(&d.votes); err != nil {
		return err
	}
	return d.BoltMetaDB.SetStable(key, value)
}

type file struct {
	types.WritableFile
	d *disk
}

func (f file) WriteAt(b []byte, at int64) (int, error) {
	if err := f.d.fails(&f.d.log); err != nil {
		n, _ := f.WritableFile.WriteAt(b[:len(b)/2], at)
		return n, err
	}
	return f.WritableFile.WriteAt(b, at)
}

// withDisks runs three members, the disk of the first of which a test has fail.
func withDisks(t *testing.T) (*cluster, *disk) {
	t.Helper()
	d := &disk{FS: fs.New()}
	c := newClusterOn(t, 3, func(i int, cfg *Config) {
		if i == 0 {
			d.BoltMetaDB = &metadb.BoltMetaDB{}
			cfg.disk = &diskOf{d, func(dir string) types.SegmentFiler { return segment.NewFiler(dir, d) }}
		}
	})
	return c, d
}

// TestFullDisk: a member whose log cannot be written says so, keeps nobody from agreeing, has everything soon after it
// can, and after a restart too.
func TestFullDisk(t *testing.T) {
	for _, leads := range []bool{false, true} {
		c, d := withDisks(t)
		c.must("a")
		c.lead(leads)
		d.log.Store(true)
		want := []string{"a"}
		for i := range 20 {
			want = append(want, fmt.Sprint(i))
			c.must(want[len(want)-1])
		}
		testutil.WaitFor(t, "it says so", func() bool {
			err := c.up[0].Err()
			return errors.Is(err, syscall.ENOSPC) && strings.Contains(err.Error(), "takes nothing")
		})
		d.log.Store(false)
		c.all(strings.Join(want, " "))
		testutil.WaitFor(t, "it is well", func() bool { c.must("more"); return c.up[0].Err() == nil })
		c.stop(0)
		c.start(0)
		c.must("b")
		testutil.WaitFor(t, "all of it", func() bool { return c.up[0].list.text() == c.up[1].list.text() })
	}
}

// TestTermNotKept: a member that cannot keep its term waits until it can, and takes no requests meanwhile; it can be
// ended all the same.
func TestTermNotKept(t *testing.T) {
	c, d := withDisks(t)
	c.must("a")
	c.lead(false)
	d.votes.Store(true)
	for range 2 {
		if err := c.up[c.leader(-1)].raft.LeadershipTransfer().Error(); err != nil {
			t.Log(err)
		}
		c.must("b")
	}
	testutil.WaitFor(t, "it says so", func() bool {
		err := c.up[0].Err()
		return errors.Is(err, syscall.ENOSPC) && strings.Contains(err.Error(), "cannot keep its term")
	})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := c.net.at["h:0"].Serve(ctx, &Header{"g", kindVote}, nil); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a request meanwhile: %v", err)
	}
	d.votes.Store(false)
	testutil.WaitFor(t, "it has all", func() bool { return c.up[0].list.text() == "a b b" && c.up[0].Err() == nil })
	d.votes.Store(true)
	for range 2 {
		_ = c.up[c.leader(0)].raft.LeadershipTransfer().Error()
		c.must("c")
	}
	testutil.WaitFor(t, "it says so again", func() bool { return c.up[0].Err() != nil })
	c.stop(0)
}

// lead has the first member lead, or another one.
func (c *cluster) lead(first bool) {
	c.t.Helper()
	testutil.WaitFor(c.t, "who leads", func() bool {
		at := c.leader(-1)
		if (at == 0) == first {
			return true
		}
		_ = c.up[at].raft.LeadershipTransfer().Error()
		return false
	})
}
