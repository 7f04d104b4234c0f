package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"gorocket/compat"
	"gorocket/namesrv"
)

// namesrvCommand has the flags of Java's mqnamesrv: -c file, -p prints the configuration. -n is accepted and ignored, as in Java.
func namesrvCommand() *cobra.Command {
	var (
		file, ignored string
		printAll      bool
		logs          logFlags
	)
	c := &cobra.Command{Use: "namesrv", Short: "run a NameServer", Args: cobra.ArbitraryArgs, Version: version}
	c.Flags().StringVarP(&file, "configFile", "c", "", "properties file, as Java reads it")
	c.Flags().StringVarP(&ignored, "namesrvAddr", "n", "", "accepted for Java's sake, no effect")
	c.Flags().BoolVarP(&printAll, "printConfigItem", "p", false, "print the configuration and exit")
	logs.add(c)
	c.RunE = func(_ *cobra.Command, args []string) error {
		log, err := logs.logger()
		if err != nil {
			return err
		}
		warnArguments(log, args)
		cfg := namesrv.DefaultConfig()
		if file != "" {
			var unknown []string
			if cfg, unknown, err = namesrv.LoadConfig(file); err != nil {
				return err
			}
			warnUnknown(log, file, unknown, &cfg)
		}
		s, err := namesrv.New(cfg, log)
		if err != nil {
			return err
		}
		if printAll {
			fmt.Print(string(compat.ToProperties(&cfg).Format()))
			return nil
		}
		return serve(log, func() {
			// Java's scripts and people look for this line.
			fmt.Printf("The Name Server boot success. serializeType=JSON, address %s\n", s.Addr())
		}, s)
	}
	return c
}
