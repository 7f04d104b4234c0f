// Package cluster runs a cluster to try on one machine: three NameServers with a controller in each, and two groups of
// two brokers, every one a process of its own that can be killed, suspended and started again, at a prompt or by its
// pid. It is for people who want to see a failover before they build a cluster; see docs/operating.md.
package cluster

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"gorocket/remoting"
)

// Options say where a cluster comes from and who looks at it. All fields are required.
type Options struct {
	Program string // this program's file
	Dir     string // for configurations, logs and stores
	// FreePort finds a port of the loopback address that is none of taken, and for which the one that much below is free.
	FreePort func(below int, taken ...int) (int, error)
	In       io.Reader // commands; its end ends nothing
	Out      io.Writer
}

// Groups are the names of the broker groups.
var Groups = []string{"a", "b"}

const (
	clusterName = "DevCluster"
	controllers = 3
	replicas    = 2 // brokers of a group
)

// Cluster is a running one. One goroutine uses it.
type Cluster struct {
	opt     Options
	client  *remoting.Client
	members []*member
	names   []string // NameServers, host:port
	peers   []string // controllers, host:port
	taken   []int
}

// Start starts all members. After an error nothing runs.
func Start(opt Options) (c *Cluster, err error) {
	c = &Cluster{opt: opt}
	defer func() {
		if err != nil {
			c.Stop()
		}
	}()
	none, err := remoting.NewTable()
	if err != nil {
		return c, err
	}
	client, err := remoting.NewClient(none, remoting.Options{EventLoops: 1})
	if err != nil {
		return c, err
	}
	if err := client.Start(); err != nil {
		return c, err
	}
	c.client = client
	if err := c.plan(); err != nil {
		return c, err
	}
	for _, m := range c.members {
		if err := m.start(); err != nil {
			return c, err
		}
	}
	return c, c.awaitMasters(startLimit)
}

// Stop ends all members and waits for them.
func (c *Cluster) Stop() {
	for _, m := range c.members {
		m.terminate()
	}
	for _, m := range c.members {
		m.await()
	}
	if c.client != nil {
		_ = c.client.Stop()
	}
}

// plan chooses ports and writes the members' files.
func (c *Cluster) plan() error {
	var names, peers []int
	for range controllers {
		p, err := c.ports(0, 0)
		if err != nil {
			return err
		}
		names, peers = append(names, p[0]), append(peers, p[1])
	}
	for i := range controllers {
		c.names = append(c.names, local(names[i]))
		c.peers = append(c.peers, local(peers[i]))
	}
	for i := range controllers {
		if err := c.planController(i, names[i]); err != nil {
			return err
		}
	}
	for _, group := range Groups {
		for i := range replicas {
			if err := c.planBroker(group, fmt.Sprint(group, i+1)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Cluster) planController(i, port int) error {
	var peers []string
	for k, addr := range c.peers {
		peers = append(peers, fmt.Sprintf("n%d-%s", k, addr))
	}
	metrics, err := c.ports(0)
	if err != nil {
		return err
	}
	name := fmt.Sprint("n", i)
	dir := filepath.Join(c.opt.Dir, name)
	return c.add(name, "namesrv", c.names[i], settings{
		"listenPort": port, "bindAddress": host, "metricsPromExporterPort": metrics[0], "metricsPromExporterHost": host,
		"kvConfigPath":              filepath.Join(dir, "kvConfig.json"),
		"configStorePath":           filepath.Join(dir, "namesrv.properties"),
		"enableControllerInNamesrv": true, "controllerDLegerGroup": "dev", "controllerDLegerSelfId": name,
		"controllerDLegerPeers": strings.Join(peers, ";"), "controllerStorePath": filepath.Join(dir, "controller"),
	})
}

func (c *Cluster) planBroker(group, name string) error {
	p, err := c.ports(2, 0, 0)
	if err != nil {
		return err
	}
	return c.add(name, "broker", local(p[0]), settings{
		"brokerClusterName": clusterName, "brokerName": group, "brokerId": -1, "brokerRole": "SLAVE",
		"enableControllerMode": true, "controllerAddr": strings.Join(c.peers, ";"), "allAckInSyncStateSet": true,
		"namesrvAddr": strings.Join(c.names, ";"), "listenPort": p[0], "haListenPort": p[1],
		"metricsPromExporterPort": p[2], "metricsPromExporterHost": host, "bindAddress": host, "brokerIP1": host,
		"brokerIP2": host, "storePathRootDir": filepath.Join(c.opt.Dir, name, "store"),
		// what is small here: a member that is suspended is taken for dead soon, and files fit a notebook
		"controllerHeartBeatTimeoutMills": 2000, "brokerHeartbeatInterval": 200, "mappedFileSizeCommitLog": 64 << 20,
		"maxHashSlotNum": 100_000, "maxIndexNum": 400_000,
	})
}

const host = "127.0.0.1"

func local(port int) string { return fmt.Sprintf("%s:%d", host, port) }

// ports finds one port for each of below.
func (c *Cluster) ports(below ...int) (found []int, err error) {
	for _, b := range below {
		p, err := c.opt.FreePort(b, c.taken...)
		if err != nil {
			return nil, err
		}
		c.taken = append(c.taken, p, p-b)
		found = append(found, p)
	}
	return found, nil
}

// member finds one by its name.
func (c *Cluster) member(name string) (*member, error) {
	for _, m := range c.members {
		if m.name == name {
			return m, nil
		}
	}
	if name == "" {
		return nil, errors.New("which one?")
	}
	return nil, fmt.Errorf("there is no %q", name)
}
