//go:build !portable

package transport

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"
)

// TestSendRanges: ranges of files go to a socket, each from its own place; what it does not take, or what a file does not
// have, ends it.
func TestSendRanges(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	content := make([]byte, 3<<20)
	for i := range content {
		content[i] = byte(i % 251)
	}
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fd := int(f.Fd())
	for what, c := range map[string]struct {
		ranges []FileRange
		whole  int // bytes that are taken; -1: some
	}{
		"two":            {[]FileRange{{fd, 100, 50}, {fd, 10, 20}}, 70},
		"none":           {nil, 0},
		"behind its end": {[]FileRange{{fd, 100, 50}, {fd, int64(len(content)) - 5, 20}, {fd, 0, 5}}, 55},
		"more than fits": {[]FileRange{{fd, 0, len(content)}, {fd, 0, 5}}, -1},
		"no file":        {[]FileRange{{fd, 7, 3}, {1 << 20, 0, 5}, {fd, 0, 5}}, 3},
	} {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		sent := sendRanges(pair[0], c.ranges)
		got := make([]byte, 0, 4<<20)
		for {
			n, err := unix.Read(pair[1], got[len(got):cap(got)])
			if n <= 0 || err != nil {
				break
			}
			got = got[:len(got)+n]
		}
		_, _ = unix.Close(pair[0]), unix.Close(pair[1])
		var want []byte
		for _, r := range c.ranges {
			end := min(r.Offset+int64(r.Len), int64(len(content)))
			want = append(want, content[r.Offset:end]...)
		}
		if sent != len(got) || c.whole >= 0 && sent != c.whole || c.whole < 0 && (sent == 0 || sent >= len(content)) ||
			!bytes.Equal(got, want[:sent]) {
			t.Errorf("%s: %d taken, %d came", what, sent, len(got))
		}
	}
}

// loops that look different from gnet's
type (
	noPoller    struct{ gnet.EventLoop }
	valuePoller struct {
		gnet.EventLoop
		poller struct{ fd int }
	}
	nilPoller struct {
		gnet.EventLoop
		poller *struct{ fd int }
	}
	otherPoller struct {
		gnet.EventLoop
		poller *struct{ file int }
	}
	textPoller struct {
		gnet.EventLoop
		poller *struct{ fd string }
	}
	goodPoller struct {
		gnet.EventLoop
		poller *struct{ fd int }
	}
)

// TestEpollOfOthers: a loop that is not as we know it has no descriptor, and reading from it cannot be stopped.
func TestEpollOfOthers(t *testing.T) {
	for _, el := range []gnet.EventLoop{&noPoller{}, &valuePoller{}, &nilPoller{}, &otherPoller{poller: &struct{ file int }{7}},
		&textPoller{poller: &struct{ fd string }{"7"}}} {
		if got := epollOf(el); got != -1 {
			t.Errorf("%v: %d", reflect.TypeOf(el), got)
		}
	}
	if got := epollOf(&goodPoller{poller: &struct{ fd int }{7}}); got != 7 {
		t.Errorf("as we know it: %d", got)
	}
	if s := (&gnetSocket{epoll: -1}); s.SetReading(true) || s.SetReading(false) {
		t.Error("reading was stopped nowhere")
	}
}

// TestEpollIsFound: reading can be stopped with this version of gnet.
func TestEpollIsFound(t *testing.T) {
	e, _ := start(t, Events{}, "127.0.0.1:0")
	exchange(t, e.Addrs()[0])
	loops := 0
	e.loops.Range(func(_, v any) bool {
		if loops++; v.(*Loop).epoll < 0 {
			t.Error("gnet's poller looks different: reading cannot be stopped")
		}
		return true
	})
	if loops == 0 || epollOf(nil) != -1 {
		t.Errorf("%d loops; epoll of none is %d", loops, epollOf(nil))
	}
}
