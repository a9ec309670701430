package top

import (
	"errors"
	"reflect"
	"testing"
)

func TestPress(t *testing.T) {
	for name, tt := range map[string]struct {
		keys   []string
		cursor string
		want   Effect // of the last key
	}{
		"nothing":                {[]string{"x"}, "api@1.service", Effect{}},
		"quit":                   {[]string{"q"}, "api@1.service", Effect{Do: Quit}},
		"ctrl+c quits":           {[]string{"d", "ctrl+c"}, "api@1.service", Effect{Do: Quit}},
		"down":                   {[]string{"down", "j", "j"}, "web@2.service", Effect{}},
		"up stops at the top":    {[]string{"down", "up", "k"}, "api@1.service", Effect{}},
		"end":                    {[]string{"end", "down"}, "web@4.service", Effect{}},
		"home":                   {[]string{"end", "g"}, "api@1.service", Effect{}},
		"a page":                 {[]string{"pgdown", "pgup", "pgdown"}, "web@4.service", Effect{}},
		"asks first":             {[]string{"d"}, "api@1.service", Effect{}},
		"drain":                  {[]string{"d", "y"}, "api@1.service", Effect{Run, []string{"drain", "api@1"}}},
		"undrain":                {[]string{"end", "u", "y"}, "web@4.service", Effect{Run, []string{"undrain", "web@4"}}},
		"restart":                {[]string{"r", "Y"}, "api@1.service", Effect{Run, []string{"restart", "api@1"}}},
		"logs":                   {[]string{"l", "y"}, "api@1.service", Effect{Show, []string{"logs", "api@1", "--follow"}}},
		"no":                     {[]string{"d", "n", "y"}, "api@1.service", Effect{}},
		"any other key is no":    {[]string{"d", "enter"}, "api@1.service", Effect{}},
		"pause without rollout":  {[]string{"p", "y"}, "api@1.service", Effect{}},
		"pause":                  {[]string{"end", "p", "y"}, "web@4.service", Effect{Run, []string{"rollout", "pause", "web"}}},
		"continue":               {[]string{"end", "c", "y"}, "web@4.service", Effect{Run, []string{"rollout", "resume", "web"}}},
		"a question keeps still": {[]string{"d", "down"}, "api@1.service", Effect{}},
	} {
		t.Run(name, func(t *testing.T) {
			m, effect := shown(80, 24), Effect{}
			for _, key := range tt.keys {
				m, effect = m.Press(key)
			}
			if m.cursor != tt.cursor || !reflect.DeepEqual(effect, tt.want) {
				t.Errorf("cursor %s, effect %+v; want %s, %+v", m.cursor, effect, tt.cursor, tt.want)
			}
		})
	}
}

func TestPress_NoClusters(t *testing.T) {
	for _, key := range []string{"down", "d", "p", "end", "pgdown"} {
		if _, effect := (Model{}).Press(key); effect.Do != Nothing {
			t.Errorf("%s: %+v", key, effect)
		}
	}
}

// The cursor stays with its worker when others come and go, and finds another
// when it has gone itself.
func TestSee_Cursor(t *testing.T) {
	m := press(shown(80, 24), "end", "up")
	if m.cursor != "web@3.service" {
		t.Fatalf("cursor %s", m.cursor)
	}
	next := snapshot(14)
	next.Clusters = next.Clusters[1:]
	if m = m.See(Looked{Snapshot: next}); m.cursor != "web@3.service" {
		t.Errorf("the cursor went to %s", m.cursor)
	}
	next.Clusters[0].Workers = next.Clusters[0].Workers[:2]
	if m = m.See(Looked{Snapshot: next}); m.cursor != "web@1.service" {
		t.Errorf("the cursor went to %q", m.cursor)
	}
	if m = m.See(Looked{Err: errors.New("away")}); m.cursor != "web@1.service" || m.fault == "" {
		t.Errorf("a look that failed took the clusters away: %q", m.cursor)
	}
}
