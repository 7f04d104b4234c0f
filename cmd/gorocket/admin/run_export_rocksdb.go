package admin

import (
	"errors"
	"os"
	"slices"
	"strings"
)

// errRocksDB says what this program cannot do.
var errRocksDB = errors.New("this program does not read RocksDB files; gorocket's brokers keep these tables as JSON " +
	"in <storePathRootDir>/config, and a running Java broker writes them as JSON with rocksDBConfigToJson -b host:port")

func runExportMetadataInRocksDB(c *call) error {
	if _, err := os.Stat(c.value("p")); err != nil {
		c.say("RocksDB path is invalid.\n")
		return err
	}
	return errRocksDB
}

// Tables that rocksDBConfigToJson knows. Java: ExportRocksDBConfigToJsonRequestHeader.ConfigType.
var rocksTables = []string{"topics", "subscriptionGroups", "consumerOffsets"}

func runRocksDBConfigToJson(c *call) error {
	tables := slices.Clone(rocksTables)
	if c.has("t") {
		tables = strings.Split(c.value("t"), ";")
		for i, t := range tables {
			at := slices.IndexFunc(rocksTables, func(s string) bool { return strings.EqualFold(s, strings.TrimSpace(t)) })
			if at < 0 {
				c.say("Invalid configType: %s please input topics/subscriptionGroups/consumerOffsets \n", c.value("t"))
				return usagef("option -t: %q is none of %s", t, strings.Join(rocksTables, ", "))
			}
			tables[i] = rocksTables[at]
		}
	}
	switch {
	case c.has("n"):
		c.say("Use [rpc mode] call all brokers in cluster to export to json file \n")
		if !c.has("c") {
			c.say("rpc mode Invalid args, please input cluster\n")
			return usagef("option -n needs option -c")
		}
	case c.has("b"):
		c.say("Use [rpc mode] call broker to export to json file \n")
	case c.has("p"):
		c.say("Use [local mode] load rocksdb to print or export file \n")
		return errRocksDB
	default:
		c.say("%s\n", c.cmd.summary)
		return errUsage
	}
	return c.exportRocksDB(tables)
}

// exportRocksDB makes brokers export their tables: that of -b, or with -c all masters that the NameServers know.
func (c *call) exportRocksDB(tables []string) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	addrs := []string{c.value("b")}
	if c.has("c") {
		if _, err := cl.Masters(c.ctx, c.value("c")); err != nil {
			return err
		}
		if addrs, err = cl.Masters(c.ctx, ""); err != nil {
			return err
		}
	}
	d := done{Value: tables}
	for _, addr := range addrs {
		if err := cl.ExportRocksDB(c.ctx, addr, strings.Join(tables, ";")); err != nil {
			c.say("%s export error", addr)
			c.fail(err)
			continue
		}
		d.Brokers = append(d.Brokers, addr)
	}
	return c.emit(d, func(w *text) { w.f("broker export done.") })
}
