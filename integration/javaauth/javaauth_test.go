package javaauth

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gorocket/integration/harness"
)

// TestMain lets the test run on demand only: it needs Java.
func TestMain(m *testing.M) {
	if os.Getenv("JAVAAUTH") == "" {
		fmt.Println("javaauth: not run: make java-auth runs it (half a minute, needs a JDK and Maven)")
		return
	}
	os.Exit(m.Run())
}

// TestJavaAuth runs the tests TestJava… of remoting/auth against Apache's jars.
func TestJavaAuth(t *testing.T) {
	lib, err := harness.JavaLib()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "test", "-tags", "java", "-count=1", "-v", "-run", "^TestJava", "./remoting/auth")
	cmd.Dir = filepath.Dir(harness.Root())
	cmd.Env = append(os.Environ(), "ROCKETMQ_AUTH_LIB="+filepath.Join(lib, "*"))
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"TestJavaDecides", "TestJavaNeeds", "TestJavaSigns"} {
		if !strings.Contains(string(out), "--- PASS: "+name+" ") {
			t.Errorf("%s did not run", name)
		}
	}
}
