package main

import (
	"fmt"
	"os"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"gorocket/compat/config"
	"gorocket/namesrv/controller"
)

// controllerFlags are the flags of Java's mqcontroller.
type controllerFlags struct {
	file     string
	printAll bool
	secure   secureFlags
	logs     logFlags
}

// controllerCommand has the flags of Java's mqcontroller: -c file, -p prints the configuration.
func controllerCommand() *cobra.Command {
	var f controllerFlags
	c := &cobra.Command{Use: "controller", Args: cobra.ArbitraryArgs, Version: versionText(),
		Short: "run a controller: it makes another broker master when one dies"}
	c.Flags().StringVarP(&f.file, "configFile", "c", "", "properties file, as Java reads it; it names the group's members")
	c.Flags().BoolVarP(&f.printAll, "printConfigItem", "p", false, "print the configuration and exit")
	f.secure.add(c)
	f.logs.add(c)
	c.RunE = func(_ *cobra.Command, args []string) error { return f.logs.report(f.run(args)) }
	c.AddCommand(memberCommands()...)
	return c
}

func (f *controllerFlags) run(args []string) error {
	log, err := f.logs.logger("controller")
	if err != nil {
		return err
	}
	warnArguments(log, args)
	cfg := controller.DefaultConfig()
	if f.file != "" {
		var unknown []string
		if cfg, unknown, err = controller.LoadConfig(f.file); err != nil {
			return err
		}
		warnUnknown(log, f.file, unknown, &cfg)
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
	s, err := controller.New(cfg, log)
	if err != nil {
		return err
	}
	if f.printAll {
		fmt.Print(string(config.Properties(&cfg).Format()))
		return nil
	}
	defaults, acts := controller.DefaultConfig(), s.Config()
	logStart(log, "controller", f.file, "", notDefault(&acts, &defaults))
	file, err := openConfigFile(f.file, checkController)
	if err != nil {
		return err
	}
	p := &process{log: log, logs: &f.logs, file: file, services: []service{s}}
	p.started = func() {
		logOpen(log, "controller", controllerDoors(s)...)
		if !f.logs.json { // Java's scripts and people look for this line
			fmt.Fprintf(os.Stdout, "The Controller Server boot success. serializeType=JSON, address %s\n", s.Addr())
		}
	}
	return p.serve()
}

// checkController tells why a start would refuse a controller's file.
func checkController(path string) error {
	cfg, _, err := controller.LoadConfig(path)
	if err == nil {
		_, err = controller.New(cfg, zerolog.Nop())
	}
	return err
}
