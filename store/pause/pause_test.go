package pause

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestFor: a pause takes its time, and ends at once with its context.
func TestFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		if For(t.Context(), 3*time.Second); time.Since(begin) != 3*time.Second {
			t.Errorf("a pause of 3 s took %v", time.Since(begin))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin = time.Now()
		if For(ctx, time.Hour); time.Since(begin) != time.Second {
			t.Errorf("a pause outlived its context: %v", time.Since(begin))
		}
		if For(ctx, time.Hour); time.Since(begin) != time.Second {
			t.Error("a pause begins in a context that has ended")
		}
	})
}
