package remoting

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestWaitList: the same as a plain slice, and no memory for what is gone.
func TestWaitList(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var l waitList
	var want []*Context
	for i := range 20000 {
		switch n := rnd.IntN(10); {
		case n < 5 && len(want) < 100:
			ctx := &Context{code: int32(i)}
			l.push(ctx)
			want = append(want, ctx)
		case n < 9:
			var first *Context
			if len(want) > 0 {
				first, want = want[0], want[1:]
			}
			if got := l.pop(); got != first {
				t.Fatalf("step %d: popped %v, want %v", i, got, first)
			}
		default:
			odd := func(ctx *Context) bool { return ctx.code%2 == 1 }
			taken := l.takeIf(odd)
			rest := slices.DeleteFunc(slices.Clone(want), odd)
			if len(taken)+len(rest) != len(want) || !slices.Equal(l.items[l.head:], rest) {
				t.Fatalf("step %d: took %d, left %d of %d", i, len(taken), l.len(), len(want))
			}
			want = rest
		}
		if l.len() != len(want) {
			t.Fatalf("step %d: %d wait, want %d", i, l.len(), len(want))
		}
	}
	if cap(l.items) > 512 {
		t.Errorf("room for %d where at most 100 waited", cap(l.items))
	}
}
