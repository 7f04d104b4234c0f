package harness

import (
	"fmt"
	"os"
	"testing"
)

// OnDemand is the TestMain of a package whose tests take minutes: they run only when the environment variable key is
// set, else how to run them is printed. It does not return when they ran.
func OnDemand(m *testing.M, key, name, how string) {
	if os.Getenv(key) == "" {
		fmt.Printf("%s: not run: set %s=1, or %s\n", name, key, how)
		return
	}
	code := m.Run()
	Summary(os.Stdout)
	os.Exit(code)
}

// NeedJava counts the test, fails it without our binary, and skips it where a JDK or Maven is missing.
func NeedJava(t *testing.T) {
	t.Helper()
	Count(t)
	if why := Go.Missing(); why != "" {
		t.Fatalf("%s; run make build first, or set GOROCKET_BIN", why)
	}
	if why := MissingJava(); why != "" {
		Skip(t, why)
	}
}
