package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func checkFile(t *testing.T, text string, flags ...string) (out string, err error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := commandFor("gorocket")
	c.SilenceUsage, c.SilenceErrors = true, true
	var b bytes.Buffer
	c.SetOut(&b)
	c.SetArgs(append([]string{"check-config", file}, flags...))
	err = c.Execute()
	return b.String(), err
}

// TestCheckConfig: each key with what is to be known about it; what a start refuses, with the reason.
func TestCheckConfig(t *testing.T) {
	for _, c := range []struct {
		text string
		ok   bool
		want []string
	}{
		{"# mine\nfileReservedTime=48\nlongPollingEnable = true\n", true, []string{": broker, 2 keys",
			"changed  line 2    fileReservedTime=48", "number of h, 1..", "default 72; changes act at once",
			"ok       line 3    longPollingEnable=true", "true or false; default true", "A broker starts with it."}},
		{"fileReservedTime=x\nmaxMessageSize=0\nflushDiskType=SYNC\n", false, []string{
			"WRONG    line 1    fileReservedTime=x  <- want a whole number", "WRONG    line 2    maxMessageSize=0  <- must be",
			"flushDiskType=SYNC  <- want one of ASYNC_FLUSH, SYNC_FLUSH", "No broker starts with it: 3 mistakes."}},
		{"maxMesageSize=9\nfilterServerNums=1\nthings=2\n", true, []string{"do you mean maxMessageSize?",
			"unused   line 2    filterServerNums=1", "UNKNOWN  line 3    things=2  <- nobody has this key\n"}},
		{"brokerRole=SLAVE\n", false, []string{"WRONG  config key brokerId: value \"0\""}},
		{"enableDLegerCommitLog=true\n", false, []string{"enableDLegerCommitLog=true  <- not supported yet"}},
		{"initAuthenticationUser={\"username\":\"u\",\"password\":\"hush\"}\n", true, []string{"=***"}},
		{"kvConfigPath=/kv\nscanNotActiveBrokerInterval=1\n", false, []string{": namesrv, 2 keys",
			"scanNotActiveBrokerInterval=1  <- must be at least 10"}},
		{"controllerDLegerGroup=g\ncontrollerDLegerPeers=n0-127.0.0.1:9877\ncontrollerDLegerSelfId=n1\n", false,
			[]string{": controller, 3 keys", "controllerDLegerSelfId=n1  <- is not among"}},
		{"enableControllerInNamesrv=true\nkvConfigPath=/kv\nenableTopicList=false\ncontrollerDLegerGroup=g\n" +
			"controllerDLegerPeers=n0-127.0.0.1:9877\ncontrollerDLegerSelfId=n0\n", true, []string{": namesrv, 6 keys",
			"changed  line 4    controllerDLegerGroup=g"}},
	} {
		out, err := checkFile(t, c.text)
		if (err == nil) != c.ok || err != nil && (!errors.Is(err, errRefused) || exitStatus(err) != 1) {
			t.Errorf("%q: %v", c.text, err)
		}
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%q: %q is missing in\n%s", c.text, want, out)
			}
		}
		if strings.Contains(out, "hush") {
			t.Errorf("a secret is printed: %s", out)
		}
	}
}

// TestCheckConfigForPrograms: the same as JSON, with every key; exit codes.
func TestCheckConfigForPrograms(t *testing.T) {
	out, err := checkFile(t, "maxMessageSize=5\nnobodys=1\n", "--json", "--all")
	var r checked
	if jerr := json.Unmarshal([]byte(out), &r); err != nil || jerr != nil || !r.OK || len(r.Keys) < 200 ||
		r.Keys[0].Key != "maxMessageSize" || !r.Keys[0].Differs || r.Keys[1].Known || r.Keys[2].Differs {
		t.Errorf("%v %v %.500s", err, jerr, out)
	}
	if _, err := checkFile(t, "nobodys=1\n", "--strict"); !errors.Is(err, errRefused) {
		t.Errorf("--strict: %v", err)
	}
	for _, args := range [][]string{{"check-config"}, {"check-config", "/none"}, {"check-config", "x", "--typo"}} {
		c := commandFor("gorocket")
		c.SilenceUsage, c.SilenceErrors = true, true
		c.SetArgs(args)
		if err := c.Execute(); err == nil || exitStatus(err) != 2 {
			t.Errorf("%q: %v", args, err)
		}
	}
	if _, err := checkFile(t, "", "--as", "proxy"); exitStatus(err) != 2 {
		t.Errorf("--as proxy: %v", err)
	}
}
