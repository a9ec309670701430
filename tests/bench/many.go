package main

import (
	"context"
	"fmt"
	"time"

	"github.com/clusterctl/clusterctl/tests/stage"
)

// No hardening: each worker would bring a dozen seccomp filters, and Linux 6.18 can
// stand still when more than a thousand of them are freed at the same time.
const manyCluster = `[Cluster]
Workers=200
Listen=http=127.0.0.1:8080
Hardening=no

[Rollout]
MaxUnavailable=20
Health=none

[Service]
Type=exec
ExecStart=/usr/bin/sleep infinity
`

// manyBesideOneRestart says what the gates and the order cost over letting
// systemd restart all workers at once, which keeps none of them up.
func manyBesideOneRestart(ctx context.Context, s *stage.Stage) error {
	many, err := s.Install(ctx, "many", manyCluster, 200)
	if err != nil {
		return err
	}
	if err := many.Start(ctx); err != nil {
		return err
	}
	fmt.Printf("  %-28s %12s %12s %8s\n", "", "took s", "at once s", "ratio")
	for i := range rounds {
		rolled, err := timed(func() error { return rollout(ctx, many) })
		if err != nil {
			return err
		}
		atOnce, err := timed(func() error {
			_, err := many.Run(ctx, "systemctl", append([]string{"restart"}, many.WorkerNames()...)...)
			return err
		})
		if err != nil {
			return err
		}
		fmt.Printf("  %-28s %12.2f %12.2f %8.2f\n", fmt.Sprintf("round %d", i+1), rolled.Seconds(), atOnce.Seconds(), float64(rolled)/float64(atOnce))
	}
	return nil
}

func timed(do func() error) (time.Duration, error) {
	began := time.Now()
	err := do()
	return time.Since(began), err
}
