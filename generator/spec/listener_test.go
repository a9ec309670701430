package spec

import (
	"strings"
	"testing"
)

func TestParseListener_NamesAndAccountsHaveAnEnd(t *testing.T) {
	for _, tt := range []struct {
		text string
		ok   bool
	}{
		{strings.Repeat("a", 64) + "=8080", true},
		{strings.Repeat("a", 65) + "=8080", false},
		{"ctl=/run/web.sock user=" + strings.Repeat("a", 31), true},
		{"ctl=/run/web.sock user=" + strings.Repeat("a", 32), false},
		{"ctl=/run/web.sock group=" + strings.Repeat("1", 10), true},
		{"ctl=/run/web.sock group=" + strings.Repeat("1", 11), false},
		{"ctl=/run/web.sock group=", false},
		{"ctl=/run/web.sock group=1a", false},
	} {
		if _, err := ParseListener(tt.text); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.text, err)
		}
	}
}
