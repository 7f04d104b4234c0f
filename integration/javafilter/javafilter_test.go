package javafilter

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gorocket/integration/harness"
)

// TestMain lets the test run on demand only: it takes minutes.
func TestMain(m *testing.M) {
	if os.Getenv("JAVAFILTER") == "" {
		fmt.Println("javafilter: not run: make java-filter runs it (about 2 minutes, needs a JDK and Maven)")
		return
	}
	os.Exit(m.Run())
}

// TestJavaFilter runs the tests TestJava… of broker/filter against Apache's jars.
func TestJavaFilter(t *testing.T) {
	lib, err := harness.JavaLib()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "test", "-tags", "java", "-count=1", "-v", "-run", "^TestJava", "./broker/filter")
	cmd.Dir = filepath.Dir(harness.Root())
	cmd.Env = append(os.Environ(), "ROCKETMQ_FILTER_LIB="+filepath.Join(lib, "*"))
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"TestJavaAgrees", "TestJavaBloom", "TestJavaReadsOurFile", "TestJavaRecords"} {
		if !strings.Contains(string(out), "--- PASS: "+name+" ") {
			t.Errorf("%s did not run", name)
		}
	}
}
