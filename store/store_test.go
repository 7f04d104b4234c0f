package store

import (
	"testing"

	"gorocket/store/vfs"
)

func TestAppendGetAcrossFilesAndRestart(t *testing.T) {
	cfg := smallConfig(t.TempDir())
	s := mustStart(t, cfg, vfs.OS{})
	want := fill(t, s, "TopicA", 4, 3000)
	for round := 0; ; round++ {
		for q, w := range want {
			wantBodies(t, s, "TopicA", q, w)
		}
		if round == 3 {
			break
		}
		mustStop(t, s)
		s = mustStart(t, cfg, vfs.OS{})
		if !s.Report().Clean || s.Report().Trimmed != 0 || s.Report().Rebuilt != 0 {
			t.Fatalf("round %d: report %+v", round, s.Report())
		}
	}
}
