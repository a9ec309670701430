package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// workersWanted takes "web", "web@3", "web @3 @5" and "web@3 web@5".
func workersWanted(cmd *cobra.Command, args []string) error {
	fault := func(format string, values ...any) error {
		return usageError(fmt.Errorf(format, values...), "%s --help", cmd.CommandPath())
	}
	if len(args) == 0 || args[0] == "" {
		return fault("wanted a cluster such as web, or a worker such as web@3")
	}
	first, _, _ := strings.Cut(args[0], "@")
	for _, arg := range args[1:] {
		cluster, instance, isWorker := strings.Cut(arg, "@")
		if !isWorker || instance == "" || cluster != "" && cluster != first {
			return fault("%q: wanted a worker such as @3", arg)
		}
	}
	if _, instance, isWorker := strings.Cut(args[0], "@"); isWorker && instance == "" {
		return fault("%q: wanted a worker such as %s3", args[0], args[0])
	}
	return nil
}

// splitWorkers are the cluster and the instances that such arguments name.
func splitWorkers(args []string) (cluster string, instances []string) {
	cluster, instance, isWorker := strings.Cut(args[0], "@")
	if isWorker {
		instances = append(instances, strings.TrimSuffix(instance, ".service"))
	}
	for _, arg := range args[1:] {
		_, instance, _ := strings.Cut(arg, "@")
		instances = append(instances, strings.TrimSuffix(instance, ".service"))
	}
	return cluster, instances
}

// someWorkers wants at least one worker by name.
func someWorkers(cmd *cobra.Command, args []string) error {
	if err := workersWanted(cmd, args); err != nil {
		return err
	}
	if cluster, instances := splitWorkers(args); len(instances) == 0 {
		return usageError(fmt.Errorf("%q: wanted a worker such as %s@3", cluster, cluster), "%s --help", cmd.CommandPath())
	}
	return nil
}
