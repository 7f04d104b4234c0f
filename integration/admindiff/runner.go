package admindiff

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"gorocket/integration/harness"
)

// runner is a JVM with Apache's tools, see Runner.java.
type runner struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startRunner(dir string) (*runner, error) {
	lib, err := harness.JavaLib()
	if err != nil {
		return nil, err
	}
	conf := filepath.Join(dir, "silent")
	if err := os.MkdirAll(conf, 0o755); err != nil {
		return nil, err
	}
	for name, shade := range map[string]string{"rmq.logback.xml": "org.apache.rocketmq.logging.", "logback.xml": ""} {
		text := fmt.Sprintf("<configuration><appender name=\"NONE\" class=\"%sch.qos.logback.core.helpers.NOPAppender\"/>"+
			"<root level=\"OFF\"><appender-ref ref=\"NONE\"/></root></configuration>", shade)
		if err := os.WriteFile(filepath.Join(conf, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	r := &runner{cmd: exec.Command("java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Duser.home="+dir,
		"-Dcom.rocketmq.sendMessageWithVIPChannel=false", "-cp", conf+":"+lib+"/*",
		filepath.Join(harness.Root(), "admindiff", "Runner.java"))}
	r.cmd.Dir, r.cmd.Stderr = dir, os.Stderr
	r.cmd.Env = append(os.Environ(), "ROCKETMQ_HOME="+dir)
	if r.in, err = r.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.out = bufio.NewReader(out)
	return r, r.cmd.Start()
}

func (r *runner) stop() {
	_ = r.in.Close()
	_ = r.cmd.Process.Kill() // clients of a test may still run
	_ = r.cmd.Wait()
}

// run runs one command line and returns what it printed.
func (r *runner) run(words ...string) (out, errs string, err error) {
	if _, err := fmt.Fprintln(r.in, strings.Join(words, "\t")); err != nil {
		return "", "", err
	}
	line, err := r.out.ReadString('\n')
	if err != nil {
		return "", "", fmt.Errorf("the JVM ended at %q: %w", words, err)
	}
	var n, m int
	if _, err := fmt.Sscanf(line, "%d %d", &n, &m); err != nil {
		return "", "", fmt.Errorf("%q: %w", line, err)
	}
	buf := make([]byte, n+m)
	if _, err := io.ReadFull(r.out, buf); err != nil {
		return "", "", err
	}
	return string(buf[:n]), string(buf[n:]), nil
}

// ours runs one command line with our tool.
func ours(dir string, words ...string) (out, errs string) {
	cmd := exec.Command(harness.Binary("mqadmin"), words...)
	var o, e bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &o, &e
	cmd.Env = append(os.Environ(), "ROCKETMQ_HOME="+dir)
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(&e, err)
	}
	return o.String(), e.String()
}
