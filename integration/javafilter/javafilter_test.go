package javafilter

import (
	"fmt"
	"os"
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
	harness.JavaTests(t, "./broker/filter", "ROCKETMQ_FILTER_LIB", "TestJavaAgrees", "TestJavaBloom", "TestJavaReadsOurFile", "TestJavaRecords")
}
