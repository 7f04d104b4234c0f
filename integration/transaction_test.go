package integration

import (
	"testing"

	"gorocket/integration/harness"
	"gorocket/integration/javaclient"
)

// TestJavaTransactions runs Apache's TransactionMQProducer: commit, rollback, unknown at first, and a producer that is
// gone.
func TestJavaTransactions(t *testing.T) {
	t.Parallel() // waits for JVMs most of the time
	for _, version := range javaVersions {
		t.Run(version, func(t *testing.T) {
			harness.Count(t)
			needJava(t, version)
			c := harness.New(t)
			c.Pair(harness.DefaultKind())
			expect(t, runJava(t, c, version, newRunID(), "transaction"), javaclient.TransactionCases)
		})
	}
}
