package main

import (
	"fmt"
	"os"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"gorocket/broker"
	"gorocket/compat"
)

// brokerCommand has the flags of Java's mqbroker: -c file, -n addresses, -p and -m print the configuration.
func brokerCommand() *cobra.Command {
	var (
		file, namesrv  string
		printAll, main bool
		logs           logFlags
	)
	c := &cobra.Command{Use: "broker", Short: "run a broker", Args: cobra.NoArgs, Version: version}
	c.Flags().StringVarP(&file, "configFile", "c", "", "broker.conf, as Java reads it")
	c.Flags().StringVarP(&namesrv, "namesrvAddr", "n", "", "NameServers, host:port;host:port (default: namesrvAddr of the file, then NAMESRV_ADDR)")
	c.Flags().BoolVarP(&printAll, "printConfigItem", "p", false, "print the whole configuration and exit")
	c.Flags().BoolVarP(&main, "printImportantConfig", "m", false, "print the configuration that is not a default and exit")
	logs.add(c)
	c.RunE = func(*cobra.Command, []string) error {
		log, err := logs.logger()
		if err != nil {
			return err
		}
		cfg, err := loadBroker(log, file, namesrv)
		if err != nil {
			return err
		}
		if printAll || main {
			return printConfig(&cfg, main)
		}
		return runBroker(log, cfg)
	}
	return c
}

// loadBroker reads the file; -n wins over it, and NAMESRV_ADDR serves where neither names a NameServer.
func loadBroker(log zerolog.Logger, file, namesrv string) (broker.Config, error) {
	cfg, unknown, err := broker.LoadConfig(file)
	if err != nil {
		return cfg, err
	}
	warnUnknown(log, file, unknown)
	if namesrv != "" {
		cfg.NamesrvAddr = namesrv
	}
	if cfg.NamesrvAddr == "" {
		cfg.NamesrvAddr = os.Getenv("NAMESRV_ADDR")
	}
	return cfg, complete(&cfg, file)
}

// complete checks the configuration; an error names the file that it came from.
func complete(cfg *broker.Config, file string) error {
	err := cfg.Complete()
	if err != nil && file != "" {
		return fmt.Errorf("configuration %s: %w", file, err)
	}
	return err
}

func warnUnknown(log zerolog.Logger, file string, keys []string) {
	for _, k := range keys {
		msg := "unknown configuration key"
		if compat.IsJavaKey(k) {
			msg = "configuration key of Java without effect here"
		}
		log.Warn().Str("file", file).Str("key", k).Msg(msg)
	}
}

// printConfig lists key=value lines; only those that differ from the defaults when important is set.
func printConfig(cfg *broker.Config, important bool) error {
	defaults := broker.DefaultConfig()
	all, def := compat.ToProperties(cfg), compat.ToProperties(&defaults)
	for _, k := range all.Keys() {
		v, _ := all.Get(k)
		if d, _ := def.Get(k); important && d == v {
			continue
		}
		fmt.Printf("%s=%s\n", k, v)
	}
	return nil
}

func runBroker(log zerolog.Logger, cfg broker.Config) error {
	if cfg.NamesrvAddr == "" {
		log.Warn().Msg("no NameServer is configured (-n, namesrvAddr, NAMESRV_ADDR): clients cannot find this broker")
	}
	b, err := broker.New(cfg, log)
	if err != nil {
		return err
	}
	return serve(log, func() {
		printBroker(os.Stdout, b)
		// Java's scripts and people look for this line.
		fmt.Printf("The broker[%s, %s] boot success. serializeType=JSON and name server is %s\n", b.Config().BrokerName, b.Config().Addr(), b.Config().NamesrvAddr)
	}, b)
}
