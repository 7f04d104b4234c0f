package template

import (
	"strings"
	"testing"

	"gorocket/remoting/wire"
)

// TestValuesThatDifferInOneStretch: properties that differ between two escapes are patched; whatever else differs, or
// stands there, reads the same the long way.
func TestValuesThatDifferInOneStretch(t *testing.T) {
	const first = `K\u0001a1\u0002UNIQ_KEY\u0001FD00000001\u0002WAIT\u0001true`
	for _, c := range []struct {
		what, first, second string
		patched             bool
	}{
		{"the last digit of the key", first, strings.Replace(first, "0001\\u0002W", "0002\\u0002W", 1), true},
		{"the whole key", first, strings.Replace(first, "FD00000001", "AB98765432", 1), true},
		{"the first stretch", first, strings.Replace(first, `K\u`, `L\u`, 1), true},
		{"the last stretch", first, strings.Replace(first, "true", "TRUE", 1), true},
		{"the last byte", first, strings.Replace(first, "true", "trux", 1), true},
		{"two stretches", first, strings.NewReplacer("a1", "a2", "FD00000001", "FD00000002").Replace(first), false},
		{"a longer one", first, strings.Replace(first, "FD00000001", "FD000000010", 1), false},
		{"a shorter one", first, strings.Replace(first, "FD00000001", "FD0000001", 1), false},
		{"a longer end", first, first + "x", false}, {"a cut end", first, first[:len(first)-1], false},
		{"inside an escape", first, strings.Replace(first, `a1\u0002`, `a1\u0003`, 1), false},
		{"an escape in the stretch", first, strings.Replace(first, "FD00000001", `FD\u000301`, 1), false},
		{"a quote in the stretch", first, strings.Replace(first, "FD00000001", `FD0000\"01`, 1), false},
		{"a high byte", first, strings.Replace(first, "FD00000001", "FD000000é", 1), true},
		{"behind another escape", `a\tb1` + first, `a\tb1` + strings.Replace(first, "01\\", "02\\", 1), false},
		{"before another escape", first + `\ta`, strings.Replace(first, "01\\", "02\\", 1) + `\ta`, true},
		{"one of several bytes", `\u00e9` + first, `\u00e9` + strings.Replace(first, "01\\", "02\\", 1), false},
	} {
		t.Run(c.what, func(t *testing.T) {
			text := func(s string) []byte {
				return []byte(`{"code":310,"extFields":{"a":"PG","i":"` + s + `","b":"T"},"opaque":8}`)
			}
			var h requestCache
			for range 2 {
				sameAsLongWay(t, &h, text(c.first))
				sameAsLongWay(t, &h, text(c.second))
			}
			for way := range 2 {
				set, from, to := h.setOf(wire.SerializeJSON, text(c.first)), c.first, c.second
				if way == 1 {
					from, to = to, from
				}
				var got wire.Command
				if !set.read(text(from), &got) || !set.read(text(to), &got) {
					t.Fatal("no template")
				}
				changes := set.ways[0].changes
				if len(changes) != 1 || changes[0].patched != c.patched {
					t.Errorf("way %d: %d changes, patched %v", way, len(changes), len(changes) == 1 && changes[0].patched)
				}
			}
		})
	}
}
