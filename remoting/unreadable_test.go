package remoting

import (
	"context"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"gorocket/remoting/wire"
)

// shortened maps a file of two pages of which the second is gone.
func shortened(t *testing.T) []byte {
	t.Helper()
	name := t.TempDir() + "/f"
	if err := os.WriteFile(name, make([]byte, 8192), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := unix.Mmap(int(f.Fd()), 0, 8192, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(b) })
	if err := os.Truncate(name, 4096); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAppendPartsOfShortenedFile(t *testing.T) {
	b := shortened(t)
	out, n := appendParts([]byte("head"), [][]byte{b[:100], b[5000:5100], b[:10]})
	if n != 1 || len(out) != 104 {
		t.Errorf("%d parts, %d bytes; want 1 and 104", n, len(out))
	}
	if out, n := appendParts(nil, [][]byte{b[:100], b[200:300]}); n != 2 || len(out) != 200 {
		t.Errorf("%d parts, %d bytes", n, len(out))
	}
}

// The request gets an error, the connection goes on.
func TestAnswerWithUnreadableMemory(t *testing.T) {
	b := shortened(t)
	addr := startServer(t, Options{}, Entry{Code: 7, Mode: Inline, Handle: func(ctx *Context) {
		parts := [][]byte{b[:100], b[5000:5100]}
		Respond(&ctx.Replier, wire.Success, "", wire.PullMessageResponse, &wire.PullMessageResponseHeader{},
			Body{Parts: parts})
	}}, Entry{Code: 8, Mode: Inline, Handle: func(ctx *Context) { ctx.OK([]byte("fine")) }})
	cl := startClient(t)
	ask := func(code int32) (*wire.Command, error) {
		return Call(context.Background(), cl, addr, code, wire.TopicRequest, &wire.TopicHeader{}, nil)
	}
	if _, err := ask(7); err == nil || !strings.Contains(err.Error(), "code 1: "+unreadableRemark) {
		t.Errorf("answer %v", err)
	}
	if got, err := ask(8); err != nil || string(got.Body) != "fine" {
		t.Errorf("afterwards: %v", err)
	}
}
