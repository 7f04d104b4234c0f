package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestHealth: one that is not well, one that does not answer and none at all are errors; of the usual ones some may be
// missing.
func TestHealth(t *testing.T) {
	serve := func(code int, text string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/health" {
				t.Errorf("asked for %s", r.URL)
			}
			w.WriteHeader(code)
			_, _ = w.Write([]byte(text + "\n"))
		}))
		t.Cleanup(s.Close)
		return strings.TrimPrefix(s.URL, "http://")
	}
	well, sick := serve(200, "ok"), serve(503, "the disk is full")
	gone := httptest.NewServer(http.NotFoundHandler())
	none := strings.TrimPrefix(gone.URL, "http://")
	gone.Close()
	for _, c := range []struct {
		named, usual []string
		out, err     string
	}{{[]string{well}, nil, well + ": ok\n", ""}, {[]string{well, sick}, nil, well + ": ok\n", sick + ": the disk is full"},
		{[]string{none}, nil, "", "refused"}, {nil, []string{none, well}, well + ": ok\n", ""},
		{nil, []string{none}, "", "no server answers"}, {nil, []string{none, sick}, "", "the disk is full"}} {
		var out bytes.Buffer
		err := askHealth(context.Background(), &out, c.named, c.usual)
		if out.String() != c.out || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%v %v: %q, %v", c.named, c.usual, &out, err)
		}
	}
}
