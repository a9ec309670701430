package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// workersWanted takes "web", "web@3" and "web @3 @5".
func workersWanted(cmd *cobra.Command, args []string) error {
	fault := func(format string, values ...any) error {
		return usageError(fmt.Errorf(format, values...), "%s --help", cmd.CommandPath())
	}
	if len(args) == 0 || args[0] == "" {
		return fault("wanted a cluster such as web, or a worker such as web@3")
	}
	for _, arg := range args[1:] {
		cluster, instance, isWorker := strings.Cut(arg, "@")
		if !isWorker || instance == "" || cluster != "" {
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
		instances = append(instances, strings.TrimSuffix(strings.TrimPrefix(arg, "@"), ".service"))
	}
	return cluster, instances
}
