package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/namesrv"
)

// TestControllerBesideIsSeen: a NameServer with a controller in its process shows the figures of both, and what the
// controllers lack is a warning: it still gives routes.
func TestControllerBesideIsSeen(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr, dir := l.Addr().String(), t.TempDir()
	l.Close()
	file := filepath.Join(dir, "namesrv.conf")
	text := fmt.Sprintf("controllerDLegerGroup=g\ncontrollerDLegerSelfId=n0\ncontrollerElectionTimeoutMillis=100\n"+
		"controllerDLegerPeers=n0-%s;n1-127.0.0.1:1\ncontrollerStorePath=%s\nbindAddress=127.0.0.1\n", addr,
		filepath.Join(dir, "controller"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := namesrv.DefaultConfig()
	c.ListenPort, c.BindAddress, c.MetricsPromExporterPort = 0, "127.0.0.1", 25577
	c.KVConfigPath, c.ConfigStorePath = filepath.Join(dir, "kv.json"), filepath.Join(dir, "namesrv.properties")
	s, err := namesrv.New(c, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	guest, err := controllerBeside(file, &c, &logFlags{level: "info"}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	s.Host(guest)
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	base := "http://" + s.MetricsAddr("127.0.0.1")
	if text := page(t, base+"/metrics", 200); !strings.Contains(text, "gorocket_namesrv_brokers{") {
		t.Errorf("before the controller runs: %s", text)
	}
	if err := guest.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = guest.Stop(context.Background()) })
	limit := time.Now().Add(10 * time.Second)
	for !strings.Contains(page(t, base+"/health", 200), "warning: the controllers have no leader") {
		if time.Now().After(limit) {
			t.Fatal("no word of the controllers: " + page(t, base+"/health", 200))
		}
		time.Sleep(10 * time.Millisecond)
	}
	text = page(t, base+"/metrics", 200)
	for _, want := range []string{"gorocket_namesrv_brokers{", `role{node_id="n0",node_type="controller"} 2`,
		`gorocket_connections{node_id="n0",node_type="controller"}`, `node_type="nameserver"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}

func page(t *testing.T, url string, status int) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status {
		t.Fatalf("%s: %d %s %v", url, resp.StatusCode, text, err)
	}
	return string(text)
}
