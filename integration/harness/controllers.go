package harness

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gorocket/integration/wire"
)

// Controllers are a group of controllers: three of ours, or one of Java's, as a JVM for each is more than two cores
// carry.
type Controllers struct {
	Addrs []string
	Procs []*Process

	opt ControllersOptions
}

// ControllersOptions say what is started.
type ControllersOptions struct {
	Kind   Kind
	Dir    string   // for files
	Host   string   // empty: 127.0.0.1
	Prefix []string // in front of their command lines, for a network namespace
	Scan   string   // scanNotActiveBrokerInterval; empty: Java's default
	Conf   Conf     // more keys
	// Sign signs what Leader asks; nil: it does not.
	Sign func(*wire.Request)
}

// StartControllers starts them and waits until one leads. After an error nothing runs.
func StartControllers(opt ControllersOptions) (g *Controllers, err error) {
	opt.Host, opt.Scan = cmp.Or(opt.Host, "127.0.0.1"), cmp.Or(opt.Scan, "5000")
	g = &Controllers{opt: opt, Procs: make([]*Process, 3)}
	if opt.Kind == Java {
		g.Procs = g.Procs[:1]
	}
	defer func() {
		if err != nil {
			g.Kill()
		}
	}()
	var peers []string
	for i := range g.Procs {
		port, err := FreePort()
		if err != nil {
			return g, err
		}
		g.Addrs = append(g.Addrs, fmt.Sprintf("%s:%d", opt.Host, port))
		peers = append(peers, fmt.Sprintf("n%d-%s", i, g.Addrs[i]))
	}
	for i := range g.Procs {
		conf := Conf{"controllerDLegerGroup": "g", "controllerDLegerPeers": strings.Join(peers, ";"),
			"controllerDLegerSelfId": fmt.Sprint("n", i), "scanNotActiveBrokerInterval": opt.Scan,
			"controllerStorePath": filepath.Join(opt.Dir, fmt.Sprint("store", i))}
		if opt.Kind == Go {
			conf["bindAddress"] = opt.Host
		}
		maps.Copy(conf, opt.Conf)
		if err := os.WriteFile(g.file(i), conf.Text(), 0o644); err != nil {
			return g, err
		}
		if err := g.Start(i); err != nil {
			return g, err
		}
	}
	for end := time.Now().Add(30 * time.Second); g.Leader() < 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			return g, fmt.Errorf("harness: no controller leads\n%s", g.Procs[0].Tail(40))
		}
	}
	return g, nil
}

func (g *Controllers) file(i int) string { return filepath.Join(g.opt.Dir, fmt.Sprintf("c%d.conf", i)) }

// Start starts one, for the first time or again, and does not wait.
func (g *Controllers) Start(i int) (err error) {
	name := fmt.Sprint("controller", i)
	if g.opt.Kind == Java {
		g.Procs[i], err = StartJava(name, g.opt.Dir, "256m", "org.apache.rocketmq.controller.ControllerStartup", g.opt.Prefix,
			"-c", g.file(i))
		return err
	}
	g.Procs[i], err = StartProcess(name, g.opt.Dir, nil, append(slices.Clone(g.opt.Prefix), Binary("mqcontroller"), "-c",
		g.file(i))...)
	return err
}

// Kill ends all of them.
func (g *Controllers) Kill() {
	for _, p := range g.Procs {
		if p != nil {
			p.Kill()
		}
	}
}

// Leader finds who leads, by asking each (1005); -1 while nobody does.
func (g *Controllers) Leader() int {
	for i, addr := range g.Addrs {
		question := wire.Request{Code: 1005, Ext: map[string]any{}}
		if g.opt.Sign != nil {
			g.opt.Sign(&question)
		}
		r, err := wire.Call(addr, question, time.Second)
		if err == nil && r.Ext["isLeader"] == "true" {
			return i
		}
	}
	return -1
}

// Ask sends a request to the leader and reads its JSON into out, if that is not nil. An error while there is none, or
// for another code than 0.
func (g *Controllers) Ask(code int, ext map[string]any, body string, out any) error {
	i := g.Leader()
	if i < 0 {
		return fmt.Errorf("harness: no controller leads")
	}
	r, err := wire.Call(g.Addrs[i], wire.Request{Code: code, Ext: ext, Body: []byte(body)}, 5*time.Second)
	if err == nil && r.Code != 0 {
		err = fmt.Errorf("harness: request %d answered %d: %s", code, r.Code, r.Remark)
	}
	if err != nil || out == nil || len(r.Body) == 0 {
		return err
	}
	return json.Unmarshal(r.Body, out)
}

// BrokerSet is what the controllers know of one (1006).
type BrokerSet struct {
	MasterAddress  string    `json:"masterAddress"`
	MasterBrokerID int64     `json:"masterBrokerId"`
	InSync         []Replica `json:"inSyncReplicas"`
}

// Replica is a broker of it.
type Replica struct {
	Address string `json:"brokerAddress"`
	ID      int64  `json:"brokerId"`
}

// Sets asks for broker sets; those that the controllers do not know are not in the table.
func (g *Controllers) Sets(names ...string) map[string]BrokerSet {
	var out struct {
		Table map[string]BrokerSet `json:"replicasInfoTable"`
	}
	text, err := json.Marshal(names)
	if err == nil {
		_ = g.Ask(1006, nil, string(text), &out) // nothing is known while nobody leads
	}
	return out.Table
}

// BrokerConf is Java's configuration of a broker whose role the group decides.
func (g *Controllers) BrokerConf(set string) Conf {
	return Conf{"brokerName": set, "brokerId": "-1", "brokerRole": "SLAVE", "enableControllerMode": "true",
		"controllerAddr": strings.Join(g.Addrs, ";"), "allAckInSyncStateSet": "true", "brokerIP2": "127.0.0.1"}
}
