package main

import (
	"context"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/clusterctl/clusterctl/cmd/internal/apply"
	"github.com/clusterctl/clusterctl/generator"
	"github.com/clusterctl/clusterctl/units"
)

// inspection is what is to be known of the units of a cluster: of those that it is
// to have, of those that are up, and of those that the last apply knew.
type inspection struct {
	loaded  map[string]units.LoadedUnit
	digests map[string]string
	unread  bool // systemd has not read the files of one as they are
}

// lookAtUnits reads what systemd has loaded, and finds out which of it is old.
func (a *applier) lookAtUnits(ctx context.Context, seen *apply.Look, plan generator.Plan) error {
	live, err := a.systemd.List(ctx)
	if err != nil {
		return err
	}
	record, err := apply.ReadRecord(a.state)
	if err != nil {
		return err
	}
	wanted := a.wanted()
	names := unitsToRead(wanted, record, live)
	found, err := a.inspect(ctx, names)
	if err != nil {
		return err
	}
	seen.Service = live.Service
	seen.Unread = seen.Unread || found.unread || live.Service.NeedDaemonReload || !knowsWorkers(wanted, live)
	if record, err = a.observe(ctx, *seen, record, found); err != nil {
		return err
	}
	about := a.changedUnits(plan, found)
	for _, name := range names {
		unit := apply.Unit{LoadedUnit: found.loaded[name]}
		instance, isWorker := units.Instance(a.cluster.Name, name)
		if isWorker {
			name = units.WorkerName(a.cluster.Name, "") // the text of all of them
		}
		unit.Old = about[name] || record.IsOld(unit.Name, unit.Started, found.digests[unit.Name])
		switch {
		case isWorker:
			waits := units.Worker{Unit: unit.Unit}.WaitsForRestart()
			seen.Workers = append(seen.Workers, apply.Worker{Unit: unit, Instance: instance, Wanted: wanted[unit.Name], Waits: waits})
			admin := found.loaded[units.AdminName(a.cluster.Name, instance)]
			if !a.cluster.Admin && !admin.ActiveState.Down() {
				seen.Gone = append(seen.Gone, apply.Unit{LoadedUnit: admin}) // its file is gone, and what bound it to its worker
			}
		case wanted[name]:
			seen.Sockets = append(seen.Sockets, unit)
		case !unit.ActiveState.Down():
			seen.Gone = append(seen.Gone, unit)
		}
	}
	slices.SortFunc(seen.Workers, func(a, b apply.Worker) int { return units.CompareInstances(a.Instance, b.Instance) })
	return nil
}

// wanted are the sockets and the workers that the cluster is to have.
func (a *applier) wanted() map[string]bool {
	names := make(map[string]bool)
	for _, file := range a.files {
		if strings.HasSuffix(file.Name, ".socket") && !strings.Contains(file.Name, "@") {
			names[file.Name] = true
		}
	}
	for i := range a.workers {
		names[units.WorkerName(a.cluster.Name, strconv.Itoa(i+1))] = true
	}
	return names
}

// unitsToRead are the units to look at: those that the cluster is to have, those
// that it has, and those that the last apply knew.
func unitsToRead(wanted map[string]bool, record apply.Record, live units.Cluster) []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(wanted)), maps.Keys(record.Units))
	for _, socket := range live.Sockets {
		names = append(names, socket.Name)
	}
	for _, w := range live.Workers {
		if isNumber(w.Instance) {
			names = append(names, w.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// knowsWorkers says that systemd has read which workers the cluster wants. The
// links that say it may have changed since.
func knowsWorkers(wanted map[string]bool, live units.Cluster) bool {
	enabled := make(map[string]bool)
	for _, w := range live.Workers {
		enabled[w.Name] = w.Enabled
		if isNumber(w.Instance) && w.Enabled && !wanted[w.Name] {
			return false
		}
	}
	for name := range wanted {
		if _, isWorker := units.Instance(live.Name, name); isWorker && !enabled[name] {
			return false
		}
	}
	return true
}

// isNumber says that a worker is one of those that Workers= counts; others are
// somebody's own.
func isNumber(instance string) bool {
	return instance != "" && strings.Trim(instance, "0123456789") == ""
}

// inspect reads units and their texts, with the admin sockets of workers. The text
// of one counts as its worker's own, for it is started anew with it.
func (a *applier) inspect(ctx context.Context, names []string) (inspection, error) {
	found := inspection{digests: make(map[string]string, len(names))}
	all := slices.Clone(names)
	for _, name := range names {
		if instance, isWorker := units.Instance(a.cluster.Name, name); isWorker {
			all = append(all, units.AdminName(a.cluster.Name, instance))
		}
	}
	var err error
	if found.loaded, err = a.systemd.Loaded(ctx, all); err != nil {
		return found, err
	}
	for _, unit := range found.loaded {
		found.unread = found.unread || unit.NeedDaemonReload
	}
	for _, name := range names {
		files := found.loaded[name].Files
		if instance, isWorker := units.Instance(a.cluster.Name, name); isWorker {
			files = slices.Concat(files, found.loaded[units.AdminName(a.cluster.Name, instance)].Files)
		}
		if found.digests[name], err = apply.Digest(files); err != nil {
			return found, err
		}
	}
	return found, nil
}

// observe brings the record up to date. Units of which nothing is left are
// forgotten.
func (a *applier) observe(ctx context.Context, seen apply.Look, before apply.Record, found inspection) (apply.Record, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return before, err
	}
	wanted := a.wanted()
	maps.DeleteFunc(found.digests, func(name, _ string) bool {
		return !wanted[name] && found.loaded[name].ActiveState.Down()
	})
	record := before.Meet(strings.TrimSpace(string(boot)), found.digests)
	if !seen.Unread && len(seen.Write) == 0 {
		loadedAt, err := a.systemd.LoadedAt(ctx)
		if err != nil {
			return before, err
		}
		record = before.Observe(strings.TrimSpace(string(boot)), loadedAt, found.digests)
	}
	maps.DeleteFunc(record.Units, func(name string, _ apply.Text) bool { _, left := found.digests[name]; return !left })
	if a.dryRun || reflect.DeepEqual(record, before) {
		return record, nil
	}
	return record, record.Write(a.state)
}

// changedUnits are the units whose text is about to change, each by its name, and
// all workers by that of their template. A file that is new may take the place of
// one in another directory.
func (a *applier) changedUnits(plan generator.Plan, found inspection) map[string]bool {
	changed := make(map[string]bool)
	worker, admin := units.WorkerName(a.cluster.Name, ""), units.AdminName(a.cluster.Name, "")
	for _, c := range plan.Changes {
		if c.Did != generator.Wrote {
			continue
		}
		live := found.loaded[strings.Replace(c.Name, "@.", "@1.", 1)]
		if c.Old == nil && len(live.Files) > 0 {
			c.Old, _ = os.ReadFile(live.Files[0]) // one that can't be read has changed
		}
		if apply.IsSame(c.Old, c.New) {
			continue
		}
		changed[c.Name] = true
		if c.Name == admin {
			changed[worker] = true
		}
	}
	return changed
}
