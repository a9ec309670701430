package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/generator"
	"github.com/clusterctl/clusterctl/generator/spec"
	"github.com/clusterctl/clusterctl/units/bus"
)

// completeTimeout bounds what a shell waits for at the press of a key.
const completeTimeout = 2 * time.Second

// addCompletions teaches the commands what can follow them. A completion never
// fails: where nothing can be found out, nothing is offered.
func (g *global) addCompletions(root *cobra.Command) {
	for _, name := range []string{
		"status", "top", "scale", "events", "releases", "rollout restart", "rollout reload", "rollout undo",
		"rollout status", "rollout history", "rollout pause", "rollout resume", "rollout abort",
	} {
		find(root, name).ValidArgsFunction = first(g.clusters)
	}
	find(root, "doctor").ValidArgsFunction = only(g.clusters)
	for _, name := range []string{"drain", "undrain", "start", "stop", "restart", "logs"} {
		find(root, name).ValidArgsFunction = g.completeWorkers
	}
	for _, name := range []string{"apply", "generate"} {
		find(root, name).ValidArgsFunction = g.completeFiles
	}
	find(root, "explain").ValidArgsFunction = first(keys)
	find(root, "deploy").ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		switch len(args) {
		case 0:
			return g.clusters(), cobra.ShellCompDirectiveNoFileComp
		case 1:
			return g.releaseNames(args[0]), cobra.ShellCompDirectiveDefault // or a file
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	completeFlag(find(root, "rollout undo"), "to-revision", g.revisions)
	completeFlag(find(root, "rollout history"), "revision", g.revisions)
	everyOutput(root)
}

// find is the command of a name such as "rollout undo".
func find(root *cobra.Command, name string) *cobra.Command {
	cmd, _, err := root.Find(strings.Fields(name))
	if err != nil {
		panic(fmt.Sprintf("no command %q: %v", name, err)) // every test of the program finds it
	}
	return cmd
}

type completion = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// only completes every argument from the same words, each once.
func only(words func() []string) completion {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		left := slices.DeleteFunc(words(), func(word string) bool { return slices.Contains(args, word) })
		return left, cobra.ShellCompDirectiveNoFileComp
	}
}

// first completes the first argument alone.
func first(words func() []string) completion {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return words(), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFlag completes a flag from what belongs to the cluster that is named.
func completeFlag(cmd *cobra.Command, flag string, words func(cluster string) []string) {
	mustRegister(cmd, flag, func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return words(args[0]), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	})
}

func mustRegister(cmd *cobra.Command, flag string, complete completion) {
	if err := cmd.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err) // there is no such flag: every test of the program finds it
	}
}

// everyOutput completes --output with the words that its help has in quotes; an
// output without such words is a directory.
func everyOutput(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		everyOutput(sub)
	}
	flag := cmd.Flags().Lookup("output")
	if flag == nil || !strings.Contains(flag.Usage, `"`) {
		return
	}
	mustRegister(cmd, "output", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var words []string
		for i, part := range strings.Split(flag.Usage, `"`) {
			if i%2 == 1 {
				words = append(words, part)
			}
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	})
}

// asking runs a question to systemd; nobody waits longer than a moment for it.
func (g *global) asking(ask func(context.Context, *bus.Reader) ([]string, error)) []string {
	ctx, cancel := context.WithTimeout(context.Background(), completeTimeout)
	defer cancel()
	systemd, err := bus.OpenReader(ctx, g.manager())
	if err != nil {
		return nil
	}
	defer systemd.Close()
	words, err := ask(ctx, systemd)
	if err != nil {
		return nil
	}
	return words
}

func (g *global) clusters() []string {
	return g.asking(func(ctx context.Context, systemd *bus.Reader) ([]string, error) { return systemd.Clusters(ctx) })
}

// completeFiles completes a cluster of the search path, or a file.
func (g *global) completeFiles(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 && cmd.Name() == "apply" {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	if strings.Contains(word, "/") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	found, _ := generator.Find(generator.SearchPath(g.mode(), os.Getenv)) // what can't be read is not offered
	var words []string
	for _, f := range found {
		if !f.Masked {
			words = append(words, f.Name)
		}
	}
	return words, cobra.ShellCompDirectiveDefault
}

func (g *global) workersOf(cluster string) []string {
	return g.asking(func(ctx context.Context, systemd *bus.Reader) ([]string, error) {
		seen, err := systemd.Glance(ctx, cluster)
		var instances []string
		for _, worker := range seen.Workers {
			instances = append(instances, worker.Instance)
		}
		return instances, err
	})
}

// completeWorkers completes "web@3", "web @3" and "web@3 web@4". bash takes "@" for
// the end of a word: there it is "web", "@" and what is to be completed.
func (g *global) completeWorkers(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	const here = cobra.ShellCompDirectiveNoFileComp
	begun := slices.Index(args, "@")
	cluster, _, isWorker := strings.Cut(word, "@")
	switch {
	case begun > 0 && begun == len(args)-1:
		return g.workersOf(args[begun-1]), here
	case isWorker && cluster != "":
		return prefixed(cluster+"@", g.workersOf(cluster)), here
	case len(args) > 0:
		cluster, _, _ = strings.Cut(args[0], "@")
		return prefixed("@", g.workersOf(cluster)), here
	case cmd.Name() == "logs":
		return g.clusters(), here
	}
	var begins []string
	for _, cluster := range g.clusters() {
		begins = append(begins, cluster+"@")
	}
	return begins, here | cobra.ShellCompDirectiveNoSpace
}

func prefixed(prefix string, words []string) []string {
	for i := range words {
		words[i] = prefix + words[i]
	}
	return words
}

// revisions are those of a cluster, the newest first, each with how it ended.
func (g *global) revisions(cluster string) []string {
	history, err := g.history(cluster)
	if err != nil {
		return nil
	}
	runs, err := history.All()
	if err != nil {
		return nil
	}
	var words []string
	for _, run := range slices.Backward(runs) {
		words = append(words, strconv.Itoa(run.Revision)+"\t"+strings.TrimSpace(string(run.Phase)+" "+run.Release))
	}
	return words
}

func (g *global) releaseNames(cluster string) []string {
	store, err := g.releases(cluster)
	if err != nil {
		return nil
	}
	all, err := store.List()
	if err != nil {
		return nil
	}
	words := make([]string, len(all))
	for i, r := range all {
		words[i] = r.Name
	}
	return words
}

func keys() []string {
	var words []string
	for _, key := range spec.Keys() {
		words = append(words, key.Name)
	}
	slices.Sort(words)
	return slices.Compact(words)
}
