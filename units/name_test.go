package units

import (
	"slices"
	"testing"
)

func TestInstance(t *testing.T) {
	for _, tt := range []struct {
		unit     string
		instance string
		ok       bool
	}{
		{"web@3.service", "3", true},
		{"web@blue.service", "blue", true},
		{"web@.service", "", false},
		{"web.service", "", false},
		{"web2@3.service", "", false},
		{"web@3.socket", "3.socket", false},
	} {
		instance, ok := Instance("web", tt.unit)
		if ok != tt.ok || (ok && instance != tt.instance) {
			t.Errorf("Instance(web, %q) = %q, %v, want %q, %v", tt.unit, instance, ok, tt.instance, tt.ok)
		}
	}
}

func TestCompareInstances_NumbersInTheirOwnOrder(t *testing.T) {
	names := []string{"blue", "10", "2", "1", "009", "amber"}
	slices.SortFunc(names, CompareInstances)
	want := []string{"1", "2", "009", "10", "amber", "blue"}
	if !slices.Equal(names, want) {
		t.Errorf("sorted: %q, want %q", names, want)
	}
}
