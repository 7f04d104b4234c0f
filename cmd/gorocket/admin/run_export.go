package admin

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorocket/compat"
	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
	"gorocket/store/record"
)

// exportFolder is where exports go. Java: the same.
const exportFolder = "/tmp/rocketmq/export"

// export writes a value as a JSON file of the folder of -f, and says so; end ends the line as Java does.
func (c *call) export(value any, name, end string) error {
	path := strings.TrimRight(c.or("f", exportFolder), "/") + "/" + name
	if err := writeFile(path, []byte(pretty(value))); err != nil {
		return err
	}
	return c.emit(map[string]string{"file": path}, func(w *text) { w.f("export %s success%s", path, end) })
}

// userTopics asks a broker for its topics without those of the system, and without retry and dead letter topics unless
// special. Java: getUserTopicConfig.
func (c *call) userTopics(cl *admin.Client, addr string, special bool) (*protocol.TopicConfigSerializeWrapper, error) {
	all, err := cl.AllTopics(c.ctx, addr)
	if err != nil {
		return nil, err
	}
	system, err := cl.SystemTopics(c.ctx, addr)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(all.TopicConfigTable, func(name string, t *protocol.TopicConfig) bool {
		return slices.Contains(system, name) || admin.IsInternalTopic(name) || !special &&
			(strings.HasPrefix(name, compat.RetryTopicPrefix) || strings.HasPrefix(name, compat.DLQTopicPrefix)) ||
			t.Perm&(protocol.PermRead|protocol.PermWrite) == 0
	})
	return &protocol.TopicConfigSerializeWrapper{DataVersion: all.DataVersion, TopicConfigTable: all.TopicConfigTable}, nil
}

func (c *call) userGroups(cl *admin.Client, addr string) (*protocol.SubscriptionGroupWrapper, error) {
	all, err := cl.AllGroups(c.ctx, addr)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(all.SubscriptionGroupTable, func(name string, _ *protocol.SubscriptionGroupConfig) bool {
		return admin.IsInternalGroup(name)
	})
	return all, nil
}

func runExportMetadata(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	switch {
	case c.has("b") && c.has("t"):
		topics, err := c.userTopics(cl, c.value("b"), c.has("s"))
		if err != nil {
			return err
		}
		return c.export(topics, "topic.json", "")
	case c.has("b") && c.has("g"):
		groups, err := c.userGroups(cl, c.value("b"))
		if err != nil {
			return err
		}
		return c.export(groups, "subscriptionGroup.json", "")
	case c.has("b") || !c.has("c"):
		return errUsage
	}
	return c.exportCluster(cl)
}

// exportCluster adds up the tables of all masters of a cluster.
func (c *call) exportCluster(cl *admin.Client) error {
	masters, err := cl.Masters(c.ctx, c.value("c"))
	if err != nil {
		return err
	}
	topics, groups := map[string]*protocol.TopicConfig{}, map[string]*protocol.SubscriptionGroupConfig{}
	for _, addr := range masters {
		t, err := c.userTopics(cl, addr, c.has("s"))
		if err != nil {
			return err
		}
		for name, topic := range t.TopicConfigTable {
			if old := topics[name]; old != nil {
				topic.ReadQueueNums += old.ReadQueueNums
				topic.WriteQueueNums += old.WriteQueueNums
			}
			topics[name] = topic
		}
		g, err := c.userGroups(cl, addr)
		if err != nil {
			return err
		}
		for name, group := range g.SubscriptionGroupTable {
			if old := groups[name]; old != nil {
				group.RetryQueueNums += old.RetryQueueNums
			}
			groups[name] = group
		}
	}
	result := map[string]any{"exportTime": time.Now().UnixMilli()}
	file := "metadata.json"
	switch {
	case c.has("t"):
		result["topicConfigTable"], file = topics, "topic.json"
	case c.has("g"):
		result["subscriptionGroupTable"], file = groups, "subscriptionGroup.json"
	default:
		result["topicConfigTable"], result["subscriptionGroupTable"] = topics, groups
	}
	return c.export(result, file, "\n")
}

