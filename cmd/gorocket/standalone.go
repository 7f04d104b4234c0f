package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"gorocket/broker"
	brokerconfig "gorocket/broker/config"
	"gorocket/namesrv"
	"gorocket/remoting"
)

// standaloneFlags are the flags of standalone.
type standaloneFlags struct {
	dev         bool
	store       string
	advertise   string
	file        string
	port        int
	namesrvPort int
	metricsPort int // 0: the configuration's
	nsMetrics   int // the NameServer's; 0: the default
	haPort      int // haListenPort with --dev; 0: the configuration's
	consolePort int // 0: the configuration's
	console     consoleFlags
	profile     string
	secure      secureFlags
	logs        logFlags
}

// standaloneCommand runs a NameServer and a broker in one process: the quickest way to a first message.
func standaloneCommand() *cobra.Command {
	var f standaloneFlags
	c := &cobra.Command{Use: "standalone", Short: "run a NameServer and a broker in one process", Args: cobra.NoArgs}
	c.Flags().BoolVar(&f.dev, "dev", false, "temporary store, free ports where none are given, on 127.0.0.1 only; "+
		"everything is gone afterwards")
	c.Flags().StringVar(&f.store, "store", "", "store folder (default: $HOME/gorocket)")
	c.Flags().StringVar(&f.advertise, "advertise", "", "IP address that clients are told (default: the first that is not "+
		"loopback)")
	c.Flags().StringVarP(&f.file, "configFile", "c", "", "broker.conf for the broker; its tls... keys are the "+
		"NameServer's, too")
	c.Flags().IntVar(&f.port, "port", 10911, "port of the broker; the fast port is two below")
	c.Flags().IntVar(&f.namesrvPort, "namesrv-port", 9876, "port of the NameServer")
	c.Flags().StringVar(&f.profile, "cpu-profile", "", "write a CPU profile for go tool pprof to this file at the end")
	f.secure.add(c)
	f.logs.add(c)
	f.console.add(c, true)
	c.RunE = func(c *cobra.Command, _ []string) error { return f.logs.report(f.execute(c)) }
	return c
}

func (f *standaloneFlags) execute(c *cobra.Command) error {
	log, err := f.logs.logger("broker")
	if err != nil {
		return err
	}
	if f.dev {
		if c.Flags().Changed("store") {
			return errors.New("--dev has a temporary store: leave --store out, or --dev")
		}
		defer f.removeTemporary()
		if err := f.useTemporary(c.Flags().Changed("port"), c.Flags().Changed("namesrv-port")); err != nil {
			return err
		}
	}
	return profile(f.profile, func() error { return f.run(log, c.Flags().Changed("port") || f.dev) })
}

// useTemporary fills in what --dev means; ports that were given stay.
func (f *standaloneFlags) useTemporary(portGiven, namesrvPortGiven bool) (err error) {
	if f.store, err = os.MkdirTemp("", "gorocket-"); err != nil {
		return err
	}
	if !portGiven {
		if f.port, err = freePort(2); err != nil {
			return err
		}
	}
	taken := []int{f.port, f.port - 2}
	if !namesrvPortGiven {
		if f.namesrvPort, err = freePort(0, taken...); err != nil {
			return err
		}
	}
	taken = append(taken, f.namesrvPort)
	for _, port := range []*int{&f.metricsPort, &f.nsMetrics, &f.haPort, &f.consolePort} {
		if *port, err = freePort(0, taken...); err != nil {
			return err
		}
		taken = append(taken, *port)
	}
	return nil
}

func (f *standaloneFlags) removeTemporary() {
	if f.store != "" {
		_ = os.RemoveAll(f.store)
	}
}

// Sizes of --dev: a throw-away store need not reserve a gigabyte for the log and 400 MB for the index.
const (
	devSegment    = 64 << 20 // bytes of a commit log file
	devIndexSlots = 100_000
	devIndexNum   = 400_000
)

