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

// jars returns the folder with the jars of the Java broker, fetching them on the first use.
func jars(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("GOROCKET_JAVA_LIB"); dir != "" {
		return dir
	}
	dir := filepath.Join(harness.Work(), "servers-"+harness.JavaVersion)
	if hits, _ := filepath.Glob(dir + "/rocketmq-broker-*.jar"); len(hits) > 0 {
		return dir
	}
	if err := harness.Maven(filepath.Join(harness.Root(), "javaservers"), "dependency:copy-dependencies",
		"-Drmq.version="+harness.JavaVersion, "-DincludeScope=runtime", "-DoutputDirectory="+dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

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
	cmd := exec.Command("go", "test", "-tags", "java", "-count=1", "-v", "-run", "^TestJava", "./broker/filter")
	cmd.Dir = filepath.Dir(harness.Root())
	cmd.Env = append(os.Environ(), "ROCKETMQ_FILTER_LIB="+filepath.Join(jars(t), "*"))
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
