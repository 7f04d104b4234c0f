package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gorocket/store/check"
	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// exportAll exports and returns the messages by "topic/queue/offset", and what was stepped over.
func exportAll(t *testing.T, cfg Config, fsys vfs.FS, f check.ExportFilter) (map[string]*check.ExportedMessage,
	[]check.ExportDamage) {
	t.Helper()
	got, damage := map[string]*check.ExportedMessage{}, []check.ExportDamage(nil)
	err := offline(cfg, fsys).Export(f, func(m *check.ExportedMessage) error {
		got[fmt.Sprintf("%s/%d/%d", m.Topic, m.QueueID, m.QueueOffset)] = m
		return nil
	}, func(d check.ExportDamage) { damage = append(damage, d) })
	if err != nil {
		t.Fatal(err)
	}
	return got, damage
}

var allMessages = check.ExportFilter{Queue: -1}

// TestExport: every message comes with all its parts, the filters hold, and nothing is changed.
func TestExport(t *testing.T) {
	k := newSkipped(t, 1, false)
	defer k.mem.Free()
	before := snapshot(t, k.mem, "/s", map[string]string{})
	got, damage := exportAll(t, k.cfg, k.mem, allMessages)
	if len(got) != len(k.want) || len(damage) != 0 {
		t.Fatalf("%d messages, want %d; %v", len(got), len(k.want), damage)
	}
	for name, body := range k.want {
		m, a := got[name], k.at[name]
		if string(m.Body) != body || *m.BodyText != body || m.Offset != a.Offset || m.StoreTimestamp != a.StoreTimestamp ||
			!strings.HasPrefix(m.Properties["UNIQ_KEY"], "u") || m.BornHost != hostA.String() || m.MsgID == "" {
			t.Fatalf("%s: %+v", name, m)
		}
	}
	line, err := json.Marshal(got["T/0/1"])
	if err != nil || !strings.Contains(string(line), `"properties":{"KEYS":"k6","UNIQ_KEY":"u6"},"body":"`) {
		t.Errorf("%s %v", line, err)
	}
	if only, _ := exportAll(t, k.cfg, k.mem, check.ExportFilter{Topic: "T", Queue: 1}); len(only) != 83 {
		t.Errorf("%d messages of a queue", len(only))
	}
	mid := k.at["T/0/40"].StoreTimestamp
	early, _ := exportAll(t, k.cfg, k.mem, check.ExportFilter{Queue: -1, To: mid})
	late, _ := exportAll(t, k.cfg, k.mem, check.ExportFilter{Queue: -1, From: mid})
	if len(early)+len(late) != len(got) || early["T/0/40"] != nil || late["T/0/40"] == nil {
		t.Errorf("%d before, %d from %d on", len(early), len(late), mid)
	}
	if !mapsEqual(before, snapshot(t, k.mem, "/s", map[string]string{})) {
		t.Error("the directory was changed")
	}
	full := errors.New("full")
	n := 0
	err = offline(k.cfg, k.mem).Export(allMessages, func(*check.ExportedMessage) error { n++; return full },
		func(check.ExportDamage) {})
	if !errors.Is(err, full) || n != 1 {
		t.Errorf("%d messages, then %v", n, err)
	}
}

// TestExportDamaged: damage, a missing file and a short one cost what they hold; the rest comes, and the places are
// told.
func TestExportDamaged(t *testing.T) {
	const size = 16 << 10
	for _, killed := range []bool{false, true} {
		k := newSkipped(t, 1, false)
		k.hurt(k.at["T/0/3"].Offset, 700)
		k.hurt(size-300, 600)
		k.hurt(2*size, size) // removed
		k.hurt(4*size+5000, size-5000)
		f, err := k.mem.OpenFile("/s/commitlog/" + datafile.Name(4*size))
		if err == nil {
			err = errors.Join(f.Truncate(5000), k.mem.Remove("/s/commitlog/"+datafile.Name(2*size)))
		}
		if err != nil {
			t.Fatal(err)
		}
		if killed {
			_, _ = k.mem.Create("/s/abort")
			_ = k.mem.Remove("/s/checkpoint")
		}
		got, damage := exportAll(t, k.cfg, k.mem, allMessages)
		for name, body := range k.want {
			if m := got[name]; m == nil || string(m.Body) != body {
				t.Errorf("killed %v: %s at %d is missing", killed, name, k.at[name].Offset)
			}
		}
		for _, part := range []string{datafile.Name(0), datafile.Name(size), "missing", "5000 bytes instead of"} {
			if !strings.Contains(fmt.Sprint(damage), part) {
				t.Errorf("killed %v: %q was not told: %v", killed, part, damage)
			}
		}
		k.mem.Free()
	}
}

// TestExportSkipsCovers: what SkipDamaged put into the log is no message.
func TestExportSkipsCovers(t *testing.T) {
	k := newSkipped(t, 3, false)
	defer k.mem.Free()
	k.hurt(k.at["T/0/10"].Offset, 2700)
	if _, err := offline(k.cfg, k.mem).SkipDamaged(); err != nil {
		t.Fatal(err)
	}
	got, damage := exportAll(t, k.cfg, k.mem, allMessages)
	if len(got) != len(k.want) || len(damage) != 0 {
		t.Errorf("%d messages, want %d; %v", len(got), len(k.want), damage)
	}
}
