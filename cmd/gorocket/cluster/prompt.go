package cluster

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"syscall"
	"time"

	"gorocket/remoting"
	"gorocket/remoting/wire"
)

const help = `  status          who runs, who leads, who is master
  kill NAME       kill -9
  suspend NAME    SIGSTOP: it is there and does not answer
  resume NAME     SIGCONT
  start NAME      start it again
  switch GROUP    make the other broker of a group master, without losing a message
  log NAME        the end of its log
  quit            end everything
`

// command is what one word at the prompt does.
type command func(c *Cluster, arg string) error

var commands = map[string]command{
	"status":  func(c *Cluster, _ string) error { c.printStatus(); return nil },
	"help":    func(c *Cluster, _ string) error { fmt.Fprint(c.opt.Out, help); return nil },
	"kill":    func(c *Cluster, arg string) error { return c.strike(arg, syscall.SIGKILL) },
	"suspend": func(c *Cluster, arg string) error { return c.strike(arg, syscall.SIGSTOP) },
	"resume":  func(c *Cluster, arg string) error { return c.strike(arg, syscall.SIGCONT) },
	"start":   (*Cluster).restart,
	"switch":  (*Cluster).change,
	"log":     (*Cluster).printLog,
}

// Prompt tells what clients need, and does what it is told until quit, or until end is closed. The end of the input
// ends nothing.
func (c *Cluster) Prompt(end <-chan struct{}) {
	fmt.Fprintf(c.opt.Out, "NameServers  %s\nControllers  %s\nFiles        %s\n", strings.Join(c.names, ";"),
		strings.Join(c.peers, ";"), c.opt.Dir)
	c.printStatus()
	fmt.Fprintf(c.opt.Out, "Try it: kill %s, and look at your clients. All commands: help\n", c.masterOf(Groups[0]))
	fmt.Fprintf(c.opt.Out, "ready namesrv=%s\n", strings.Join(c.names, ";"))
	lines := make(chan string)
	go func() {
		for in := bufio.NewScanner(c.opt.In); in.Scan(); {
			select {
			case lines <- in.Text():
			case <-end:
				return
			}
		}
	}()
	look := time.NewTicker(10 * pause)
	defer look.Stop()
	for {
		select {
		case <-end:
			return
		case <-look.C:
			c.tellEnded()
		case line := <-lines:
			if strings.TrimSpace(line) == "quit" {
				return
			}
			c.Do(line)
		}
	}
}

// tellEnded says who has ended without a command, as by a kill of its pid, and who is master then.
func (c *Cluster) tellEnded() {
	for _, m := range c.members {
		if m.cmd == nil || m.told || m.runs() {
			continue
		}
		m.told = true
		fmt.Fprintf(c.opt.Out, "  %s has ended, and not by a command here\n", m.name)
		if m.command != "broker" {
			continue
		}
		if err := c.awaitOther(m.group(), m.name, time.Now()); err != nil {
			fmt.Fprintf(c.opt.Out, "  %v\n", err)
		}
	}
}

// Do runs one line of the prompt and says what came of it.
func (c *Cluster) Do(line string) {
	word, arg, _ := strings.Cut(strings.TrimSpace(line), " ")
	do, known := commands[word]
	if !known {
		if word != "" {
			fmt.Fprintf(c.opt.Out, "  no command %q; all of them: help\n", word)
		}
		return
	}
	if err := do(c, strings.TrimSpace(arg)); err != nil {
		fmt.Fprintf(c.opt.Out, "  %v\n", err)
	}
}

// strike sends a signal, and waits for another master when that was one.
func (c *Cluster) strike(name string, s syscall.Signal) error {
	m, err := c.member(name)
	if err != nil {
		return err
	}
	masters := m.command == "broker" && s != syscall.SIGCONT && c.masterOf(m.group()) == name
	began := time.Now()
	if err := m.signal(s); err != nil {
		return err
	}
	if s == syscall.SIGKILL {
		m.await()
		m.told = true
	}
	fmt.Fprintf(c.opt.Out, "  %s %s\n", name, m.state())
	if masters {
		return c.awaitOther(m.group(), name, began)
	}
	return nil
}

// switchLimit is how long another master may take.
const switchLimit = 15 * time.Second

// awaitOther waits until another broker than the old one is master.
func (c *Cluster) awaitOther(group, old string, began time.Time) error {
	for time.Since(began) < switchLimit {
		if now := c.masterOf(group); now != "" && now != old {
			fmt.Fprintf(c.opt.Out, "  %s is master of %s after %s\n", now, group, time.Since(began).Round(time.Millisecond))
			return nil
		}
		time.Sleep(pause)
	}
	return fmt.Errorf("group %s has no other master after %s: see status", group, switchLimit)
}

func (c *Cluster) restart(name string) error {
	m, err := c.member(name)
	if err == nil {
		err = m.start()
	}
	if err == nil {
		fmt.Fprintf(c.opt.Out, "  %s runs: pid %d\n", name, m.cmd.Process.Pid)
	}
	return err
}

// change has the controllers make another broker of a group master.
func (c *Cluster) change(group string) error {
	leader, err := c.leader()
	if err != nil {
		return err
	}
	sets, err := c.sets()
	if err != nil {
		return err
	}
	set, known := sets[group]
	if !known || set.MasterAddress == "" {
		return fmt.Errorf("the controllers know no master of a group %q", group)
	}
	for _, r := range set.InSyncReplicas {
		if r.BrokerAddress == set.MasterAddress {
			continue
		}
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), switchLimit)
		defer cancel()
		h := wire.ElectMasterHeader{ClusterName: clusterName, BrokerName: group, BrokerID: r.BrokerID, DesignateElect: true}
		if _, err := remoting.Call(ctx, c.client, leader, wire.ReqControllerElectMaster, wire.ElectMasterRequest, &h,
			nil); err != nil {
			return err
		}
		return c.awaitOther(group, c.nameAt(set.MasterAddress), began)
	}
	return fmt.Errorf("no other broker of %s is in sync", group)
}

func (c *Cluster) printLog(name string) error {
	m, err := c.member(name)
	if err != nil {
		return err
	}
	text, err := m.tail()
	fmt.Fprint(c.opt.Out, text)
	return err
}
