package consumequeue

import (
	"testing"

	"gorocket/store/dispatch"
	"gorocket/store/vfs"
)

// TestQueueEndFound: the end of a consume queue is found wherever it is.
func TestQueueEndFound(t *testing.T) {
	const per = 300_000
	for _, n := range []int64{0, 1, 203, 204, 205, 407, 408, 409, 410, 1000, 4096, 65536,
		150_000, 299_795, 299_796, 299_797, 299_999, per, per + 1} {
		mem := vfs.NewMem()
		table := New(Options{FS: mem, Root: "/s", FileSize: per * Unit, MaxOpenFiles: 4096}, Settings{}, nil, Events{})
		q := &Queue{Topic: "T", ID: 5, files: table.simple}
		var entries []byte
		for i := int64(0); i < n; i++ {
			entries = AppendEntry(entries, &dispatch.Entry{Offset: i * 100, Size: 100, Tags: i})
		}
		if n == 0 {
			entries = AppendEntry(entries, &dispatch.Entry{})
		}
		if err := table.simple.write(q, entries, 0); err != nil {
			t.Fatal(err)
		}
		if err := table.loadQueue(table.simple, "T", 5); err != nil {
			t.Fatal(err)
		}
		if got := table.Get("T", 5); got.Entries() != n || got.lastPhy != n*100 {
			t.Errorf("%d entries: found %d, log end %d", n, got.Entries(), got.lastPhy)
		}
		table.Close()
		mem.Free()
	}
}

func FuzzManifest(f *testing.F) {
	v := manifest{6_000_000, 1, 2, 3, "boot", []queueEnd{{"TopicA", 3, true, 0, 77, 4096, 99}, {"", -1, false, 5, 5, 0,
		0}}}
	good := v.encode()
	f.Add(good[:len(good)-4])
	f.Add([]byte(manifestMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		sealed := appendCRC(b)
		v, err := decodeManifest(sealed)
		if _, plain := decodeManifest(b); plain == nil && len(b) < manifestHead {
			t.Fatal("a short file was accepted")
		}
		if err == nil && string(v.encode()) != string(sealed) {
			t.Fatalf("%+v is encoded differently", v)
		}
	})
}

func FuzzExtUnit(f *testing.F) {
	f.Add(appendExtUnit(nil, 5, 6, []byte{7, 8}))
	f.Add([]byte{0xFF, 0xFF})
	f.Fuzz(func(t *testing.T, b []byte) {
		u, ok := decodeExtUnit(b)
		if ok && (u.Size < extUnit || len(b) < extUnit || len(u.Bits) > int(u.Size)-extUnit) {
			t.Fatal(u)
		}
	})
}
