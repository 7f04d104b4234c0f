package bench

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/guard"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/secure"
	"gorocket/remoting/wire"
)

// closedServer is a server that serves signed requests on encrypted connections only, and counts them by code.
func closedServer(t *testing.T, h remoting.Handler) string {
	t.Helper()
	table, err := remoting.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	table.Fallback = h
	s := secure.Defaults()
	s.TLSServerMode, s.TLSConfigFile = "enforcing", ""
	k, err := secure.New(s, "", func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	check, err := guard.ForServer(true, auth.Signing{InitAuthenticationUser: `{"username":"me","password":"secret"}`},
		zerolog.Nop(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return remotingtest.ServeTable(t, table, remoting.Options{EventLoops: 1, TLS: k.TLS(), Guard: check})
}

// closedEnv signs as the server's user and encrypts.
func closedEnv(t *testing.T, secret string) *env {
	t.Helper()
	s := secure.Defaults()
	s.TLSEnable, s.TLSConfigFile = true, ""
	enc, err := secure.Client(s, "")
	if err != nil {
		t.Fatal(err)
	}
	return &env{common: &common{threads: 1, timeout: 5 * time.Second}, tls: enc,
		sign: newSigning(&auth.Credentials{AccessKey: "me", SecretKey: secret})}
}

// TestSignedSends: each message of a load carries a signature that is right for its key and its time, in both forms of
// headers, single and in batches, over TLS; with another secret none does.
func TestSignedSends(t *testing.T) {
	for _, m := range []messageFlags{{size: 100, batch: 1, codec: "json", uniqueKey: true}, {size: 70000, batch: 1, codec: "rocketmq",
		uniqueKey: true}, {size: 10, batch: 7, codec: "json", uniqueKey: true}, {size: 10, batch: 1, codec: "json"}} {
		for _, secret := range []string{"secret", "another"} {
			t.Run(fmt.Sprint(m, secret), func(t *testing.T) {
				var served atomic.Int64
				keys := make(chan string, 1<<16)
				addr := closedServer(t, func(ctx *remoting.Context) {
					served.Add(1)
					select {
					case keys <- string(ctx.Req.GetString("i")):
					default:
					}
					ctx.OK(nil)
				})
				e := closedEnv(t, secret)
				l, err := m.load(e, []target{{name: addr, addr: addr, queues: []queueRange{{id: 0}, {id: 1}}}}, "T",
					&loopFlags{connections: 2, inFlight: 8}, -1)
				if err != nil {
					t.Fatal(err)
				}
				o, err := l.run(context.Background(), 0, 200*time.Millisecond)
				if err != nil {
					t.Fatal(err)
				}
				if refused := o.tally.codes[wire.NoPermission]; secret == "another" {
					if refused == nil || refused.Count == 0 || served.Load() != 0 {
						t.Errorf("%d are served, refused: %+v", served.Load(), refused)
					}
					return
				}
				if len(o.tally.codes) > 0 || served.Load() < 16 || o.tally.answers < 10 {
					t.Errorf("%d served, %d answers, %+v", served.Load(), o.tally.answers, o.tally.codes)
				}
				if a, b := <-keys, <-keys; m.uniqueKey && a == b || !strings.Contains(a, "UNIQ_KEY") {
					t.Errorf("the same key twice: %q", a)
				}
			})
		}
	}
}

// TestSignedPulls: pulls are signed with their offset, and answers that are larger than what TLS and the inbound buffer
// hold at once come whole.
func TestSignedPulls(t *testing.T) {
	body := strings.Repeat("x", 3<<20)
	var offsets []string
	addr := closedServer(t, func(ctx *remoting.Context) {
		offsets = append(offsets, ctx.Req.GetString("queueOffset")) // one event loop
		if len(offsets)%2 == 0 {
			ctx.OK([]byte(body))
			return
		}
		ctx.OK(nil)
	})
	e := closedEnv(t, "secret")
	spec := pullSpec{topic: "T", group: "g", codec: "json", max: 32}
	r, err := spec.reader(e.sign, 0, 7, -1)
	if err != nil {
		t.Fatal(err)
	}
	c, err := newConn(addr, 1, 1024, e)
	if err != nil {
		t.Fatal(err)
	}
	k := clock{time.Now()}
	w, err := newWorker(k)
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	j := &pullsJob{r: r}
	c.job = j
	if err := w.add(c); err != nil {
		t.Fatal(err)
	}
	w.stopAt.Store(int64(300 * time.Millisecond))
	w.giveUpAt.Store(int64(10 * time.Second))
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	if j.bad != "" || j.large < 2 || len(offsets) < 4 || strings.TrimLeft(offsets[3], "0") != "10" {
		t.Errorf("%d large answers, bad %q, %d offsets, of them %q", j.large, j.bad, len(offsets), offsets[:min(len(offsets), 5)])
	}
}

// pullsJob pulls one offset after the other.
type pullsJob struct {
	r     *reader
	large int
	bad   string
}

func (j *pullsJob) more(c *conn, now int64) error {
	if stop := c.w.stopAt.Load(); c.room() && (stop == 0 || now < stop) {
		j.r.pull(c, now)
		j.r.next++
	}
	return c.flushBatch()
}

func (j *pullsJob) answer(_ *conn, _ int32, a *answer, _, _ int64) error {
	if a.code != wire.Success {
		j.bad = a.remark
	}
	if len(a.body) > 1<<20 {
		j.large++
	}
	return nil
}
