package admin

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gorocket/remoting/admin"
)

// finding is what doctor saw.
type finding struct {
	Level   string `json:"level"` // see below
	Check   string `json:"check"`
	Subject string `json:"subject"` // broker, topic, group
	Text    string `json:"text"`
}

// Levels of findings. FAIL makes doctor end with status 1.
const (
	levelOK   = "OK"
	levelWarn = "WARN"
	levelFail = "FAIL"
)

// Limits from which doctor speaks.
const (
	diskWarn    = 0.75
	diskFail    = 0.90
	unevenMin   = 1000    // messages of a topic below which nobody minds where they are
	unevenTimes = 4       // the fullest queue against the mean
	behindBytes = 1 << 28 // of a slave
	backlogMin  = 1000    // messages that wait for nobody, or grow
)

// doctor is one examination.
type doctor struct {
	c        *call
	cl       *admin.Client
	rows     []admin.BrokerStatus
	findings []finding
}

func (d *doctor) say(level, check, subject, format string, args ...any) {
	d.findings = append(d.findings, finding{level, check, subject, fmt.Sprintf(format, args...)})
}

// good notes that a check had nothing to say since the n-th finding.
func (d *doctor) good(check string, n int, format string, args ...any) {
	if len(d.findings) == n {
		d.say(levelOK, check, "-", format, args...)
	}
}

func runDoctor(c *call) error {
	wait, err := c.number("w", 5)
	if err != nil || wait < 0 {
		return orUsage(err, "option -w: %d seconds", wait)
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	d := &doctor{c: c, cl: cl}
	if err := d.names(); err != nil {
		return err
	}
	if err := d.brokers(); err != nil {
		return err
	}
	d.replication()
	d.topics()
	d.groups(time.Duration(wait) * time.Second)
	bad := slices.ContainsFunc(d.findings, func(f finding) bool { return f.Level == levelFail })
	c.failed = c.failed || bad
	return c.emit(d.findings, func(w *text) {
		for _, f := range d.findings {
			w.f("%-4s  %-12s  %-40s  %s\n", f.Level, f.Check, f.Subject, f.Text)
		}
	})
}

// names compares what the NameServers know.
func (d *doctor) names() error {
	if len(d.cl.NameServers()) == 0 {
		return admin.ErrNoNameServer
	}
	n := len(d.findings)
	known := map[string][]string{}
	for _, addr := range d.cl.NameServers() {
		info, err := d.cl.ClusterInfoAt(d.c.ctx, addr)
		if err != nil {
			d.say(levelFail, "nameservers", addr, "%v", err)
			continue
		}
		nodes, _ := admin.Nodes(info, "") // all clusters: no error
		var all []string
		for _, x := range nodes {
			all = append(all, fmt.Sprintf("%s:%d at %s", x.Broker, x.ID, x.Addr))
		}
		known[addr] = all
	}
	union := map[string]bool{}
	for _, all := range known {
		for _, b := range all {
			union[b] = true
		}
	}
	for addr, all := range known {
		for _, b := range slices.Sorted(maps.Keys(union)) {
			if !slices.Contains(all, b) {
				d.say(levelFail, "nameservers", addr, "does not know %s, as others do", b)
			}
		}
	}
	d.good("nameservers", n, "%d, and they agree on %d brokers", len(known), len(union))
	return nil
}

// brokers looks at each broker where its clients are sent: does it answer, how full is its disk, is it what the others
// are.
func (d *doctor) brokers() error {
	nodes, err := d.cl.Nodes(d.c.ctx, d.c.value("c"))
	if err != nil {
		return err
	}
	n := len(d.findings)
	d.rows = make([]admin.BrokerStatus, len(nodes))
	errs := admin.Each(d.cl.Parallel(), nodes, func(i int, x admin.Node) error {
		info, err := d.cl.RuntimeInfo(d.c.ctx, x.Addr)
		d.rows[i] = admin.StatusOf(x, info)
		return err
	})
	masters, versions := map[string]bool{}, map[string][]string{}
	for i, r := range d.rows {
		subject := fmt.Sprintf("%s:%d", r.Broker, r.ID)
		masters[r.Broker] = masters[r.Broker] || r.Master()
		if errs[i] != nil {
			d.say(levelFail, "brokers", subject, "does not answer at the address that clients are told: %v", errs[i])
			d.rows[i].Error = errs[i].Error()
			continue
		}
		versions[r.Version] = append(versions[r.Version], subject)
		switch {
		case r.Disk > diskFail:
			d.say(levelFail, "disk", subject, "%.0f%% full", 100*r.Disk)
		case r.Disk > diskWarn:
			d.say(levelWarn, "disk", subject, "%.0f%% full", 100*r.Disk)
		}
		if !r.Active {
			d.say(levelWarn, "brokers", subject, "is not active: it serves no clients yet")
		}
	}
	for _, b := range slices.Sorted(maps.Keys(masters)) {
		if !masters[b] {
			d.say(levelFail, "brokers", b, "has no master: nobody can send to it")
		}
	}
	if len(versions) > 1 {
		for _, v := range slices.Sorted(maps.Keys(versions)) {
			d.say(levelWarn, "versions", v, "%s", strings.Join(versions[v], ", "))
		}
	}
	d.good("brokers", n, "%d, all answer, disks below %.0f%%, one version", len(d.rows), 100*diskWarn)
	return nil
}

// replication looks at the slaves that masters know.
func (d *doctor) replication() {
	n, slaves := len(d.findings), 0
	for _, r := range d.rows {
		if !r.Master() || r.Error != "" {
			continue
		}
		info, err := d.cl.HAStatus(d.c.ctx, r.Addr)
		if err != nil {
			d.say(levelWarn, "replication", r.Broker, "cannot be asked: %v", err)
			continue
		}
		for _, x := range info.HAConnectionInfo {
			if slaves++; x.Diff > behindBytes {
				d.say(levelWarn, "replication", r.Broker, "slave %s is %d MB behind", x.Addr, x.Diff>>20)
			}
		}
		listed := 0
		for _, s := range d.rows {
			if s.Broker == r.Broker && !s.Master() {
				listed++
			}
		}
		if len(info.HAConnectionInfo) < listed {
			d.say(levelFail, "replication", r.Broker, "%d slaves, of which %d copy the log", listed, len(info.HAConnectionInfo))
		}
	}
	d.good("replication", n, "%d slaves keep up", slaves)
}
