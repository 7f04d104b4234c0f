package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gorocket/integration/harness"
)

// tenCommands is the block of docs/security.md that makes a closed cluster of nothing.
func tenCommands(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)### From nothing to a closed cluster.*?```sh\n(.*?)```").FindSubmatch(text)
	if found == nil {
		t.Fatal("docs/security.md has no such block")
	}
	lines := strings.Split(strings.TrimSpace(string(found[1])), "\n")
	if len(lines) > 10 {
		t.Errorf("%d commands, ten are promised", len(lines))
	}
	return lines
}

// The programs that the commands call: mqadmin as Apache's script starts it, and an ssh to a machine that is a folder.
const (
	mqadminShim = "#!/bin/sh\nexec java $JAVA_OPT -Xmx128m -cp '%s' org.apache.rocketmq.tools.command.MQAdminStartup \"$@\"\n"
	sshShim     = "#!/bin/sh\nshift\nHOME=%s exec sh -c \"$*\"\n"
)

// TestTenCommands runs what docs/security.md says, with two machines that are folders of this one: a NameServer and a
// broker on the first, a broker on the second with a copy of the secrets.
func TestTenCommands(t *testing.T) {
	harness.Count(t)
	needJava(t, "5.5.0")
	lib, err := harness.JavaLib()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		return file
	}
	var ports [3]int
	for i := range ports {
		if ports[i], err = harness.FreePort(); err != nil {
			t.Fatal(err)
		}
	}
	conf, err := harness.QuietConf(filepath.Join(dir, "logs"))
	if err != nil {
		t.Fatal(err)
	}
	write("bin/mqadmin", fmt.Sprintf(mqadminShim, conf+":"+lib+"/*"))
	write("bin/ssh", fmt.Sprintf(sshShim, filepath.Join(dir, "m2")))
	write("m1/ns.conf", fmt.Sprintf("listenPort=%d\nbindAddress=127.0.0.1\nmetricsExporterType=DISABLE\n", ports[0]))
	write("rmq/conf/keep", "")
	for i := range 2 {
		write(fmt.Sprintf("m%d/broker.conf", i+1), fmt.Sprintf("brokerName=broker-%d\nlistenPort=%d\nbrokerIP1=127.0.0.1\n"+
			"bindAddress=127.0.0.1\nstorePathRootDir=%s/m%d/store\nmetricsExporterType=DISABLE\nmappedFileSizeCommitLog=16777216\n",
			i+1, ports[i+1], dir, i+1))
	}
	script := write("run.sh", tenCommandsScript(tenCommands(t), fmt.Sprintf("127.0.0.1:%d", ports[0])))
	cmd := exec.Command("timeout", "120", "bash", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+"/bin:"+filepath.Dir(harness.Binary("gorocket"))+":"+os.Getenv("PATH"),
		"DIR="+dir, "HOME="+dir+"/m1", "ROCKETMQ_HOME="+dir+"/rmq")
	cmd.WaitDelay = 5 * time.Second
	text, err := cmd.CombinedOutput()
	out := string(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(out))
	}
	for _, want := range []string{"create topic to 127.0.0.1:" + fmt.Sprint(ports[1]) + " success",
		"create topic to 127.0.0.1:" + fmt.Sprint(ports[2]) + " success", "create user to 127.0.0.1:" + fmt.Sprint(ports[2]) +
			" success", "create acl to 127.0.0.1:" + fmt.Sprint(ports[2]) + " success", "unsigned: refused"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, tail(out))
		}
	}
	for _, m := range []string{"m1", "m2"} {
		for _, name := range []string{"admin.yml", "inner.yml", "ca.key", "server.key"} {
			info, err := os.Stat(filepath.Join(dir, m, "gorocket-secure", name))
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s/%s: %v", m, name, err)
			}
		}
	}
}

// tenCommandsScript are the commands as one script: servers in the background, and their addresses those of this test.
func tenCommandsScript(lines []string, namesrv string) string {
	var b strings.Builder
	b.WriteString("set -e\ntrap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n")
	for _, line := range lines {
		line = strings.NewReplacer("10.0.0.1:9876;10.0.0.2:9876", namesrv, "10.0.0.1:9876", namesrv).Replace(line)
		line, _, _ = strings.Cut(line, "  #")
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "gorocket namesrv"):
			line = "cd $HOME; " + line + " -c ns.conf >$DIR/ns.log 2>&1 &\nsleep 1"
		case strings.HasPrefix(line, "gorocket broker"):
			line = fmt.Sprintf("(cd $DIR/m1; exec %s) >$DIR/b1.log 2>&1 &\n(cd $DIR/m2; export HOME=$DIR/m2; exec %s) "+
				">$DIR/b2.log 2>&1 &", line, line)
		case strings.HasPrefix(line, "mqadmin updateTopic"):
			line = "for i in $(seq 20); do mqadmin clusterList -n " + namesrv + " | grep -q broker-2 && break; sleep 1; done\n" +
				line
		}
		b.WriteString(line + "\n")
	}
	b.WriteString("mv $ROCKETMQ_HOME/conf/tools.yml $DIR\n" +
		"mqadmin clusterList -n " + namesrv + " | grep -q broker-2 || echo unsigned: refused\n")
	return b.String()
}