// exportedKeys are the keys of a broker's configuration that exportConfigs takes over.
var exportedKeys = map[string]bool{"brokerClusterName": true, "brokerId": true, "brokerName": true, "brokerRole": true,
	"fileReservedTime": true, "filterServerNums": true, "flushDiskType": true, "maxMessageSize": true,
	"messageDelayLevel": true, "msgTraceTopicName": true, "slaveReadEnable": true, "traceOn": true,
	"traceTopicEnable": true, "useTLS": true, "autoCreateTopicEnable": true, "autoCreateSubscriptionGroup": true}

func runExportConfigs(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	nodes, err := cl.Nodes(c.ctx, c.value("c"))
	if err != nil {
		return err
	}
	configs, masters, slaves := map[string]map[string]string{}, 0, 0
	for _, n := range nodes {
		if !n.Master() {
			slaves++
			continue
		}
		masters++
		settings, err := cl.BrokerConfig(c.ctx, n.Addr)
		if err != nil {
			return err
		}
		some := map[string]string{}
		for _, s := range settings {
			if exportedKeys[s.Key] {
				some[s.Key] = s.Value
			}
		}
		configs[n.Broker] = some
	}
	scale := map[string]int{"namesrvSize": len(cl.NameServers()), "masterBrokerSize": masters, "slaveBrokerSize": slaves}
	return c.export(map[string]any{"brokerConfigs": configs, "clusterScale": scale}, "configs.json", "")
}

func runExportPopRecord(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	var nodes []admin.Node
	if c.has("b") {
		name := ""
		settings, err := cl.BrokerConfig(c.ctx, c.value("b"))
		if err != nil {
			return err
		}
		for _, s := range settings {
			if s.Key == "brokerName" {
				name = s.Value
			}
		}
		nodes = []admin.Node{{Broker: name, Addr: c.value("b")}}
	} else if c.has("c") {
		if nodes, err = cl.Nodes(c.ctx, c.value("c")); err != nil {
			return err
		}
	} else {
		return errUsage
	}
	// -d false is what Java's tool takes for a dry run, in spite of its name
	dry := c.own.dryRun || c.has("d") && strings.EqualFold(c.value("d"), "false")
	rows := []part[string]{}
	for _, n := range nodes {
		p := part[string]{Broker: n.Broker, Info: &n.Addr}
		if !dry {
			if err := cl.ExportPopRecords(c.ctx, n.Addr); err != nil {
				p.Error = err.Error()
				c.fail(err)
			}
		}
		rows = append(rows, p)
	}
	return c.emit(rows, func(w *text) {
		for _, p := range rows {
			failed := ""
			if p.Error != "" {
				failed = " error"
			}
			w.f("Export broker records%s, brokerName=%s, brokerAddr=%s, dryRun=%t\n%s", failed, p.Broker, *p.Info, dry, p.Error)
		}
	})
}

func runDumpCompactionLog(c *call) error {
	if !c.has("f") {
		c.say("miss dump log file name\n")
		return errUsage
	}
	f, err := os.Open(filepath.Clean(c.value("f")))
	if err != nil {
		return err
	}
	defer f.Close()
	var head [record.BlankSize]byte
	for at := int64(0); ; {
		if _, err := f.ReadAt(head[:], at); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		size, _ := record.Head(head[:])
		if size < record.MinSize || size > maxRecord {
			return nil // the end, as far as it is written
		}
		rec := make([]byte, size)
		if _, err := f.ReadAt(rec, at); err != nil {
			return fmt.Errorf("%s at %d: %w", f.Name(), at, err)
		}
		all, err := admin.DecodeMessages(rec)
		if err != nil {
			return fmt.Errorf("%s at %d: %w", f.Name(), at, err)
		}
		m := all[0]
		m.Body = nil // not read, as in Java
		if err := c.emit(m, func(w *text) { w.f("%s\n", messageText(&m)) }); err != nil {
			return err
		}
		at += int64(size)
	}
}

// maxRecord bounds what is taken for a record, in bytes.
const maxRecord = 128 << 20

// parseReal reads a number out of runtime information, 0 when there is none.
func parseReal(s string) float64 {
	first, _, _ := strings.Cut(s, " ")
	v, _ := strconv.ParseFloat(first, 64)
	return v
}
