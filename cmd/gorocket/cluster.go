package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"gorocket/cmd/gorocket/cluster"
)

// clusterCommand runs a cluster whose members can be killed: the quickest way to see a failover.
func clusterCommand() *cobra.Command {
	var dev bool
	c := &cobra.Command{Use: "cluster --dev", Args: cobra.NoArgs,
		Short: "run three NameServers with controllers and two groups of two brokers, to try what a failover is"}
	c.Flags().BoolVar(&dev, "dev", false, "temporary stores and free ports on 127.0.0.1; everything is gone afterwards")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if !dev {
			return errors.New("there is --dev only: a cluster that lasts is started member by member, see docs/operating.md")
		}
		return runCluster(c)
	}
	return c
}

func runCluster(c *cobra.Command) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "gorocket-cluster-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	signals, end := signals(), make(chan struct{})
	go func() {
		<-signals
		close(end)
	}()
	running, err := cluster.Start(cluster.Options{Program: program, Dir: dir, FreePort: freePort, In: c.InOrStdin(),
		Out: c.OutOrStdout()})
	if err != nil {
		return err
	}
	defer running.Stop()
	running.Prompt(end)
	return nil
}
