package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"gorocket/compat/config"
	"gorocket/namesrv"
	"gorocket/namesrv/controller"
	"gorocket/remoting/metrics"
)

// namesrvFlags are the flags of Java's mqnamesrv.
type namesrvFlags struct {
	file, ignored string
	printAll      bool
	secure        secureFlags
	logs          logFlags
}

// namesrvCommand has the flags of Java's mqnamesrv: -c file, -p prints the configuration. -n is accepted and ignored,
// as in Java.
func namesrvCommand() *cobra.Command {
	var f namesrvFlags
	c := &cobra.Command{Use: "namesrv", Short: "run a NameServer", Args: cobra.ArbitraryArgs, Version: versionText()}
	c.Flags().StringVarP(&f.file, "configFile", "c", "", "properties file, as Java reads it")
	c.Flags().StringVarP(&f.ignored, "namesrvAddr", "n", "", "accepted for Java's sake, no effect")
	c.Flags().BoolVarP(&f.printAll, "printConfigItem", "p", false, "print the configuration and exit")
	f.secure.add(c)
	f.logs.add(c)
	c.RunE = func(_ *cobra.Command, args []string) error { return f.logs.report(f.run(args)) }
	return c
}

func (f *namesrvFlags) run(args []string) error {
	log, err := f.logs.logger("namesrv")
	if err != nil {
		return err
	}
	warnArguments(log, args)
	cfg := namesrv.DefaultConfig()
	var unknown []string
	if f.file != "" {
		if cfg, unknown, err = namesrv.LoadConfig(f.file); err != nil {
			return err
		}
	}
	cfg.Version = version
	f.logs.follow(log, &cfg.Logs)
	f.secure.apply(&cfg.Doors)
	if !f.printAll {
		err = closeDoors(log, &cfg, &cfg.Doors, &cfg.Settings)
	}
	if err != nil {
		return err
	}
	s, err := namesrv.New(cfg, log)
	if err != nil {
		return err
	}
	services, beside := []service{s}, func() {}
	if cfg.EnableControllerInNamesrv {
		c, err := controllerBeside(f.file, &cfg, &f.logs, log)
		if err != nil {
			return err
		}
		s.Host(c)
		beside = func() { logOpen(log, "controller", controllerDoors(c)...) }
		services = append(services, c)
		unknown = slices.DeleteFunc(unknown, config.Controller.Has)
	}
	warnUnknown(log, f.file, unknown, &cfg)
	if f.printAll {
		fmt.Print(string(config.Properties(&cfg).Format()))
		return nil
	}
	defaults, acts := namesrv.DefaultConfig(), s.Config()
	logStart(log, "namesrv", f.file, "", notDefault(&acts, &defaults))
	file, err := openConfigFile(f.file, checkNamesrv)
	if err != nil {
		return err
	}
	p := &process{log: log, logs: &f.logs, file: file, services: services}
	p.started = func() {
		logOpen(log, "namesrv", namesrvDoors(s)...)
		beside()
		if f.logs.json { // the server has logged the same
			return
		}
		printMetrics(os.Stdout, s.MetricsAddr(localHost), s.MetricsErr())
		// Java's scripts and people look for this line.
		fmt.Printf("The Name Server boot success. serializeType=JSON, address %s\n", s.Addr())
	}
	return p.serve()
}

// checkNamesrv tells why a start would refuse a NameServer's file.
func checkNamesrv(path string) error {
	cfg, _, err := namesrv.LoadConfig(path)
	if err == nil {
		_, err = namesrv.New(cfg, zerolog.Nop())
	}
	if err == nil && cfg.EnableControllerInNamesrv {
		err = checkController(path)
	}
	return err
}

// controllerBeside makes the controller that shares the NameServer's process and file (enableControllerInNamesrv). The
// port of the metrics is the NameServer's, which shows both.
func controllerBeside(file string, ns *namesrv.Config, logs *logFlags,
	log zerolog.Logger) (*controller.Server, error) {
	log, err := logs.beside(log, "controller")
	if err != nil {
		return nil, err
	}
	c := controller.DefaultConfig()
	if file != "" {
		if c, _, err = controller.LoadConfig(file); err != nil {
			return nil, err
		}
	}
	c.Version, c.MetricsExporterType = version, metrics.Off
	logs.follow(log, &c.Logs)
	c.Doors, c.Settings, c.Signing = ns.Doors, ns.Settings, ns.Signing // the same keys of the same file
	return controller.New(c, log)
}

// localHost is where a NameServer that listens on all addresses is told to be.
const localHost = "127.0.0.1"
