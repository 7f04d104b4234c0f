package store

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain fails the run when a goroutine of the package outlives its store.
func TestMain(m *testing.M) {
	code := m.Run()
	for end := time.Now().Add(3 * time.Second); code == 0; time.Sleep(20 * time.Millisecond) {
		buf := make([]byte, 1<<20)
		left := strings.Count(string(buf[:runtime.Stack(buf, true)]), "created by gorocket/store")
		if left == 0 {
			break
		}
		if time.Now().After(end) {
			fmt.Printf("%d goroutines are left:\n%s\n", left, buf[:runtime.Stack(buf, true)])
			code = 1
		}
	}
	os.Exit(code)
}
