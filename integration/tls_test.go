package integration

import (
	"context"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/javaclient"
)

// TestJavaClientTLS: Apache's client encrypts, and so does our broker when it registers; nobody has made a certificate,
// which is Java's test mode. A server that does not encrypt fails each case.
func TestJavaClientTLS(t *testing.T) {
	harness.Count(t)
	const version = "5.5.0"
	needJava(t, version)
	c := harness.New(t)
	c.Namesrv(harness.Go, nil)
	c.Broker(harness.Go, "broker-a", harness.Conf{"tls.enable": "true"})
	dir, err := javaclient.MkDir(c.Dir(), "client-tls")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cases := []string{"sendSync", "sendBatch", "sendOneway", "body4MiB", "pushTags", "litePull", "bulk10000", "queryByKey"}
	results, out, err := javaclient.RunWith(ctx, []string{"-Dtls.enable=true"}, version, dir, c.Names(), newRunID(), "all",
		cases...)
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(out))
	}
	expect(t, results, cases)
	if t.Failed() {
		t.Log(tail(out))
	}
}
