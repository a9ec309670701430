// Package survey reads what the doctor judges: units, files, the kernel's sockets,
// releases, rollouts and the words of the workers.
//
// Its invariant: it changes nothing, and a thing that can't be read costs only
// what depends on it. What that was is told, so that silence is no false comfort.
package survey

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/clusterctl/clusterctl/cmd/internal/doctor"
	"github.com/clusterctl/clusterctl/cmd/internal/journal"
	"github.com/clusterctl/clusterctl/generator"
	"github.com/clusterctl/clusterctl/units"
)

// Systemd is what is asked of the service manager; *bus.Reader is one.
type Systemd interface {
	Version(ctx context.Context) (int, error)
	Look(ctx context.Context, cluster string) (units.Cluster, error)
	ServiceDetail(ctx context.Context, name string) (units.ServiceDetail, error)
	SocketDetail(ctx context.Context, name string) (units.SocketDetail, error)
	UnitFiles(ctx context.Context, name string) (fragment string, dropIns []string, err error)
	ReadService(ctx context.Context, name string) (units.Service, error)
}

// Surveyor looks at clusters.
type Surveyor struct {
	Systemd Systemd
	Mode    generator.Mode
	// StateDir has the releases and the rollouts of all clusters, a directory
	// each; RuntimeDir likewise their admin sockets.
	StateDir, RuntimeDir string
	// Search are the directories of .cluster files.
	Search []string
}

// Unseen is something that could not be read.
type Unseen struct {
	Cluster string `json:"cluster,omitempty"`
	What    string `json:"what"`
	Why     string `json:"why"`
}

// Host reads what belongs to the host.
func (s Surveyor) Host(ctx context.Context) (doctor.Host, []Unseen) {
	host := doctor.Host{Now: time.Now()}
	var unseen blind
	var err error
	host.Systemd, err = s.Systemd.Version(ctx)
	unseen.note("the version of systemd", err)
	ahead := journal.Query{Since: host.Now.Add(doctor.Tolerance), Lines: "1", Fields: []string{}}
	err = journal.Read(ctx, ahead, func(_ []byte, e journal.Entry) error {
		host.Future = e.Time
		return nil
	})
	unseen.note("the journal", err)
	return host, unseen.all
}

// Cluster reads what belongs to a cluster. An error is that of a cluster that
// can't be looked at at all.
func (s Surveyor) Cluster(ctx context.Context, name string) (doctor.Cluster, []Unseen, error) {
	c := doctor.Cluster{User: s.Mode == generator.User, Now: time.Now(), Files: make(map[string]string)}
	var err error
	if c.Cluster, err = s.Systemd.Look(ctx, name); err != nil {
		return c, nil, err
	}
	if c.Service.LoadState == units.NotFound {
		return c, nil, nil
	}
	unseen := blind{cluster: name}
	if err := s.setups(ctx, &c); err != nil {
		return c, nil, err
	}
	s.files(&c, &unseen)
	s.policy(&c)
	s.spec(ctx, &c, &unseen)
	s.rollout(ctx, &c, &unseen)
	s.releases(&c, &unseen)
	s.answers(ctx, &c, &unseen)
	s.listeners(&c, &unseen)
	return c, unseen.all, nil
}

// blind collects what could not be read.
type blind struct {
	cluster string
	all     []Unseen
}

func (b *blind) note(what string, err error) {
	if err == nil {
		return
	}
	why := err.Error()
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
		why = "permission denied, root may"
	}
	b.all = append(b.all, Unseen{b.cluster, what, why})
}

func (s Surveyor) dir(cluster string) string { return filepath.Join(s.StateDir, cluster) }

// setups reads how the units are set up. Workers with the same files are set up
// in the same way, so that one of them is asked for all.
func (s Surveyor) setups(ctx context.Context, c *doctor.Cluster) error {
	var err error
	if c.Setup, err = s.Systemd.ServiceDetail(ctx, c.Service.Name); err != nil {
		return err
	}
	for _, socket := range c.Sockets {
		d, err := s.Systemd.SocketDetail(ctx, socket.Name)
		if err != nil {
			return err
		}
		c.SocketSetups = append(c.SocketSetups, d)
	}
	c.WorkerSetups = make(map[string]units.ServiceDetail, len(c.Workers))
	known := make(map[string]units.ServiceDetail)
	for _, w := range c.Workers {
		fragment, dropIns, err := s.Systemd.UnitFiles(ctx, w.Name)
		if err != nil {
			return err
		}
		files := fmt.Sprintf("%q %q %s", fragment, dropIns, w.LoadState)
		d, ok := known[files]
		if !ok {
			if d, err = s.Systemd.ServiceDetail(ctx, w.Name); err != nil {
				return err
			}
			known[files] = d
		}
		c.WorkerSetups[w.Instance] = d
	}
	return nil
}
