package store

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"gorocket/store/check"
	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// rotten is a file system whose disk cannot read one file from a page on: who has mapped it meets a fault there.
type rotten struct {
	vfs.FS
	name string
	from int64
	size int64
}

type rottenFile struct {
	vfs.File
	fs *rotten
}

func (r *rotten) open(f vfs.File, err error) (vfs.File, error) {
	if err != nil || f.Name() != r.name {
		return f, err
	}
	return &rottenFile{f, r}, nil
}

func (r *rotten) OpenFile(name string) (vfs.File, error)     { return r.open(r.FS.OpenFile(name)) }
func (r *rotten) OpenReadOnly(name string) (vfs.File, error) { return r.open(r.FS.OpenReadOnly(name)) }

// Map maps the whole file and takes its end away then.
func (f *rottenFile) Map(off int64, n int, writable bool) (vfs.Mapping, error) {
	if err := os.Truncate(f.fs.name, f.fs.size); err != nil {
		return nil, err
	}
	m, err := f.File.Map(off, n, writable)
	if err == nil {
		err = os.Truncate(f.fs.name, f.fs.from)
	}
	return m, err
}

func (f *rottenFile) Size() (int64, error) { return f.fs.size, nil }

// Stat shows the file as long as it was.
func (r *rotten) Stat(name string) (vfs.FileInfo, error) {
	fi, err := r.FS.Stat(name)
	if name == r.name {
		fi.Size = r.size
	}
	return fi, err
}

func (r *rotten) ReadDir(name string) ([]vfs.FileInfo, error) {
	list, err := r.FS.ReadDir(name)
	for i := range list {
		if name+"/"+list[i].Name == r.name {
			list[i].Size = r.size
		}
	}
	return list, err
}

// TestUnreadablePages: what the disk does not give any more is told by file and place; verify says what it could not
// look
// at, repair leaves it to the operator, and export gives all that lies before it and behind it.
func TestUnreadablePages(t *testing.T) {
	const size, from = 16 << 10, 8 << 10
	cfg := smallConfig(t.TempDir())
	cfg.MappedFileSizeCommitLog = size
	s := mustStart(t, cfg, vfs.OS{})
	at := map[string]Appended{}
	for i := range 300 {
		body := fmt.Sprint("body", i)
		at[body] = mustAppend(t, s, msg("T", int32(i%3), body))
	}
	mustStop(t, s)
	name := cfg.StorePathRootDir + "/commitlog/" + datafile.Name(size)
	fsys := &rotten{FS: vfs.OS{}, name: name, from: from, size: size}

	got, damage := exportAll(t, cfg, fsys, allMessages)
	for _, d := range damage { // page by page
		if d.File != name || !strings.HasPrefix(d.Why, "cannot be read") || d.From > from && d.From%4096 != 0 ||
			d.To%4096 != 0 {
			t.Errorf("stepped over %+v", d)
		}
	}
	if len(damage) != (size-from)/4096 {
		t.Errorf("stepped over %+v", damage)
	}
	bodies := map[string]bool{}
	for _, m := range got {
		bodies[*m.BodyText] = true
	}
	lost := 0
	for body, a := range at {
		rots := a.End() > size+from && a.Offset < 2*size
		if rots {
			lost++
		}
		if bodies[body] == rots {
			t.Errorf("%s at %d: exported %v", body, a.Offset, bodies[body])
		}
	}
	if lost == 0 || len(bodies) != len(at)-lost {
		t.Errorf("%d of %d exported, %d cannot be read", len(bodies), len(at), lost)
	}

	report := mustVerify(t, cfg, fsys)
	var f *check.Finding
	for i := range report.Findings {
		if report.Findings[i].Kind == "unreadable" {
			f = &report.Findings[i]
		}
	}
	if report.Healthy || f == nil || f.File != name || f.Offset < from || f.Severity != check.Damaged {
		t.Errorf("verify: healthy %v, %+v", report.Healthy, report.Findings)
	}
	plan, err := offline(cfg, fsys).PlanRepair()
	if err != nil || !hasStep(plan, check.ByOperator, "decide", name) {
		t.Errorf("repair: %v, %+v", err, plan)
	}
	if _, err := offline(cfg, fsys).SkipDamaged(); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("what cannot be read is covered: %v", err)
	}
}
