package chart

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pod is one of a StatefulSet: a plain process in a network namespace.
type pod struct {
	name, host, addr string
	net              *exec.Cmd // holds the namespace
	dir              string
	argv             []string // with nsenter and the mounts in front
	ready            []string // the readiness probe
	proc             *exec.Cmd
	log              *os.File
}

// cluster is all pods of a rendering on one switch, in namespaces that end with this process.
type cluster struct {
	t      *testing.T
	dir    string
	binary string
	hosts  string
	bridge *exec.Cmd
	pods   map[string]*pod
	client *exec.Cmd
	names  string // NameServers
}

// missing says why pods cannot run here, "" when they can.
func missing() string {
	if os.Geteuid() != 0 {
		return "not root: no network namespaces"
	}
	for _, tool := range []string{"ip", "nsenter", "unshare", "mount"} {
		if _, err := exec.LookPath(tool); err != nil {
			return err.Error()
		}
	}
	if _, err := os.Stat(binary()); err != nil {
		return "bin/gorocket is missing: make build"
	}
	return ""
}

func binary() string {
	if dir := os.Getenv("GOROCKET_BIN"); dir != "" {
		return filepath.Join(dir, "gorocket")
	}
	path, _ := filepath.Abs("../../../bin/gorocket")
	return path
}

func run(argv ...string) (string, error) {
	var out, errs bytes.Buffer
	c := exec.Command(argv[0], argv[1:]...)
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, errs.String())
	}
	return out.String(), nil
}

// namespace starts a process that holds one.
func namespace() (*exec.Cmd, error) {
	c := exec.Command("sleep", "infinity")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	return c, c.Start()
}

func inside(c *exec.Cmd) []string {
	return []string{"nsenter", "-n", "-t", strconv.Itoa(c.Process.Pid)}
}

// start makes a cluster of a rendering.
func start(t *testing.T, r *rendered) *cluster {
	t.Helper()
	c := &cluster{t: t, dir: t.TempDir(), binary: binary(), pods: map[string]*pod{}}
	t.Cleanup(c.stop)
	var err error
	if c.bridge, err = namespace(); err != nil {
		t.Fatal(err)
	}
	c.must(append(inside(c.bridge), "ip", "link", "add", "switch", "type", "bridge")...)
	c.must(append(inside(c.bridge), "ip", "link", "set", "switch", "up")...)
	var sets []string
	for name := range r.sets {
		sets = append(sets, name)
	}
	sort.Strings(sets)
	for _, name := range sets {
		for i := range int(*r.sets[name].Spec.Replicas) {
			c.add(r, name, i)
		}
	}
	c.client = c.join("10.244.0.250")
	c.hosts = filepath.Join(c.dir, "hosts")
	text := "127.0.0.1 localhost\n"
	for _, p := range c.pods {
		text += p.addr + " " + p.host + "\n"
	}
	c.write(c.hosts, text)
	for _, p := range c.pods {
		c.launch(p)
	}
	return c
}

