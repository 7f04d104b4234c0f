package remoting

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"gorocket/remoting/wire"
)

// TestAnswered: each way to refuse a request is told, with its code and remark, also when nobody waits for the answer; an
// answer of success is not. The fields, remark and body of each come to the client.
func TestAnswered(t *testing.T) {
	var mu sync.Mutex
	var told []string
	tell := func(_ *Conn, code int32, remark string) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, fmt.Sprint(code, " ", remark))
	}
	const code = 9000
	ways := []Handler{
		func(ctx *Context) { ctx.OK([]byte("body")) },
		func(ctx *Context) { ctx.Status(wire.Success, "fine") },
		func(ctx *Context) { ctx.Status(wire.SystemError, "status") },
		func(ctx *Context) {
			ctx.RespondFields(wire.SystemBusy, "fields", []wire.StringField{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}},
				[]byte("body"))
		},
		func(ctx *Context) {
			Respond(&ctx.Replier, wire.TopicNotExist, "respond", wire.None, new(wire.NoHeader), Body{})
		},
	}
	var entries []Entry
	for i, way := range ways {
		entries = append(entries, Entry{Code: code + int32(i), Handle: way})
	}
	addr := startServer(t, Options{Events: Events{Answered: tell}}, entries...)
	cl := startClient(t)
	c, err := cl.Conn(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range ways {
		a, err := Invoke(t.Context(), c, code+int32(i), wire.None, new(wire.NoHeader), nil)
		if err != nil {
			t.Fatal(err)
		}
		fields := ""
		for _, key := range []string{"a", "b"} {
			v, _ := a.Get(key)
			fields += string(v)
		}
		got = append(got, fmt.Sprintf("%d %s %q %q", a.Code, a.Remark, fields, a.Body))
	}
	want := []string{`0  "" "body"`, `0 fine "" ""`, `1 status "" ""`, `2 fields "12" "body"`, `17 respond "" ""`}
	if !slices.Equal(got, want) {
		t.Errorf("answers %q", got)
	}
	if err := Notify(c, code+2, wire.None, new(wire.NoHeader), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Invoke(t.Context(), c, code, wire.None, new(wire.NoHeader), nil); err != nil { // behind it
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"1 status", "2 fields", "17 respond", "1 status"}; !slices.Equal(told, want) {
		t.Errorf("told %q", told)
	}
}
