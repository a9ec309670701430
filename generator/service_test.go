package generator

import (
	"slices"
	"testing"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// Each default has its reason, and gives way to what the file says.
func TestServiceDefaults_GiveWay(t *testing.T) {
	for _, o := range []Options{{Systemd: 252}, {Systemd: 257}, {Mode: User}} {
		for _, d := range ServiceDefaults(o) {
			if d.Why == "" {
				t.Errorf("%s=%s has no reason", d.Key, d.Value)
			}
			if _, known := spec.Since("Service", d.Key); !known {
				t.Errorf("%s= is no setting of systemd", d.Key)
			}
			c, err := spec.Parse("web.cluster", []byte(plain+d.Key+"=another\n"))
			if err != nil {
				t.Fatalf("%s can't be set: %v", d.Key, err)
			}
			var got []string
			for _, l := range serviceLines(c, o) {
				if l.Key == d.Key {
					got = append(got, l.Value)
				}
			}
			if !slices.Equal(got, []string{"another"}) {
				t.Errorf("%s=another comes out as %q", d.Key, got)
			}
		}
	}
}

// What a default needs must be there on the oldest systemd.
func TestServiceDefaults_AreKnownToTheTarget(t *testing.T) {
	for _, target := range []int{252, 253, 254, 257, 262} {
		for _, d := range ServiceDefaults(Options{Systemd: target}) {
			if since, _ := spec.Since("Service", d.Key); since > target {
				t.Errorf("%s= came with systemd %d, and the units are for %d", d.Key, since, target)
			}
		}
	}
}
