package harness

import (
	"context"
	"os/exec"
	"time"
)

// MQAdmin runs one command of Apache's mqadmin against the cluster and returns what it printed. mqadmin ends with
// status 0 even when it failed: look at the text.
func (c *Cluster) MQAdmin(args ...string) string {
	c.t.Helper()
	return c.MQAdminOf("", args...)
}

// MQAdminOf is MQAdmin of another release; "": of the reference one.
func (c *Cluster) MQAdminOf(version string, args ...string) string {
	c.t.Helper()
	c.need(Java)
	lib, err := javaLib()
	if version != "" {
		lib, err = fetchJavaServers(version)
	}
	var argv, env []string
	if err == nil {
		argv, env, err = javaCommandOf(lib, c.dir+"/mqadmin", "128m", "org.apache.rocketmq.tools.command.MQAdminStartup",
			args...)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(cmd.Environ(), append(env, "NAMESRV_ADDR="+c.Names(), "TMPDIR="+c.dir)...)
	cmd.Dir = c.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("mqadmin %v: %v\n%s", args, err, out)
	}
	return string(out)
}
