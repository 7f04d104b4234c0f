package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	brokerconfig "gorocket/broker/config"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// TestVerifyCommand checks exit codes and output; what is found is tested in store.
func TestVerifyCommand(t *testing.T) {
	dir := t.TempDir()
	run := func(asJSON bool, dir string) (int, string, string) {
		var out, errs bytes.Buffer
		return verify(&out, &errs, dir, verifyOptions{json: asJSON}), out.String(), errs.String()
	}
	if code, _, errs := run(false, filepath.Join(dir, "none")); code != verifyFailed ||
		!strings.Contains(errs, "no store there") {
		t.Errorf("no directory: %d %s", code, errs)
	}
	for _, d := range []string{"commitlog", "config"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if code, out, errs := run(false, dir); code != verifyHealthy || !strings.Contains(out, "healthy") {
		t.Errorf("empty store: %d %s%s", code, out, errs)
	}
	if err := os.WriteFile(filepath.Join(dir, "config", "topics.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, out, _ := run(true, dir)
	var r struct {
		Healthy  bool
		Findings []struct{ File, Severity string }
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != verifyDamaged || r.Healthy || len(r.Findings) != 2 ||
		!strings.HasSuffix(r.Findings[1].File, "topics.json") {
		t.Errorf("damaged: %d %v %s", code, err, out)
	}
	if code, out, _ := run(false, dir); code != verifyDamaged || !strings.Contains(out, "damaged config "+dir) {
		t.Errorf("text: %d %s", code, out)
	}
	c := verifyCommand()
	if c.Flags().Lookup("json") == nil || c.Args(c, nil) == nil {
		t.Error("flags or arguments are wrong")
	}
}

// TestBatchTopicsAreKnown: verify and repair learn from topics.json which topics have batch queues, as a broker does. A
// start makes their queues anew, which lie in another folder and have other entries.
func TestBatchTopicsAreKnown(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "broker.conf")
	const keys = "mappedFileSizeCommitLog=65536\nmaxHashSlotNum=100\nmaxIndexNum=400\n"
	if err := os.WriteFile(conf, []byte(keys), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg, _, err := brokerconfig.Load(conf)
	if err != nil {
		t.Fatal(err)
	}
	cfg.StorePathRootDir = filepath.Join(dir, "store")
	makeBatchStore(t, cfg.Config)
	const table = `{"topicConfigTable":{"B":{"topicName":"B","attributes":{"queue.type":"BatchCQ"}}}}`
	if err := vfs.WriteFileAtomic(vfs.OS{}, cfg.StorePathRootDir+"/config/topics.json", []byte(table)); err != nil {
		t.Fatal(err)
	}
	// a kill before the queues were written
	if err := os.RemoveAll(cfg.StorePathRootDir + "/batchconsumequeue"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cfg.StorePathRootDir+"/abort", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if code := repair(&out, &errs, conf, cfg.StorePathRootDir, repairMode{}); code != verifyHealthy {
		t.Fatalf("%d %s%s", code, out.String(), errs.String())
	}
	for folder, want := range map[string]bool{"batchconsumequeue": true, "consumequeue": false} {
		if _, err := os.Stat(filepath.Join(cfg.StorePathRootDir, folder, "B")); (err == nil) != want {
			t.Errorf("repair built queues of a batch topic in %s: %v, want %v", folder, err == nil, want)
		}
	}
	out.Reset()
	if code := verify(&out, &errs, cfg.StorePathRootDir, verifyOptions{file: conf}); code != verifyHealthy {
		t.Errorf("%d %s%s", code, out.String(), errs.String())
	}
}

// makeBatchStore makes a cleanly stopped store with single messages in a batch topic.
func makeBatchStore(t *testing.T, cfg store.Config) {
	t.Helper()
	s, err := store.Open(cfg, vfs.OS{}, store.EventListener{IsBatchTopic: func(string) bool { return true }})
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if _, err := s.Append(&store.Record{Message: record.Message{Topic: "B", Body: []byte("x")}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}
