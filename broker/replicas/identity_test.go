package replicas

import (
	"errors"
	"strings"
	"testing"

	"gorocket/store/vfs"
)

// What is not this broker's is refused, with the name of the file.
func TestIdentityRefused(t *testing.T) {
	for text, why := range map[string]string{
		"C#b": "no identity", "C#b#1#2": "no identity", "C#b#0": "no number above 0", "C#b#x": "no number above 0",
		"D#b#1": "brokerClusterName", "C#d#1": "brokerName",
	} {
		mem := vfs.NewMem()
		if err := vfs.WriteFileAtomic(mem, "/id", []byte(text)); err != nil {
			t.Fatal(err)
		}
		var bad *IdentityError
		_, err := readIdentity(mem, "/id", "C", "b", false)
		if !errors.As(err, &bad) || bad.File != "/id" || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if who, err := readIdentity(vfs.NewMem(), "/id", "C", "b", false); who != nil || err != nil {
		t.Errorf("no file: %v, %v", who, err)
	}
}

// An identity that is read is written as it was, and is this broker's.
func FuzzIdentity(f *testing.F) {
	f.Add("C#b#1", false)
	f.Add("C#b#7#h:1;5", true)
	f.Fuzz(func(t *testing.T, text string, temp bool) {
		mem := vfs.NewMem()
		if err := vfs.WriteFileAtomic(mem, "/id", []byte(text)); err != nil {
			t.Fatal(err)
		}
		who, err := readIdentity(mem, "/id", "C", "b", temp)
		if err != nil || who == nil {
			return
		}
		if err := who.write(mem, "/id", temp); err != nil {
			t.Fatal(err)
		}
		again, err := readIdentity(mem, "/id", "C", "b", temp)
		if err != nil || *again != *who || who.ID < 1 || who.Cluster != "C" || who.Broker != "b" {
			t.Fatalf("%q: %+v, then %+v, %v", text, who, again, err)
		}
	})
}
