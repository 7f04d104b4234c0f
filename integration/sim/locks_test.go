package sim

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestLocksWait: fake time goes on while somebody waits for a lock whose holder sleeps.
func TestLocksWait(t *testing.T) {
	if seedRuntime == nil {
		t.Skip("needs the runtime of integration/sim/overlay: make sim")
	}
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		mu.Lock()
		begin := time.Now()
		go func() {
			time.Sleep(time.Second)
			mu.Unlock()
		}()
		mu.Lock()
		if d := time.Since(begin); d != time.Second {
			t.Errorf("locked after %v", d)
		}
	})
}
