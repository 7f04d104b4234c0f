package remoting

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/remoting/wire"
)

// notes is a Signer that adds what it was given, as text.
type notes struct{}

func (notes) Sign(fields []wire.Field, body []byte) []wire.StringField {
	return []wire.StringField{{Key: "who", Value: "me"}, {Key: "signed", Value: text(fields) + string(body)}}
}

func text(fields []wire.Field) (s string) {
	for _, f := range fields {
		s += fmt.Sprintf("%s=%s;", f.Key, f.Value)
	}
	return s
}

// TestSign: a client's requests carry what its signer adds, which was given all that a server reads, in each kind of
// call; those of a server are not signed.
func TestSign(t *testing.T) {
	var mu sync.Mutex
	var got []string
	handle := func(ctx *Context) {
		c := ctx.Req.Clone()
		signed := c.GetString("signed")
		c.Fields = slices.DeleteFunc(c.Fields, func(f wire.Field) bool {
			return string(f.Key) == "signed" ||
				string(f.Key) == "who"
		})
		mu.Lock()
		got = append(got, signed)
		mu.Unlock()
		if want := text(c.Fields) + string(c.Body); signed != want || ctx.Req.GetString("who") != "me" {
			t.Errorf("signed %q, came %q", signed, want)
		}
		_ = Notify(ctx.Conn(), 2, wire.TopicRequest, &wire.TopicHeader{Topic: "back"}, nil)
		ctx.OK(nil)
	}
	addr := startServer(t, Options{}, Entry{Code: 1, Handle: handle})
	plain := make(chan bool, 9)
	table, err := NewTable(Entry{Code: 2, Handle: func(ctx *Context) { plain <- ctx.Req.GetString("who") == "" }})
	if err != nil {
		t.Fatal(err)
	}
	cl, err := NewClient(table, Options{Sign: notes{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := cl.Start(); err != nil {
		t.Fatal(err)
	}
	defer cl.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	h := wire.UpdateConsumerOffsetRequestHeader{ConsumerGroup: "g\"\n\u00e9", Topic: "T", QueueID: 3, CommitOffset: -7}
	if _, err := Call(ctx, cl, addr, 1, wire.UpdateConsumerOffsetRequest, &h, []byte("body")); err != nil {
		t.Fatal(err)
	}
	if _, err := Call(ctx, cl, addr, 1, wire.None, new(wire.NoHeader), nil); err != nil {
		t.Fatal(err)
	}
	conn, err := cl.Conn(ctx, addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := Notify(conn, 1, wire.TopicRequest, &wire.TopicHeader{Topic: "T"}, nil); err != nil {
		t.Fatal(err)
	}
	testutil.WaitFor(t, "three requests", func() bool { mu.Lock(); defer mu.Unlock(); return len(got) == 3 })
	if !strings.HasSuffix(got[0], "body") || !strings.Contains(got[0], "commitOffset=-7;") || got[1] != "" ||
		!strings.Contains(got[2], "topic=T;") {
		t.Errorf("signed %q", got)
	}
	if !<-plain {
		t.Error("a server's request is signed")
	}
}
