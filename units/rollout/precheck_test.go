package rollout

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/clusterctl/clusterctl/units"
)

// inOrder is a cluster of two workers in which nothing stands in the way.
func inOrder() units.Cluster {
	up := func(name string) units.Unit {
		return units.Unit{Name: name, LoadState: units.Loaded, ActiveState: units.Active, Result: "success"}
	}
	return units.Cluster{
		Name: "web", Service: up("web.service"), Sockets: []units.Unit{up("web.socket")},
		Workers: []units.Worker{
			{Unit: up("web@1.service"), Instance: "1", Enabled: true},
			{Unit: up("web@2.service"), Instance: "2", Enabled: true},
		},
	}
}

// What stands in the way of a rollout is said before anybody is stopped, with
// what to do about it.
func TestPrecheck(t *testing.T) {
	every := []Verb{Restart, Reload, Switch}
	serving := []Verb{Restart, Reload} // to leave the workers stopped asks less
	for _, tt := range []struct {
		name    string
		spoil   func(*units.Cluster)
		refused []Verb
		message string
		hint    string
	}{
		{"nothing", func(*units.Cluster) {}, nil, "", ""},
		{"no such cluster", func(c *units.Cluster) { c.Service.LoadState = units.NotFound }, every,
			`no cluster "web": systemd knows no unit "web.service"`, "clusterctl status   # lists the clusters"},
		{"the service is masked", func(c *units.Cluster) { c.Service.LoadState = units.Masked }, every,
			`cluster "web" is masked`, "systemctl unmask web.service"},
		{"the service is broken", func(c *units.Cluster) { c.Service.LoadState = "bad-setting" }, every,
			`unit "web.service" can't be loaded (LoadState=bad-setting)`, "systemctl status web.service"},
		{"the service has changed", func(c *units.Cluster) { c.Service.NeedDaemonReload = true }, every,
			`the file of unit "web.service" has changed, and systemd has not read it yet`, "systemctl daemon-reload"},
		{"no listener", func(c *units.Cluster) { c.Sockets[0].LoadState = units.NotFound }, serving,
			`unit "web.socket" is missing: the cluster has no listener`, "clusterctl generate   # writes the units anew"},
		{"the listener has failed", func(c *units.Cluster) {
			c.Sockets[0].ActiveState, c.Sockets[0].Result = units.FailedState, "trigger-limit-hit"
		}, serving, `the listener "web.socket" is failed (result=trigger-limit-hit): a restarted worker would get no socket`, "systemctl restart web.socket"},
		{"the listener is masked", func(c *units.Cluster) {
			c.Sockets[0].LoadState, c.Sockets[0].ActiveState = units.Masked, units.Inactive
		}, serving, `unit "web.socket" is masked`, "systemctl unmask web.socket"},
		{"the listener has changed", func(c *units.Cluster) { c.Sockets[0].NeedDaemonReload = true }, serving,
			`the file of unit "web.socket" has changed, and systemd has not read it yet`, "systemctl daemon-reload"},
		{"no workers", func(c *units.Cluster) { c.Workers = nil }, every,
			`cluster "web" has no workers: no instance of "web@.service" is enabled`, "systemctl enable --now web@1.service"},
		{"stopped", func(c *units.Cluster) {
			c.Service.ActiveState = units.Inactive
			c.Workers[0].ActiveState, c.Workers[1].ActiveState = units.Inactive, units.FailedState
		}, serving, `cluster "web" is not running (web.service is inactive)`, "systemctl start web.service"},
		{"stopped, but for a worker", func(c *units.Cluster) {
			c.Service.ActiveState, c.Workers[0].ActiveState = units.Inactive, units.Inactive
		}, nil, "", ""},
		{"a worker without a file", func(c *units.Cluster) { c.Workers[1].LoadState = units.NotFound }, every,
			`unit "web@2.service" is enabled, but it has no unit file`, "systemctl disable web@2.service   # or write its unit file"},
		{"a masked worker", func(c *units.Cluster) { c.Workers[1].LoadState = units.Masked }, every,
			`unit "web@2.service" is masked`, "systemctl unmask web@2.service"},
		{"a broken worker", func(c *units.Cluster) { c.Workers[0].LoadState = "error" }, every,
			`unit "web@1.service" can't be loaded (LoadState=error)`, "systemctl status web@1.service"},
		{"a worker has changed", func(c *units.Cluster) { c.Workers[1].NeedDaemonReload = true }, every,
			`the file of unit "web@2.service" has changed, and systemd has not read it yet`, "systemctl daemon-reload"},
	} {
		for _, verb := range every {
			t.Run(fmt.Sprintf("%s, %s", tt.name, verb), func(t *testing.T) {
				cluster := inOrder()
				tt.spoil(&cluster)
				err := Precheck(cluster, verb)
				var refusal *Refusal
				switch {
				case !slices.Contains(tt.refused, verb):
					if err != nil {
						t.Errorf("refused: %v", err)
					}
				case !errors.As(err, &refusal):
					t.Errorf("not refused: %v", err)
				case refusal.Message != tt.message || refusal.Hint != tt.hint:
					t.Errorf("refused with %q, hint %q\nwanted %q, hint %q", refusal.Message, refusal.Hint, tt.message, tt.hint)
				}
			})
		}
	}
}
