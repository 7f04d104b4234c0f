package vfs

import (
	"maps"
	"math/rand/v2"
	"sort"
)

// CrashClone returns the file system as a power cut now could leave it. What was synced is there. Of everything else
// any subset is: each 4 KiB page that differs from its durable content, mapped ones too, each file size, and each
// created, removed or renamed directory entry, is decided by a coin. The same seed on the same state gives the same
// clone. share is the chance (0..1) that an unsynced change survived.
func (m *Mem) CrashClone(seed uint64, share float64) *Mem {
	return m.crash(&crash{rnd: rand.New(rand.NewPCG(seed, 0x9E3779B97F4A7C15)), share: share})
}

func (m *Mem) crash(c *crash) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	c.out, c.done, c.dirs = NewMem(), map[*memNode]*memNode{}, map[*memDir]*memDir{}
	c.out.limit, c.out.now, c.out.boots = m.limit, m.now, m.boots
	if !c.killed {
		c.out.boots++
	}
	c.out.root = c.dir(m.root)
	return c.out
}

// Clone returns the file system as kill -9 leaves it: everything is there, and what was not synced still is not.
func (m *Mem) Clone() *Mem { return m.crash(&crash{share: 1, killed: true}) }

type crash struct {
	rnd   *rand.Rand
	share float64
	out   *Mem
	done  map[*memNode]*memNode
	dirs  map[*memDir]*memDir

	killed bool // the process, not the machine
}

func (c *crash) survived() bool { return c.share >= 1 || c.rnd.Float64() < c.share }

// dir decides each name on its own: the present entry or the durable one.
func (c *crash) dir(d *memDir) *memDir {
	if c.dirs[d] != nil {
		return c.dirs[d]
	}
	out := newMemDir()
	c.dirs[d] = out
	out.mtime = d.mtime
	names := map[string]bool{}
	for n := range d.now {
		names[n] = true
	}
	for n := range d.durable {
		names[n] = true
	}
	sorted := make([]string, 0, len(names))
	for n := range names {
		sorted = append(sorted, n)
	}
	sort.Strings(sorted)
	for _, n := range sorted {
		e := d.now[n]
		if d.durable[n] != e && !c.survived() {
			e = d.durable[n]
		}
		if e != nil {
			out.now[n] = c.entry(e)
		}
		if old := d.durable[n]; c.killed && old != nil {
			out.durable[n] = c.entry(old)
		}
	}
	if !c.killed {
		out.sync()
	}
	return out
}

func (c *crash) entry(e any) any {
	if d, ok := e.(*memDir); ok {
		return c.dir(d)
	}
	n := e.(*memNode)
	if c.done[n] == nil { // a node reached by two names (a rename half done) is one file
		c.done[n] = c.node(n)
	}
	return c.done[n]
}

func (c *crash) node(n *memNode) *memNode {
	out := &memNode{mtime: n.mtime, blocks: map[int64]bool{}}
	c.out.nodes = append(c.out.nodes, out)
	size := n.size
	if n.durable != n.size && !c.survived() {
		size = n.durable
	}
	if out.resize(size) != nil {
		return out
	}
	for _, p := range n.touched() {
		src := n.synced(p)
		if now := n.page(p); string(now) != string(src[:len(now)]) && c.survived() {
			src = now
		}
		if p*memPage < size {
			out.blocks[p] = true
			copy(out.mem[p*memPage:size], src)
		}
	}
	if c.killed {
		out.durable, out.pages = n.durable, maps.Clone(n.pages)
	} else {
		out.sync()
	}
	return out
}

// touched lists the pages that own space now or did when synced, ascending.
func (n *memNode) touched() []int64 {
	seen := map[int64]bool{}
	for p := range n.blocks {
		seen[p] = true
	}
	for p := range n.pages {
		seen[p] = true
	}
	out := make([]int64, 0, len(seen))
	for p := range seen {
		out = append(out, p)
	}
	sort.Slice(out, func(i, j int) bool { return out[i] < out[j] })
	return out
}
