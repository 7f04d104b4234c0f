package namesrv

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"gorocket/store/vfs"
)

// TestRestoredKVIsLogged: values that come from the .bak are not taken in silence.
func TestRestoredKVIsLogged(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	for _, text := range []string{`{"configTable":{"n":{"k":"old"}}}`, `{broken`} {
		if err := vfs.WriteFileAtomic(mem, "/n/kvConfig.json", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	kv := newKVStore(files{mem, restored(zerolog.New(&out))}, "/n/kvConfig.json", func() int { return 1 << 20 })
	if err := kv.load(); err != nil || kv.table["n"]["k"] != "old" {
		t.Fatalf("%v %v", err, kv.table)
	}
	for _, want := range []string{`"level":"warn"`, `/n/kvConfig.json","readInstead":"/n/kvConfig.json.bak"`, "reason"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log does not say %s: %s", want, out.String())
		}
	}
}
