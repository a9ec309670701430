package main

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/clusterctl/clusterctl/cmd/internal/overview"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/admin"
)

// Why a worker did not do what it was asked for, and what helps.
func TestUnanswered(t *testing.T) {
	o := &operation{verb: "drain", cluster: "web"}
	up := overview.Worker{Unit: "web@3.service", Instance: "3", ActiveState: units.Active, SubState: "running"}
	down := overview.Worker{Unit: "web@3.service", Instance: "3", ActiveState: units.FailedState, Result: "exit-code"}
	for name, tt := range map[string]struct {
		worker overview.Worker
		err    error
		code   int
		want   string
		hint   string
	}{
		"it is down": {down, admin.ErrNobody, exitRefused,
			`drain "web@3.service": it is failed (exit-code)`, "clusterctl start web@3"},
		"no admin socket": {up, fmt.Errorf("%w (/run/web/3.sock)", admin.ErrNobody), exitRefused,
			`drain "web@3.service": nobody answers on the admin socket (/run/web/3.sock)`, "clusterctl stop web@3   # stops it instead"},
		"not for this user": {up, fs.ErrPermission, exitRefused,
			`drain "web@3.service": permission denied`, "run it as root (sudo), or as the user of the workers"},
		"refused by the worker": {up, &admin.AnswerError{Status: 403, Text: "only root"}, exitRefused,
			`drain "web@3.service": 403 Forbidden: only root`, "run it as root (sudo), or as the user of the workers"},
		"it can't": {up, &admin.AnswerError{Status: 501, Text: "no"}, exitRefused,
			`drain "web@3.service": it can't: it answered 501 Not Implemented: no`, "clusterctl stop web@3   # stops it instead"},
		"not in this state": {up, &admin.AnswerError{Status: 409, Text: "the worker is stopping"}, exitRefused,
			`drain "web@3.service": the worker is stopping`, "clusterctl status web"},
		"it hangs": {up, errors.New("/run/web/3.sock: no answer in 2s"), exitFailed,
			`drain "web@3.service": /run/web/3.sock: no answer in 2s`, "clusterctl logs web@3 -n 50"},
	} {
		t.Run(name, func(t *testing.T) {
			err := o.unanswered(tt.worker, tt.err)
			var command *commandError
			if !errors.As(err, &command) {
				t.Fatalf("no code and hint: %v", err)
			}
			if command.Error() != tt.want || command.code != tt.code || command.hint != tt.hint {
				t.Errorf("%d %q, %q\nwant %d %q, %q", command.code, command.Error(), command.hint, tt.code, tt.want, tt.hint)
			}
		})
	}
}
