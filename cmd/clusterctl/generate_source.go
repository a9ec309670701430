package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/clusterctl/clusterctl/generator"
	"github.com/clusterctl/clusterctl/generator/spec"
)

// clusterSource is where the clusters to be generated are described: in files, in
// all files of the search path, or in flags.
type clusterSource struct {
	files []string // or names
	all   bool

	name, exec string
	workers    int
	listen     []string
	isFlags    bool

	root string   // of a package that is built; "" if it is /
	path []string // the search path, without the root
}

func (s *clusterSource) flags(flags *pflag.FlagSet) {
	flags.BoolVar(&s.all, "all", false, "every cluster of the search path")
	flags.StringVar(&s.name, "name", "", "the `NAME` of the cluster, in place of a file")
	flags.StringVar(&s.exec, "exec", "", "the `COMMAND` line of a worker, as ExecStart= takes it")
	flags.IntVar(&s.workers, "workers", spec.DefaultWorkers, "have `N` workers")
	flags.StringArrayVar(&s.listen, "listen", nil, "a listener, `NAME=ADDRESS`; may be given several times")
}

func (s *clusterSource) complete(cmd *cobra.Command, args []string, root string) error {
	s.files, s.root = args, root
	for _, flag := range []string{"name", "exec", "workers", "listen"} {
		s.isFlags = s.isFlags || cmd.Flags().Changed(flag)
	}
	switch {
	case len(args) > 0 && s.isFlags:
		return fmt.Errorf("%q and --name, --exec, --workers or --listen exclude each other: the file says it all", args[0])
	case s.all && (len(args) > 0 || s.isFlags):
		return errors.New("--all is every cluster of the search path, wanted no other")
	case len(args) == 0 && !s.isFlags && !s.all:
		return errors.New("wanted a FILE.cluster or a NAME, --all, or --name, --exec and --listen")
	}
	return nil
}

// load returns the clusters, and the names of those that are masked.
func (s *clusterSource) load(mode generator.Mode) (clusters []*spec.Cluster, masked []string, err error) {
	s.path = generator.SearchPath(mode, os.Getenv)
	if s.isFlags {
		cluster, err := spec.New(s.name, s.exec, s.workers, s.listen)
		return []*spec.Cluster{cluster}, nil, err
	}
	found, err := s.find()
	faults := []error{err}
	for _, f := range found {
		if f.Masked && s.all {
			masked = append(masked, f.Name)
			continue
		}
		cluster, err := s.read(f)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		clusters = append(clusters, cluster)
	}
	return clusters, masked, errors.Join(faults...)
}

func (s *clusterSource) find() ([]generator.Found, error) {
	path := make([]string, len(s.path))
	for i, dir := range s.path {
		path[i] = filepath.Join(s.root, dir)
	}
	if s.all {
		return generator.Find(path)
	}
	var all []generator.Found
	var faults []error
	for _, file := range s.files {
		find := generator.FindFile
		if !strings.ContainsRune(file, '/') && !strings.HasSuffix(file, ".cluster") {
			find = generator.FindName
		}
		found, err := find(file, path)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		all = append(all, found)
	}
	return all, errors.Join(faults...)
}

// read parses a file. Of a package that is built, the units must name the place
// where the file will be.
func (s *clusterSource) read(found generator.Found) (*spec.Cluster, error) {
	cluster, err := found.Load()
	if err != nil || s.root == "" {
		return cluster, err
	}
	root, err := filepath.Abs(s.root)
	if err != nil {
		return nil, err
	}
	file, err := filepath.Abs(found.Path)
	if err != nil {
		return nil, err
	}
	under, ok := strings.CutPrefix(file, strings.TrimSuffix(root, "/")+"/")
	if !ok {
		return nil, fmt.Errorf("%s: not below %s: wanted it where the package has it, such as %s", found.Path, s.root,
			filepath.Join(s.root, "usr/lib/clusterctl", filepath.Base(found.Path)))
	}
	cluster.Path = "/" + under
	return cluster, nil
}