func (f *standaloneFlags) run(log zerolog.Logger, portGiven bool) error {
	n, h, err := f.servers(log, portGiven)
	if err != nil {
		return err
	}
	cfg := h.Broker().Config()
	page, err := f.console.service(log, &cfg)
	if err != nil {
		return err
	}
	services := []service{n, h}
	if page != nil {
		services = append(services, page)
	}
	file, err := openConfigFile(f.file, checkBroker)
	if err != nil {
		return err
	}
	p := &process{log: log, logs: &f.logs, file: file, services: services}
	p.started = func() {
		logOpen(log, "namesrv", namesrvDoors(n)...)
		logOpen(log, "broker", append(brokerDoors(h.Broker()), page.door())...)
		if f.logs.json {
			f.logStarted(log, n, h.Broker())
			return
		}
		f.printStarted(os.Stdout, n, h.Broker(), page.url())
	}
	return p.serve()
}

// servers are the two, not started.
func (f *standaloneFlags) servers(log zerolog.Logger, portGiven bool) (n *namesrv.Server, h *broker.Host, err error) {
	cfg, err := f.brokerConfig(log, portGiven)
	if err != nil {
		return nil, nil, err
	}
	if cfg.SecureDir == "" {
		cfg.SecureDir = filepath.Join(cfg.StorePathRootDir, "secure")
	}
	if err := closeDoors(log, &cfg, &cfg.Doors, &cfg.Settings); err != nil {
		return nil, nil, err
	}
	ns := f.namesrvConfig(&cfg)
	changed := changedKeys(&cfg)
	shareDescriptors(remoting.DescriptorLimit(), &cfg, &ns)
	cfg.Version, ns.Version = version, version
	names, err := f.logs.beside(log, "namesrv")
	if err != nil {
		return nil, nil, err
	}
	f.logs.follow(log, &cfg.Logs)
	ns.Logs = cfg.Logs
	logStart(log, "standalone", f.file, cfg.StorePathRootDir, changed)
	if n, err = namesrv.New(ns, names); err != nil {
		return nil, nil, err
	}
	h, err = broker.NewHost(cfg, log, broker.Options{})
	return n, h, err
}

// otherDescriptors is what the process needs at most beside connections and consume queue files: commit log, index,
// timer files, tables.
const otherDescriptors = 512

// shareDescriptors gives the files that one process may open to two servers and a store, unless the configuration says
// how many connections there may be: an eighth to the NameServer's connections, to the queue files what they need up to
// a quarter, a margin, and the rest to the broker's connections.
func shareDescriptors(descriptors int, b *brokerconfig.Config, ns *namesrv.Config) {
	if ns.MaxConnections == 0 {
		ns.MaxConnections = max(1, descriptors/8)
	}
	if b.MaxConnections == 0 {
		files := min(b.MaxOpenConsumeQueueFiles, descriptors/4) + min(otherDescriptors, descriptors/8)
		b.MaxConnections = max(1, descriptors-descriptors/8-files)
	}
}

// namesrvConfig is the NameServer's: where the broker listens, its files below the store.
func (f *standaloneFlags) namesrvConfig(cfg *brokerconfig.Config) namesrv.Config {
	ns := namesrv.DefaultConfig()
	ns.ListenPort, ns.BindAddress = f.namesrvPort, cfg.BindAddress
	ns.Settings = cfg.Settings // TLS: the broker could not reach it with other certificates
	if ns.Doors = cfg.Doors; cfg.Secure {
		ns.Signing = cfg.Signing
	}
	ns.MetricsExporterType, ns.MetricsPromExporterHost = cfg.MetricsExporterType, cfg.MetricsPromExporterHost
	if f.nsMetrics != 0 {
		ns.MetricsPromExporterPort = f.nsMetrics
	}
	ns.KVConfigPath = filepath.Join(cfg.StorePathRootDir, "namesrv", "kvConfig.json")
	ns.ConfigStorePath = filepath.Join(cfg.StorePathRootDir, "namesrv", "namesrv.properties")
	return ns
}

