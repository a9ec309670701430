package claim

import (
	"errors"
	"path/filepath"
	"testing"
)

func TestTake(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "web")
	for _, holder := range []string{"scale to 12, by ada", "drain web@3, by bo"} {
		release, err := Take(dir, holder)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Take(dir, "me")
		var held *HeldError
		if !errors.As(err, &held) || held.Holder != holder {
			t.Errorf("a second one: %v, want that %s is at work", err, holder)
		}
		release()
	}
}
