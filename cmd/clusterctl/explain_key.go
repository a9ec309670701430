package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/generator"
	"github.com/clusterctl/clusterctl/generator/spec"
)

func newExplainCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "explain KEY",
		Short: "Say what a key of a .cluster file does",
		Long: `Say what a key of a .cluster file does, what it takes and what it is by default.
It knows the keys of [Cluster] and [Rollout], the settings that workers have by
default, those that are refused, and from which systemd on a setting is there.`,
		Example: `  clusterctl explain MaxSurge
  clusterctl explain ProtectSystem`,
		Args: exactly("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := generator.Explain(args[0], generator.Options{Mode: g.mode(), Systemd: generator.RunningSystemd(cmd.Context())})
			if err != nil {
				return usageError(err, "clusterctl init -   # shows every key")
			}
			fmt.Fprint(g.out, text)
			return nil
		},
	}
}

func newInitCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "init FILE.cluster",
		Short: "Write a .cluster file to begin with, every key explained",
		Example: `  clusterctl init web.cluster
  clusterctl init -             # prints it`,
		Args: exactly("FILE.cluster"),
		RunE: func(_ *cobra.Command, args []string) error {
			if args[0] == "-" {
				fmt.Fprint(g.out, string(spec.Starter()))
				return nil
			}
			return writeStarter(args[0])
		},
	}
}

// writeStarter never writes over a file that is there.
func writeStarter(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return &commandError{code: exitRefused, hint: "clusterctl init -   # prints it", err: fmt.Errorf("%s is there already", path)}
	}
	if err != nil {
		return err
	}
	if _, err := file.Write(spec.Starter()); err != nil {
		return errors.Join(err, file.Close(), os.Remove(path))
	}
	return file.Close()
}