func (f *standaloneFlags) brokerConfig(log zerolog.Logger, portGiven bool) (brokerconfig.Config, error) {
	cfg, unknown, err := brokerconfig.Load(f.file)
	if err != nil {
		return cfg, err
	}
	warnUnknown(log, f.file, unknown, new(brokerconfig.Config))
	f.secure.apply(&cfg.Doors)
	if portGiven || f.file == "" {
		cfg.ListenPort = f.port
	}
	if f.dev && f.advertise == "" {
		cfg.BrokerIP1, cfg.BindAddress = "127.0.0.1", "127.0.0.1"
	}
	if f.advertise != "" {
		cfg.BrokerIP1 = f.advertise
	}
	if f.haPort != 0 {
		cfg.HAListenPort = f.haPort
	}
	if f.metricsPort != 0 {
		cfg.MetricsPromExporterPort = f.metricsPort
	}
	if f.consolePort != 0 {
		cfg.ConsolePort = f.consolePort
	}
	f.console.apply(&cfg)
	cfg.NamesrvAddr = net.JoinHostPort(dialHost(cfg.BindAddress), strconv.Itoa(f.namesrvPort))
	if f.store != "" {
		cfg.StorePathRootDir = f.store
	}
	if cfg.StorePathRootDir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return cfg, fmt.Errorf("the home directory is unknown, use --store: %w", err)
		}
		cfg.StorePathRootDir = filepath.Join(home, "gorocket")
	}
	if f.dev {
		cfg.MappedFileSizeCommitLog, cfg.MaxHashSlotNum, cfg.MaxIndexNum = devSegment, devIndexSlots, devIndexNum
	}
	return cfg, complete(&cfg, f.file)
}

// dialHost is where this process reaches what it listens on at bind.
func dialHost(bind string) string {
	ip := net.ParseIP(bind)
	switch {
	case bind == "", ip != nil && ip.IsUnspecified() && ip.To4() != nil:
		return "127.0.0.1"
	case ip != nil && ip.IsUnspecified():
		return "::1"
	}
	return bind
}

// printStarted says where everything is and how a first message is sent. Test harnesses read the line that starts with
// "ready".
func (f *standaloneFlags) printStarted(out io.Writer, n *namesrv.Server, b *broker.Broker, console string) {
	c := b.Config()
	addr := fmt.Sprintf("%s:%d", c.BrokerIP1, f.namesrvPort)
	fmt.Fprintf(out, "NameServer  listens on port %d; give your applications %s\n", f.namesrvPort, addr)
	printMetrics(out, n.MetricsAddr(c.BrokerIP1), n.MetricsErr())
	printBroker(out, b)
	if console != "" {
		fmt.Fprintf(out, "Console     %s\n", console)
	}
	fmt.Fprintf(out, "\nFirst message, Java:  new DefaultMQProducer(\"group\") with setNamesrvAddr(\"%s\")\n", addr)
	fmt.Fprintf(out, "First message, Go:    rocketmq.NewProducer(producer.WithNameServer([]string{\"%s\"}))\n", addr)
	fmt.Fprintf(out, "Whole programs are in docs/clients.md.\n\n")
	fmt.Fprintf(out, "ready namesrv=%s broker=%s store=%s\n", addr, c.Addr(), c.StorePathRootDir)
}

// logStarted is printStarted as lines of the log.
func (f *standaloneFlags) logStarted(log zerolog.Logger, n *namesrv.Server, b *broker.Broker) {
	c := b.Config()
	logBroker(log, b)
	log.Info().Str("namesrv", fmt.Sprintf("%s:%d", c.BrokerIP1, f.namesrvPort)).Str("broker", c.Addr()).
		Str("store", c.StorePathRootDir).Str("namesrvMetrics", n.MetricsAddr(c.BrokerIP1)).
		AnErr("noNamesrvMetrics", n.MetricsErr()).Msg("ready")
}