func (c *cluster) must(argv ...string) {
	c.t.Helper()
	if _, err := run(argv...); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) write(path, text string) {
	c.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// join makes a namespace with an address on the switch.
func (c *cluster) join(addr string) *exec.Cmd {
	c.t.Helper()
	n, err := namespace()
	if err != nil {
		c.t.Fatal(err)
	}
	port := "p" + addr[strings.LastIndex(addr, ".")+1:]
	c.must("ip", "link", "add", port, "netns", strconv.Itoa(c.bridge.Process.Pid), "type", "veth", "peer", "name", "eth0",
		"netns", strconv.Itoa(n.Process.Pid))
	c.must(append(inside(c.bridge), "ip", "link", "set", port, "master", "switch", "up")...)
	for _, words := range []string{"addr add " + addr + "/24 dev eth0", "link set eth0 up", "link set lo up"} {
		c.must(append(append(inside(n), "ip"), strings.Fields(words)...)...)
	}
	return n
}

// add prepares pod number i of a set: its file, its folder, its command line.
func (c *cluster) add(r *rendered, set string, i int) {
	c.t.Helper()
	s := r.sets[set]
	box := &s.Spec.Template.Spec.Containers[0]
	p := &pod{name: fmt.Sprintf("%s-%d", set, i), addr: fmt.Sprintf("10.244.0.%d", len(c.pods)+1)}
	p.host = fmt.Sprintf("%s.%s.prod.svc.cluster.local", p.name, s.Spec.ServiceName)
	p.dir = filepath.Join(c.dir, p.name)
	for _, d := range []string{"data", "conf"} {
		if err := os.MkdirAll(filepath.Join(p.dir, d), 0o755); err != nil {
			c.t.Fatal(err)
		}
	}
	conf, ok := r.files[p.name+".conf"]
	if !ok {
		c.t.Fatalf("there is no file for %s", p.name)
	}
	// The mounts of a pod, by other names.
	local := strings.NewReplacer("/var/lib/gorocket", p.dir+"/data", "/conf/", p.dir+"/conf/", "$(POD_NAME)", p.name,
		"/usr/bin/gorocket", c.binary)
	c.write(filepath.Join(p.dir, "conf", p.name+".conf"), local.Replace(conf))
	for _, word := range append(append([]string{}, box.Command...), box.Args...) {
		p.argv = append(p.argv, local.Replace(word))
	}
	for _, word := range box.ReadinessProbe.Exec.Command {
		p.ready = append(p.ready, local.Replace(word))
	}
	p.net = c.join(p.addr)
	c.pods[p.name] = p
	if strings.HasPrefix(p.name, "mq-namesrv") {
		c.names = strings.TrimPrefix(c.names+";"+p.host+":9876", ";")
	}
}

// within is a command in a namespace, with the hosts of the cluster in the place of DNS.
func (c *cluster) within(n *exec.Cmd, argv ...string) *exec.Cmd {
	all := append(inside(n), "unshare", "-m", "sh", "-c", `mount --bind "$0" /etc/hosts && exec "$@"`, c.hosts)
	all = append(all, argv...)
	return exec.Command(all[0], all[1:]...)
}

func (c *cluster) launch(p *pod) {
	c.t.Helper()
	var err error
	if p.log, err = os.OpenFile(filepath.Join(p.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		c.t.Fatal(err)
	}
	p.proc = c.within(p.net, p.argv...)
	p.proc.Env = []string{"HOME=" + p.dir + "/data", "POD_NAME=" + p.name, "PATH=" + os.Getenv("PATH"), "GOMAXPROCS=2"}
	p.proc.Stdout, p.proc.Stderr = p.log, p.log
	p.proc.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.proc.Start(); err != nil {
		c.t.Fatal(err)
	}
}

// kill is the death of a pod: its process and its connections are gone.
func (c *cluster) kill(p *pod) {
	_ = p.proc.Process.Kill() // nsenter, unshare and sh are replaced by it: exec all the way
	_ = p.proc.Wait()
	_ = p.log.Close()
}

func (c *cluster) stop() {
	for _, p := range c.pods {
		if p.proc != nil {
			c.kill(p)
		}
		if c.t.Failed() {
			text, _ := os.ReadFile(filepath.Join(p.dir, "log"))
			c.t.Logf("%s (%s)\n%s", p.name, p.addr, text[max(0, len(text)-3000):])
		}
		_ = p.net.Process.Kill()
		_ = p.net.Wait()
	}
	for _, n := range []*exec.Cmd{c.client, c.bridge} {
		if n != nil && n.Process != nil {
			_ = n.Process.Kill()
			_ = n.Wait()
		}
	}
}

// until waits for something that is told by its error. A moment in which the machine stood still counts a second at most.
func (c *cluster) until(what string, limit time.Duration, ok func() error) time.Duration {
	c.t.Helper()
	var spent time.Duration
	for last := time.Now(); ; {
		err := ok()
		spent += min(time.Since(last), time.Second)
		last = time.Now()
		if err == nil {
			return spent
		}
		if spent > limit {
			c.t.Fatalf("%s: not within %s: %v", what, limit, err)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func (c *cluster) allReady() {
	c.t.Helper()
	for _, p := range c.pods {
		c.until(p.name+" becomes ready", 2*time.Minute, func() error {
			out, err := c.within(p.net, p.ready...).CombinedOutput()
			if err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			return nil
		})
	}
}

// admin runs mqadmin beside the cluster.
func (c *cluster) admin(args ...string) (string, error) {
	cmd := c.within(c.client, append([]string{c.binary, "admin"}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s%s", strings.Join(args, " "), err, &errs, &out)
	}
	return out.String(), nil
}

// masters finds the pod that is master of each set, by the NameServers.
func (c *cluster) masters() (map[string]*pod, error) {
	out, err := c.admin("topicRoute", "-n", c.names, "-t", "TBW102", "--json")
	if err != nil {
		return nil, err
	}
	var route struct {
		BrokerDatas []struct {
			BrokerName  string
			BrokerAddrs map[string]string
		}
	}
	if err := json.Unmarshal([]byte(out), &route); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	found := map[string]*pod{}
	for _, d := range route.BrokerDatas {
		for _, p := range c.pods {
			if strings.HasPrefix(d.BrokerAddrs["0"], p.host+":") {
				found[d.BrokerName] = p
			}
		}
	}
	return found, nil
}

// inSync waits until each set has two brokers that may become master.
func (c *cluster) inSync(sets []string) {
	c.t.Helper()
	for _, set := range sets {
		c.until("two brokers of "+set+" are in sync", 2*time.Minute, func() error {
			out, err := c.admin("getSyncStateSet", "-a", c.pods["mq-controller-1"].host+":9877", "-b", set)
			if err == nil && strings.Count(out, "InSyncReplica:") < 2 {
				err = errors.New(out)
			}
			return err
		})
	}
}

// send has one message stored, on a set or on any.
func (c *cluster) send(body, set string) error {
	args := []string{"sendMessage", "-n", c.names, "-t", "T", "-p", body}
	if set != "" {
		args = append(args, "-b", set, "-i", "0")
	}
	out, err := c.admin(args...)
	if err == nil && !strings.Contains(out, "SEND_OK") {
		err = errors.New(out)
	}
	return err
}

// TestPods: a cluster of the chart comes up, and survives the death of a NameServer, of a controller and of a master:
// nothing that was acknowledged is lost, and the dead come back.
func TestPods(t *testing.T) {
	if why := missing(); why != "" {
		fmt.Printf("NOT RUN: TestPods: %s\n", why)
		if os.Getenv("CI") != "" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	small := map[string]any{"mappedFileSizeCommitLog": "16777216", "maxHashSlotNum": "1000", "maxIndexNum": "4000",
		"diskSpaceWarningLevelRatio": "100", "diskSpaceCleanForciblyRatio": "99", "allAckInSyncStateSet": "true"}
	c := start(t, render(t, map[string]any{"broker": map[string]any{"config": small}}))
	c.allReady()
	sets := []string{"mq-broker-0", "mq-broker-1"}
	var masters map[string]*pod
	c.until("each set has a master", time.Minute, func() (err error) {
		if masters, err = c.masters(); err == nil && len(masters) != len(sets) {
			err = fmt.Errorf("masters %v", masters)
		}
		return err
	})
	if _, err := c.admin("updateTopic", "-n", c.names, "-c", "DefaultCluster", "-t", "T", "-r", "1", "-w", "1"); err != nil {
		t.Fatal(err)
	}
	c.inSync(sets)
	var sent []string
	say := func(body, set string, limit time.Duration) time.Duration {
		took := c.until("a send of "+body+" to "+set, limit, func() error { return c.send(body, set) })
		sent = append(sent, body)
		return took
	}
	for _, set := range sets {
		say("before-"+set, set, time.Minute)
	}
	for _, victim := range []*pod{c.pods["mq-namesrv-0"], c.pods["mq-controller-0"], masters[sets[0]]} {
		c.kill(victim)
		for _, set := range sets {
			took := say("without-"+victim.name+"-"+set, set, time.Minute)
			t.Logf("%s is dead: %s takes messages after %s", victim.name, set, took.Round(time.Millisecond))
		}
		c.launch(victim)
		c.allReady()
		c.inSync(sets)
	}
	if now, err := c.masters(); err != nil || now[sets[0]] == masters[sets[0]] {
		t.Errorf("the set has the master that died: %v", err)
	}
	out, err := c.admin("printMsg", "-n", c.names, "-t", "T", "-d", "true")
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range sent {
		if !strings.Contains(out, body) {
			t.Errorf("%s was acknowledged, and is lost", body)
		}
	}
	t.Logf("%d pods, 3 died, %d messages are there", len(c.pods), len(sent))
}
