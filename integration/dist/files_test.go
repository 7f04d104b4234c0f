package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const packagesDir = "../../docs/packages"

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// notRun counts a test that this machine cannot run; with CI set that is a failure.
func notRun(t *testing.T, why string) {
	t.Helper()
	fmt.Printf("NOT RUN: %s: %s\n", t.Name(), why)
	if os.Getenv("CI") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// instructions of a Dockerfile, continued lines joined.
func instructions(t *testing.T, name string) (all [][2]string) {
	t.Helper()
	joined := strings.ReplaceAll(text(t, filepath.Join(packagesDir, "image", name)), "\\\n", " ")
	for line := range strings.Lines(joined) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			word, rest, _ := strings.Cut(line, " ")
			all = append(all, [2]string{word, strings.TrimSpace(rest)})
		}
	}
	return all
}

// TestDockerfiles: rules of hadolint that matter here, and that what is copied is made by make dist.
func TestDockerfiles(t *testing.T) {
	r := shared(t)
	for _, name := range []string{"Dockerfile", "Dockerfile.java-layout"} {
		last := map[string]string{}
		for _, i := range instructions(t, name) {
			word, rest := i[0], i[1]
			last[word] = rest
			switch word {
			case "ADD", "MAINTAINER":
				t.Errorf("%s: %s", name, word)
			case "FROM":
				if rest != "scratch" && !regexp.MustCompile(`^[a-z]+:\d+\.\d+$`).MatchString(rest) {
					t.Errorf("%s: FROM %s has no fixed version", name, rest)
				}
			case "CMD", "ENTRYPOINT":
				if !strings.HasPrefix(rest, "[\"") {
					t.Errorf("%s: %s is not in the exec form: signals would not arrive", name, word)
				}
			case "RUN":
				if strings.Contains(rest, "apk add") && (!strings.Contains(rest, "--no-cache") || !strings.Contains(rest, "=")) {
					t.Errorf("%s: RUN %s", name, rest)
				}
			case "COPY":
				words := strings.Fields(rest)
				for _, from := range words[:len(words)-1] {
					if strings.HasPrefix(from, "--") {
						continue
					}
					if from == "${TARGETARCH}/gorocket" { // of the compiler
						continue
					}
					if _, err := os.Stat(filepath.Join(r.out, "image", from)); err != nil {
						t.Errorf("%s: COPY of what make dist does not make: %v", name, err)
					}
				}
			}
		}
		if !strings.Contains(last["HEALTHCHECK"], `CMD ["/usr/bin/gorocket", "health"]`) || last["USER"] == "" ||
			last["STOPSIGNAL"] != "SIGTERM" || last["CMD"] == "" {
			t.Errorf("%s: %v", name, last)
		}
		if name == "Dockerfile" && (last["FROM"] != "scratch" || last["USER"] != "10001:10001" || last["RUN"] != "") {
			t.Errorf("%s: %v", name, last)
		}
	}
}

// TestUnits: systemd reads them without a word, and finds little that a server could reach beyond what it needs.
func TestUnits(t *testing.T) {
	units, err := filepath.Glob(filepath.Join(packagesDir, "systemd", "*.service"))
	if err != nil || len(units) != 3 {
		t.Fatal(units, err)
	}
	for _, u := range units {
		for _, want := range []string{"Type=notify\n", "ExecReload=/bin/kill -HUP $MAINPID\n", "NoNewPrivileges=true\n",
			"ProtectSystem=strict\n", "User=gorocket\n", "WatchdogSec=60\n", "LimitNOFILE=1048576\n", "CapabilityBoundingSet=\n"} {
			if !strings.Contains(text(t, u), "\n"+want) {
				t.Errorf("%s has no %s", u, want)
			}
		}
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		notRun(t, err.Error())
	}
	dir := t.TempDir()
	for _, u := range units {
		local := filepath.Join(dir, filepath.Base(u))
		unit := strings.ReplaceAll(text(t, u), "/usr/bin/gorocket", "/bin/true")
		unit = strings.ReplaceAll(unit, "file:///usr/share", "https://example.invalid")
		if err := os.WriteFile(local, []byte(unit), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("systemd-analyze", "--man=no", "verify", local).CombinedOutput()
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, filepath.Base(u)) && !strings.Contains(line, "ot found") {
				t.Errorf("%s: %s (%v)", u, line, err)
			}
		}
		score, err := exec.Command("systemd-analyze", "security", "--offline=true", local).CombinedOutput()
		m := regexp.MustCompile(`Overall exposure level for \S+: (\d+)\.\d`).FindSubmatch(score)
		if err != nil || m == nil || len(m[1]) > 1 || m[1][0] > '2' {
			t.Errorf("%s: %v %.2000s", u, err, score)
		} else {
			t.Logf("%s", m[0])
		}
	}
}

