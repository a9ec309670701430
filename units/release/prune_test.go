package release

import (
	"os"
	"strings"
	"testing"
)

func TestPrune_KeepsWhatIsRunOrNeeded(t *testing.T) {
	store := Store{Dir: t.TempDir()}
	for _, name := range []string{"v1", "v2", "v3", "v4", "v5"} {
		if _, err := store.Add(name, tree(t, map[string]string{"name": name})); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Switch("1", "v1"); err != nil {
		t.Fatal(err)
	}
	removed, err := store.Prune(1, "v3")
	if got := strings.Join(removed, " "); err != nil || got != "v4 v2" {
		t.Errorf("removed %q, %v; want v4 v2: v5 is kept, v3 is needed, v1 is run", got, err)
	}
	all, err := store.List()
	if err != nil || len(all) != 3 {
		t.Errorf("left: %+v, %v", all, err)
	}
	if left := hidden(t, store); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestPrune_FinishesWhatWasInterrupted(t *testing.T) {
	store := Store{Dir: t.TempDir()}
	for _, name := range []string{"v1", "v2"} {
		if _, err := store.Add(name, tree(t, map[string]string{"name": name})); err != nil {
			t.Fatal(err)
		}
	}
	// Killed between hiding the tree and removing its description.
	if err := os.Rename(store.path("v1"), store.releases()+"/.tmp-removed-v1"); err != nil {
		t.Fatal(err)
	}
	if removed, err := store.Prune(1); err != nil || len(removed) != 0 {
		t.Errorf("removed %q, %v; want nothing", removed, err)
	}
	if left := hidden(t, store); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
