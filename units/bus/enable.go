package bus

import (
	"context"
	"fmt"
)

// Lasting is how long a unit stays enabled.
type Lasting string

// A unit is enabled for good (links in /etc), or until the next boot (in /run).
const (
	ForGood  Lasting = "for good"
	TillBoot Lasting = "until the next boot"
)

// fileChange is a link that was made or removed.
type fileChange struct{ Type, Path, Target string }

// Enable makes the links that the [Install] sections of the units ask for, and
// starts nothing. systemd goes by them after a ReloadUnits.
func (c *Conn) Enable(ctx context.Context, lasting Lasting, names ...string) error {
	const force = false
	var hasInstall bool
	var changes []fileChange
	err := c.manager(ctx, "EnableUnitFiles", names, lasting == TillBoot, force).Store(&hasInstall, &changes)
	if err != nil {
		return fmt.Errorf("enable %q: %w", names, c.explain(err))
	}
	return nil
}

// Disable removes the links of the units, and stops nothing.
func (c *Conn) Disable(ctx context.Context, lasting Lasting, names ...string) error {
	var changes []fileChange
	if err := c.manager(ctx, "DisableUnitFiles", names, lasting == TillBoot).Store(&changes); err != nil {
		return fmt.Errorf("disable %q: %w", names, c.explain(err))
	}
	return nil
}

// ReloadUnits has systemd run its generators and read all unit files anew.
func (c *Conn) ReloadUnits(ctx context.Context) error {
	if err := c.manager(ctx, "Reload").Err; err != nil {
		return fmt.Errorf("reload the units: %w", c.explain(err))
	}
	return nil
}

// SourcePath is the file that a unit was generated from, "" if it names none.
func (r *Reader) SourcePath(ctx context.Context, unit string) (string, error) {
	var path string
	err := r.read(ctx, unit, []property{{unitInterface, "SourcePath", &path}})
	return path, err
}
