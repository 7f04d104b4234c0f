package admin

import (
	"fmt"
	"strings"
	"testing"

	"gorocket/remoting"
	"gorocket/remoting/admin"
)

func TestReport(t *testing.T) {
	var b strings.Builder
	report(&b, false, "clusterList", fmt.Errorf("x: %w", remoting.ErrConnClosed))
	if !strings.Contains(b.String(), "--tls") {
		t.Error(b.String())
	}
	b.Reset()
	report(&b, true, "topicList", &admin.Error{Broker: "b", Addr: "h:1", Code: 17, Remark: "none"})
	for _, want := range []string{`"command":"topicList"`, `"broker":"b"`, `"addr":"h:1"`, `"code":17`, `"remark":"none"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s is not in %s", want, b.String())
		}
	}
}

func TestExitStatus(t *testing.T) {
	usage := &usageError{errUsage}
	for _, c := range []struct {
		err        error
		part, java bool
		want       int
	}{{nil, false, false, exitGood}, {nil, true, false, exitFailed}, {remoting.ErrConnClosed, false, false, exitFailed},
		{remoting.ErrConnClosed, false, true, exitGood}, {usage, false, false, exitUsage}, {usage, false, true, exitFailed}} {
		if got := status(c.err, c.part, c.java); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}
