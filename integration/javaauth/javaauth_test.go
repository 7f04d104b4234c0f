package javaauth

import (
	"fmt"
	"os"
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
	harness.JavaTests(t, "./remoting/auth", "ROCKETMQ_AUTH_LIB", "TestJavaDecides", "TestJavaNeeds", "TestJavaSigns")
}
