package vfs

import (
	"bytes"
	"errors"
	"syscall"
	"testing"
)

// TestCrashCloneOfAShortenedFile: of a file that was cut and not synced a power cut leaves either size, with the content
// that was synced; what was cut off reads as zeros when the file grows again.
func TestCrashCloneOfAShortenedFile(t *testing.T) {
	m := NewMem()
	defer m.Free()
	f, err := m.Create("/f")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.WriteAt(bytes.Repeat([]byte("a"), 3*memPage), 0)
	_ = f.Sync()
	_ = m.SyncDir("/")
	_ = f.Truncate(100)
	for share, want := range map[float64]int{0: 3 * memPage, 1: 100} {
		c := m.CrashClone(1, share)
		b, err := ReadFile(c, "/f")
		if err != nil || len(b) != want || b[99] != 'a' {
			t.Errorf("share %v: %d bytes, %v", share, len(b), err)
		}
		c.Free()
	}
	_ = f.Truncate(200)
	if b, err := ReadFile(m, "/f"); err != nil || b[99] != 'a' || b[100] != 0 || b[199] != 0 {
		t.Errorf("grown again: %v, %v", b[98:102], err)
	}
}

// TestMappedPagesAreWritten: what is written through a mapping of a sparse file takes room, is synced and survives.
func TestMappedPagesAreWritten(t *testing.T) {
	m := NewMem()
	defer m.Free()
	f, err := m.Create("/f")
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Truncate(4 * memPage)
	if m.used() != 0 {
		t.Errorf("a sparse file takes %d bytes", m.used())
	}
	if _, err := f.Map(100, memPage, true); err == nil {
		t.Error("mapped from inside of a page")
	}
	if _, err := f.Map(memPage, 3*memPage+1, true); err == nil {
		t.Error("mapped behind the end")
	}
	mp, err := f.Map(memPage, 2*memPage, true)
	if err != nil || m.Mapped() != 1 || m.used() != 2*memPage {
		t.Fatalf("%v, %d mappings, %d bytes", err, m.Mapped(), m.used())
	}
	mp.Bytes()[0] = 'x'
	_ = f.Sync()
	_ = m.SyncDir("/")
	mp.Bytes()[1] = 'y'
	c := m.CrashClone(1, 0)
	defer c.Free()
	if b, err := ReadFile(c, "/f"); err != nil || len(b) != 4*memPage || b[memPage] != 'x' || b[memPage+1] != 0 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if err := f.Truncate(100 * memPage); !errors.Is(err, ErrMapped) {
		t.Errorf("a mapped file grew: %v", err)
	}
	_ = mp.Unmap()
	_ = mp.Unmap()
	if m.Mapped() != 0 || f.Truncate(100*memPage) != nil {
		t.Errorf("%d mappings", m.Mapped())
	}
	r, err := m.OpenReadOnly("/f")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Map(0, 100*memPage, true); err != nil || m.used() != 2*memPage {
		t.Errorf("a file opened for reading: %v, %d bytes", err, m.used())
	}
	if _, err := r.WriteAt([]byte("x"), 0); err == nil {
		t.Error("written to a file opened for reading")
	}
}

// TestFullMem: what does not fit fails as a whole, and what gives room back lets it fit.
func TestFullMem(t *testing.T) {
	m := NewMem()
	defer m.Free()
	m.Limit(4 * memPage)
	f, err := m.Create("/f")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Allocate(0, 4*memPage); err != nil {
		t.Fatal(err)
	}
	g, _ := m.Create("/g")
	if _, err := g.WriteAt([]byte("x"), 0); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("written to a full disk: %v", err)
	}
	if err := f.Allocate(memPage, 2*memPage); err != nil {
		t.Errorf("reserved twice: %v", err)
	}
	if u, _ := m.Usage("/"); u.Total != 4*memPage || u.Free != 0 || u.UsedRatio() != 1 {
		t.Errorf("%+v", u)
	}
	_ = f.Truncate(3 * memPage)
	if _, err := g.WriteAt([]byte("x"), 0); err != nil {
		t.Errorf("there is room: %v", err)
	}
}

// TestDryRunZero: the rest of a file and a range in its middle read as zeros, and the base stays as it is.
func TestDryRunZero(t *testing.T) {
	base := NewMem()
	defer base.Free()
	f, err := base.Create("/f")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.WriteAt(bytes.Repeat([]byte("a"), 100), 0)
	for _, c := range []struct{ off, n int64 }{{10, 20}, {50, 49}, {50, 50}, {50, 51}, {0, 100}} {
		dry := NewDryRun(base)
		d, err := dry.OpenFile("/f")
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Zero(c.off, c.n); err != nil {
			t.Fatal(err)
		}
		want := bytes.Repeat([]byte("a"), 100)
		clear(want[c.off:min(c.off+c.n, 100)])
		b, err := ReadFile(dry, "/f")
		if err != nil || !bytes.Equal(b, want) {
			t.Errorf("%+v: %d bytes, %q, %v", c, len(b), b, err)
		}
		if got := dry.Changes(); len(got) != 1 || got[0].Op != "zero" || got[0].Offset != c.off || got[0].Len != c.n {
			t.Errorf("%+v: noted %+v", c, got)
		}
		_ = d.Close()
	}
	if b, err := ReadFile(base, "/f"); err != nil || !bytes.Equal(b, bytes.Repeat([]byte("a"), 100)) {
		t.Errorf("the base holds %q, %v", b, err)
	}
}
