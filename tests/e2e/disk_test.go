package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/clusterctl/clusterctl/tests/load"
	"github.com/clusterctl/clusterctl/tests/stage"
)

// With a full disk a rollout does nothing that it could not write down before.
func TestDiskFull_StopsTheRolloutAndLosesNothing(t *testing.T) {
	const dir = "/var/lib/clusterctl/web/rollouts"
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := deployedTo(t, s, withPolicy(""), 12) // whose journal is longer than a page
		history := run(t, web, "sh", "-c", "cat "+dir+"/1.jsonl")
		taken := (len(history) + 4095) / 4096
		for free, message := range []string{"no space left on device", "was interrupted: [1-9][0-9]* of 12"} {
			t.Run(fmt.Sprintf("%d pages are free", free), func(t *testing.T) {
				pages := taken + free
				run(t, web, "mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dk", 4*pages), "tmpfs", dir)
				defer eventually(t, "the engine has closed its journal", func() bool {
					_, err := web.Run(t.Context(), "umount", dir)
					return err == nil
				})
				if err := web.WriteFile(dir+"/1.jsonl", []byte(history), 0o644); err != nil {
					t.Fatal(err)
				}
				requests, err := web.Load(t.Context(), load.NewConnection, rate)
				if err != nil {
					t.Fatal(err)
				}
				out, err := web.Run(t.Context(), stage.Clusterctl, "deploy", "web", release(t, s, "v2", ""))
				requireExit(t, err, 1)
				if !regexp.MustCompile(message).MatchString(out) {
					t.Errorf("the output has no %q: %s", message, out)
				}
				invocations(t, web) // all are up
				run(t, web, "mount", "-o", "remount,size=1m", dir)
				if out, err := web.Run(t.Context(), stage.Clusterctl, "rollout", "resume", "web"); err != nil && free > 0 {
					t.Errorf("with room again: %v: %s", err, out)
				}
				if report := requests.Stop(); report.Failed != 0 {
					t.Errorf("a full disk cost requests: %s", report)
				}
			})
		}
	})
}

// A power cut in mid-rollout: the disk is as it was at that moment, and every
// process is gone. The machine comes up with every worker on a release that is
// known, and the rollout goes on or back by one command.
func TestPowerCut_InMidRollout(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage.Stage) {
		web := deployed(t, s, withPolicy("MinReadySec=500ms\n"))
		watching, events := startDeploy(t, web, release(t, s, "v2", ""))
		waitForLine(t, events, regexp.MustCompile(`"available":\["2"\]`))
		disk := copyDisk(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		_ = watching.Wait() // it went down with the rest

		for verb, want := range map[string]string{"resume": "v2", "abort": "v1"} {
			t.Run(verb, func(t *testing.T) {
				after := newStage(t, s.Version)
				pasteDisk(t, after, disk)
				web := &stage.Cluster{Stage: after, Name: "web", Workers: 4}
				if err := web.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				links := run(t, web, "sh", "-c", "readlink /var/lib/clusterctl/web/workers/*")
				if strings.Count(links, "/v1")+strings.Count(links, "/v2") != 4 || strings.Count(links, "/v2") < 2 {
					t.Errorf("after the power cut the workers run\n%s", links)
				}
				out, err := web.Run(t.Context(), stage.Clusterctl, "rollout", "status", "web")
				requireExit(t, err, 1)
				if !strings.Contains(out, "was interrupted: 2 of 4 workers updated") || !strings.Contains(out, "hint: clusterctl rollout resume web") {
					t.Errorf("status: %s", out)
				}
				if out, err = web.Run(t.Context(), stage.Clusterctl, "rollout", verb, "web"); verb == "resume" && err != nil {
					t.Errorf("%s: %v: %s", verb, err, out)
				}
				requireRelease(t, web, want)
			})
		}
	})
}

const onDisk = "var/lib/clusterctl etc/clusterctl etc/systemd/system srv/build opt/workers usr/bin/clusterctl"

func copyDisk(t *testing.T, s *stage.Stage) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "disk.tar")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tar := s.Command(t.Context(), "tar", append([]string{"-C", "/", "--ignore-failed-read", "-cf", "-"}, strings.Fields(onDisk)...)...)
	tar.Stdout = file
	if err := tar.Run(); err != nil {
		t.Fatal(err)
	}
	return path
}

func pasteDisk(t *testing.T, s *stage.Stage, path string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tar := s.Command(t.Context(), "tar", "-C", "/", "-xf", "-")
	tar.Stdin = file
	if out, err := tar.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := s.Run(t.Context(), "systemctl", "daemon-reload"); err != nil {
		t.Fatal(err)
	}
}
