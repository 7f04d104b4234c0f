package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"gorocket/broker"
	brokerconfig "gorocket/broker/config"
	"gorocket/compat/config"
)

// brokerFlags are the flags of Java's mqbroker.
type brokerFlags struct {
	file, namesrv  string
	printAll, main bool
	proxy          bool
	secure         secureFlags
	logs           logFlags
	console        consoleFlags
}

// brokerCommand has the flags of Java's mqbroker: -c file, -n addresses, -p and -m print the configuration.
func brokerCommand() *cobra.Command {
	var f brokerFlags
	c := &cobra.Command{Use: "broker", Short: "run a broker", Args: cobra.ArbitraryArgs, Version: versionText()}
	c.Flags().StringVarP(&f.file, "configFile", "c", "", "broker.conf, as Java reads it")
	c.Flags().StringVarP(&f.namesrv, "namesrvAddr", "n", "", "NameServers, host:port;host:port (default: namesrvAddr of "+
		"the file, then NAMESRV_ADDR)")
	c.Flags().BoolVarP(&f.printAll, "printConfigItem", "p", false, "check and print the whole configuration and exit")
	c.Flags().BoolVarP(&f.main, "printImportantConfig", "m", false,
		"check and print the configuration that is not a default and exit")
	c.Flags().BoolVar(&f.proxy, "enable-proxy", false, "refused: there is no gRPC proxy yet")
	f.secure.add(c)
	f.logs.add(c)
	f.console.add(c, false)
	c.RunE = func(_ *cobra.Command, args []string) error { return f.logs.report(f.run(args)) }
	return c
}

func (f *brokerFlags) run(args []string) error {
	log, err := f.logs.logger("broker")
	if err != nil {
		return err
	}
	if f.proxy {
		return errors.New("--enable-proxy: the gRPC proxy is not part of gorocket yet. Start without it for clients of the " +
			"remoting protocol; " +
			"for gRPC clients run Apache's mqproxy in cluster mode beside this broker")
	}
	warnArguments(log, args)
	cfg, err := f.load(log)
	if err != nil {
		return err
	}
	if !f.printAll && !f.main {
		return f.serve(log, cfg)
	}
	if _, err := broker.New(cfg, log); err != nil { // what the start would refuse
		return err
	}
	return printConfig(&cfg, f.main)
}

// warnArguments says that words on the command line that are no options do nothing, as in Java: many guides write
// autoCreateTopicEnable=true there.
func warnArguments(log zerolog.Logger, args []string) {
	for _, a := range args {
		log.Warn().Str("argument", a).Msg("this argument is no option and has no effect, as in Java; settings belong into " +
			"the file of -c")
	}
}

// load reads the file; -n wins over it, and NAMESRV_ADDR serves where neither names a NameServer.
func (f *brokerFlags) load(log zerolog.Logger) (brokerconfig.Config, error) {
	cfg, unknown, err := brokerconfig.Load(f.file)
	if err != nil {
		return cfg, err
	}
	warnUnknown(log, f.file, unknown, new(brokerconfig.Config))
	f.secure.apply(&cfg.Doors)
	if f.namesrv != "" {
		cfg.NamesrvAddr = f.namesrv
	}
	if cfg.NamesrvAddr == "" {
		cfg.NamesrvAddr = os.Getenv("NAMESRV_ADDR")
	}
	f.console.apply(&cfg)
	return cfg, complete(&cfg, f.file)
}

// complete checks the configuration; an error names the file that it came from.
func complete(cfg *brokerconfig.Config, file string) error {
	err := cfg.Complete()
	if err != nil && file != "" {
		return fmt.Errorf("configuration %s: %w", file, err)
	}
	return err
}

// warnUnknown says which keys of a file do nothing; target points at the configuration that does not have them.
func warnUnknown(log zerolog.Logger, file string, keys []string, target config.Target) {
	for _, k := range keys {
		msg := "unknown configuration key" + config.Hint(k, target)
		if config.IsJavaKey(k) {
			msg = "configuration key of Java without effect here"
		}
		log.Warn().Str("file", file).Str("key", k).Msg(msg)
	}
}

// printConfig lists key=value lines; only those that differ from the defaults when important is set.
func printConfig(cfg *brokerconfig.Config, important bool) error {
	defaults := brokerconfig.Default()
	all := config.Properties(cfg)
	keys := all.Keys()
	if important {
		keys = notDefault(cfg, &defaults)
	}
	for _, k := range keys {
		v, _ := all.Get(k)
		fmt.Printf("%s=%s\n", k, v)
	}
	return nil
}

// changedKeys lists the keys that differ from what a broker without a file has on this machine.
func changedKeys(cfg *brokerconfig.Config) []string {
	defaults := brokerconfig.Default()
	defaults.BrokerConfigPath = cfg.BrokerConfigPath
	_ = defaults.Complete() // what cannot be found out is shown as changed
	return notDefault(cfg, &defaults)
}

func (f *brokerFlags) serve(log zerolog.Logger, cfg brokerconfig.Config) error {
	cfg.Version = version
	f.logs.follow(log, &cfg.Logs)
	logStart(log, "broker", f.file, cfg.StorePathRootDir, changedKeys(&cfg))
	if cfg.NamesrvAddr == "" {
		log.Warn().Msg("no NameServer is configured (-n, namesrvAddr, NAMESRV_ADDR): clients cannot find this broker")
	}
	if err := closeDoors(log, &cfg, &cfg.Doors, &cfg.Settings); err != nil {
		return err
	}
	file, err := openConfigFile(f.file, checkBroker)
	if err != nil {
		return err
	}
	h, err := broker.NewHost(cfg, log, broker.Options{})
	if err != nil {
		return err
	}
	page, err := f.console.service(log, &cfg)
	if err != nil {
		return err
	}
	services := []service{h}
	if page != nil {
		services = append(services, page)
	}
	p := &process{log: log, logs: &f.logs, file: file, services: services}
	p.started = func() {
		b := h.Broker()
		c := b.Config()
		logOpen(log, "broker", append(brokerDoors(b), page.door())...)
		if f.logs.json {
			logBroker(log, b)
			return
		}
		printBroker(os.Stdout, b)
		// Java's scripts and people look for this line.
		fmt.Printf("The broker[%s, %s] boot success. serializeType=JSON and name server is %s\n",
			c.BrokerName, c.Addr(), c.NamesrvAddr)
		if page.url() != "" {
			fmt.Printf("Console     %s\n", page.url())
		}
	}
	return p.serve()
}

// checkBroker tells why a start would refuse a broker's file.
func checkBroker(path string) error {
	cfg, _, err := brokerconfig.Load(path)
	if err == nil {
		err = complete(&cfg, path)
	}
	return err
}
