// Package worker tests the sample workers that are not in Go, each alone: with
// sockets passed as systemd passes them, stopped and started under load.
package worker

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
