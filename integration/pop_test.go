package integration

import (
	"testing"

	"gorocket/integration/harness"
	"gorocket/integration/javaclient"
)

// TestJavaPop: push consumers of Java 5.5.0 in POP mode.
func TestJavaPop(t *testing.T) {
	t.Parallel() // waits for a JVM most of the time
	harness.Count(t)
	version := javaVersions[1]
	needJava(t, version)
	c := harness.New(t)
	kind := harness.DefaultKind()
	c.Namesrv(kind, nil)
	c.Broker(kind, "broker-a", harness.Conf{"timerWheelEnable": "true", "defaultMessageRequestMode": "POP"})
	expect(t, runJava(t, c, version, newRunID(), "pop"), javaclient.PopCases)
}
