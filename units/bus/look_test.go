package bus_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clusterctl/clusterctl/tests/sandbox"
	"github.com/clusterctl/clusterctl/units"
	"github.com/clusterctl/clusterctl/units/bus"
)

// testLook is about what a connection without signals sees.
func testLook(t *testing.T, s *sandbox.Sandbox) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	reader, err := bus.DialReader(t.Context(), s.BusAddress())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()

	clusters, err := reader.Clusters(t.Context())
	if err != nil || !slices.Equal(clusters, []string{"web"}) {
		t.Errorf("clusters: %q (error: %v), want web alone", clusters, err)
	}
	glance, err := reader.Glance(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	const want = "web.service web.socket 127.0.0.1:8080 1:running:true 2:running:true 10:running:true extra:running:false"
	if got := short(glance); got != want {
		t.Errorf("glance: %s, want %s", got, want)
	}
	read, err := reader.ReadWorkers(t.Context(), glance.Workers)
	if err != nil || len(read) != len(glance.Workers) {
		t.Fatalf("workers: %+v (error: %v)", read, err)
	}
	if glance.Workers[0].MainPID != 0 || read[0].MainPID == 0 || read[0].Result != "success" || !read[0].Enabled || read[3].Enabled {
		t.Errorf("glance: %+v, read: %+v", glance.Workers[0], read)
	}

	vitals, err := reader.Vitals(t.Context(), []string{"web@1.service", "web@77.service"})
	if err != nil {
		t.Fatal(err)
	}
	accounted, err := s.Run(t.Context(), "systemctl", "show", "--value", "--property=MemoryCurrent", "web@1.service")
	if err != nil {
		t.Fatal(err)
	}
	hasMemory := !strings.Contains(accounted, "not set") // no controller for it in the sandbox
	if v := vitals["web@1.service"]; v.Memory > 0 != hasMemory || v.CPU == 0 || time.Since(v.Since) > time.Hour || v.Since.After(time.Now()) {
		t.Errorf("vitals of a worker that runs: %+v", v)
	}
	if v := vitals["web@77.service"]; v != (units.Vitals{}) {
		t.Errorf("vitals of one that never ran: %+v", v)
	}
}

func short(c units.Cluster) string {
	words := []string{c.Service.Name}
	for _, socket := range c.Sockets {
		words = append(words, socket.Name)
	}
	words = append(words, c.Listen...)
	for _, w := range c.Workers {
		words = append(words, fmt.Sprintf("%s:%s:%v", w.Instance, w.SubState, w.Enabled))
	}
	return strings.Join(words, " ")
}