// layout copies the folder of Java's names, and a program that says how it was called.
func layout(t *testing.T) (home, program string) {
	t.Helper()
	r := &release{root: "../.."}
	all, err := r.tree("docs/packages/java-layout", "broker")
	if err == nil {
		home = filepath.Join(t.TempDir(), "broker")
		err = copyTo(filepath.Dir(home), all)
	}
	program = filepath.Join(filepath.Dir(home), "gorocket")
	if err == nil {
		err = os.WriteFile(program, []byte("#!/bin/sh\necho \"home=$ROCKETMQ_HOME\"\nfor a in \"$@\"; do echo \"<$a>\"; done\n"), 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return home, program
}

func shell(t *testing.T, dir string, env []string, argv ...string) string {
	t.Helper()
	c := exec.Command(argv[0], argv[1:]...)
	c.Dir, c.Env = dir, append(env, "PATH="+os.Getenv("PATH"))
	out, err := c.CombinedOutput()
	if err != nil {
		t.Errorf("%v: %v: %s", argv, err, out)
	}
	return string(out)
}

// TestStartScripts: Java's names, as charts call them: sh mqbroker, ./mqbroker, through brokerStart.sh of the operator.
func TestStartScripts(t *testing.T) {
	home, program := layout(t)
	bin, env := filepath.Join(home, "bin"), []string{"GOROCKET=" + program}
	for name, command := range map[string]string{"mqbroker": "broker", "mqnamesrv": "namesrv", "mqcontroller": "controller",
		"mqadmin": "admin"} {
		for _, argv := range [][]string{{"sh", name, "-n", "a:1;b:2", "-c", "x y"}, {"./" + name, "-n", "a:1;b:2", "-c", "x y"}} {
			got := shell(t, bin, env, argv...)
			if !strings.HasSuffix(got, "<"+command+">\n<-n>\n<a:1;b:2>\n<-c>\n<x y>\n") ||
				name != "mqadmin" && !strings.HasPrefix(got, "home="+home+"\n") {
				t.Errorf("%v: %s", argv, got)
			}
		}
	}
	env = append(env, "ROCKETMQ_HOME="+home, "NAMESRV_ADDR=ns:9876")
	if got := shell(t, "/", env, "sh", filepath.Join(bin, "start.sh")); !strings.HasSuffix(got,
		"<broker>\n<-n>\n<ns:9876>\n<-c>\n<"+home+"/conf/broker.conf>\n") {
		t.Error(got)
	}
}

// TestOperatorVariables: the file that Apache's rocketmq-operator and charts want made of their variables, read by the
// program itself where it is built.
func TestOperatorVariables(t *testing.T) {
	for _, c := range []struct {
		common string
		env    []string
		want   string
	}{
		{"flushDiskType=ASYNC_FLUSH\nbrokerRole=ASYNC_MASTER\nbrokerName=x\n", []string{"BROKER_ID=0", "BROKER_NAME=b-0",
			"BROKER_CLUSTER_NAME=c", "POD_IP=10.0.0.7"}, "flushDiskType=ASYNC_FLUSH\n\nbrokerClusterName=c\nbrokerName=b-0\n" +
			"brokerId=0\nbrokerRole=ASYNC_MASTER\nbrokerIP1=10.0.0.7\n"},
		{"brokerRole = SYNC_MASTER\nfileReservedTime: 48\n", []string{"BROKER_ID=1", "BROKER_NAME=b-0"},
			"fileReservedTime: 48\n\nbrokerClusterName=DefaultCluster\nbrokerName=b-0\nbrokerId=1\nbrokerRole=SLAVE\n"},
		{"", []string{"BROKER_ID=0", "BROKER_NAME=b-1", "enableControllerMode=true", "controllerAddr=k:9878"},
			"\nbrokerClusterName=DefaultCluster\nbrokerName=b-1\nbrokerId=-1\nbrokerRole=SLAVE\nenableControllerMode=true\n" +
				"controllerAddr=k:9878\n"},
	} {
		home, _ := layout(t)
		if err := os.WriteFile(filepath.Join(home, "conf", "broker-common.conf"), []byte(c.common), 0o600); err != nil {
			t.Fatal(err)
		}
		shell(t, filepath.Join(home, "bin"), append(c.env, "ROCKETMQ_HOME="+home), "sh", "./brokerGenConfig.sh")
		made := filepath.Join(home, "conf", "broker.conf")
		if got := text(t, made); got != c.want {
			t.Errorf("%q of %v:\n%q, want\n%q", c.common, c.env, got, c.want)
		}
		program, err := filepath.Abs(filepath.Join(os.Getenv("GOROCKET_BIN"), "gorocket"))
		if os.Getenv("GOROCKET_BIN") == "" || err != nil {
			program, _ = filepath.Abs("../../bin/gorocket")
		}
		if _, err := os.Stat(program); err != nil {
			notRun(t, "bin/gorocket is missing: make build")
		}
		if out := shell(t, home, []string{"HOME=" + home}, program, "check-config", "--strict", made); !strings.Contains(out,
			"A broker starts with it.") {
			t.Error(out)
		}
	}
}
