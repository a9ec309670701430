package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clusterctl/clusterctl/units/release"
	"github.com/clusterctl/clusterctl/units/rollout"
)

type deployOptions struct {
	rolloverOptions
	from, name, sum string
}

func newDeployCommand(g *global) *cobra.Command {
	o := &deployOptions{rolloverOptions: rolloverOptions{global: g, order: order{verb: rollout.Restart}}}
	cmd := &cobra.Command{
		Use:   "deploy CLUSTER RELEASE",
		Short: "Roll a new release out, and back if it is bad",
		Long: `Roll every worker of the cluster to a release: a directory or a tar archive (plain
or with gzip), which is copied into the cluster's releases under the name of its
last part, or the name of a release that is there already.

Each worker is switched to the release when its turn comes, and has to pass every
gate before the next: the job, READY=1, its health check, and that it stays so
for MinReadySec=. If one does not, the workers that hold the release go back to
the one that each had before (AutoRollback=yes), and the exit code is 3.

A cluster that is stopped gets the release and stays stopped.`,
		Example: `  clusterctl deploy web ./build/v42
  clusterctl deploy web ./build --name v42
  clusterctl deploy web v42.tar.gz --sha256 "$(cut -d' ' -f1 v42.tar.gz.sha256)"
  clusterctl deploy web v41`,
		Args: exactly("CLUSTER", "RELEASE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.cluster, o.from = args[0], args[1]
			if err := o.validate(cmd); err != nil {
				return err
			}
			return o.deploy(cmd.Context())
		},
	}
	o.add(cmd.Flags())
	o.addDryRun(cmd.Flags())
	cmd.Flags().StringVar(&o.sum, "sha256", "", "the `SUM` (SHA-256) that the archive must have, in hexadecimal digits")
	cmd.Flags().StringVar(&o.name, "name", "", "the `NAME` of the release (by default the last part of the path)")
	return cmd
}

func (o *deployOptions) validate(cmd *cobra.Command) error {
	if err := o.launchFlags.validate(cmd.CommandPath()); err != nil {
		return err
	}
	if err := validateClusterName(o.cluster); err != nil {
		return err
	}
	if o.name == "" {
		absolute, err := filepath.Abs(o.from)
		if err != nil {
			return err
		}
		o.name = filepath.Base(absolute)
		for _, suffix := range []string{".tar", ".tar.gz", ".tgz"} {
			o.name = strings.TrimSuffix(o.name, suffix)
		}
	}
	if sum, err := hex.DecodeString(o.sum); err != nil || o.sum != "" && len(sum) != sha256.Size {
		return usageError(fmt.Errorf("--sha256 %q: wanted 64 hexadecimal digits", o.sum), "sha256sum %s", o.from)
	}
	if err := release.ValidateName(o.name); err != nil {
		return usageError(err, "clusterctl deploy %s %s --name NAME", o.cluster, o.from)
	}
	return nil
}

func (o *deployOptions) deploy(ctx context.Context) error {
	o.release = o.name
	info, err := os.Stat(o.from)
	switch {
	case errors.Is(err, fs.ErrNotExist) && strings.Contains(o.from, "/"):
		return usageError(fmt.Errorf("release %q: no such directory or archive", o.from), "clusterctl releases %s", o.cluster)
	case errors.Is(err, fs.ErrNotExist):
		return o.run(ctx) // the name of one that is there, as the next step finds out
	case err != nil:
		return err
	case info.IsDir() && o.sum != "":
		return usageError(fmt.Errorf("release %q: --sha256 is for an archive, got a directory", o.from), "clusterctl deploy --help")
	case o.dryRun:
		o.isNew = true
		return o.run(ctx)
	}
	if err := o.take(ctx, info); err != nil {
		return err
	}
	return o.run(ctx)
}

// take copies the release into the store of the cluster, if there is one.
func (o *deployOptions) take(ctx context.Context, source fs.FileInfo) error {
	systemd, err := o.connect(ctx, o.cluster)
	if err != nil {
		return err
	}
	defer systemd.Close()
	if err := mayDeploy(ctx, systemd, o.cluster); err != nil {
		return err
	}
	store, err := o.releases(o.cluster)
	if err != nil {
		return err
	}
	if source.IsDir() {
		_, err = store.Add(o.name, o.from)
	} else {
		_, err = store.AddArchive(o.name, o.from, o.sum)
	}
	return o.explainAdd(err)
}

func (o *deployOptions) explainAdd(err error) error {
	if errors.Is(err, release.ErrOther) {
		return &commandError{code: exitRefused, hint: fmt.Sprintf("clusterctl deploy %s %s --name NAME   # a release never changes", o.cluster, o.from), err: err}
	}
	return err
}
