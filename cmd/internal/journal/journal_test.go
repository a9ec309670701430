package journal

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDecode(t *testing.T) {
	const when = `"__REALTIME_TIMESTAMP":"1795689583494316","__CURSOR":"s=1",`
	at := time.UnixMicro(1795689583494316)
	tests := []struct {
		name, line string
		want       Entry
	}{
		{"a worker's line", when + `"MESSAGE":"hello","PRIORITY":"3","_PID":"182","_SYSTEMD_UNIT":"web@3.service"`,
			Entry{Unit: "web@3.service", Priority: 3, PID: "182", Message: "hello"}},
		{"systemd's line about it", when + `"MESSAGE":"Started","_PID":"1","UNIT":"web@3.service","_SYSTEMD_UNIT":"init.scope"`,
			Entry{Unit: "web@3.service", Manager: true, Priority: 6, PID: "1", Message: "Started"}},
		{"a worker that says UNIT=", when + `"_PID":"182","UNIT":"web@1.service","_SYSTEMD_UNIT":"web@3.service"`,
			Entry{Unit: "web@3.service", Priority: 6, PID: "182"}},
		{"a user's worker", when + `"_PID":"182","_SYSTEMD_UNIT":"user@1000.service","_SYSTEMD_USER_UNIT":"web@3.service"`,
			Entry{Unit: "web@3.service", Priority: 6, PID: "182"}},
		{"a user's manager about it", when + `"_PID":"90","USER_UNIT":"web@3.service","_SYSTEMD_USER_UNIT":"init.scope"`,
			Entry{Unit: "web@3.service", Manager: true, Priority: 6, PID: "90"}},
		{"bytes that are no text", when + `"MESSAGE":[104,105,27,91,49,109]`, Entry{Priority: 6, Message: "hi\x1b[1m"}},
		{"a field too long for JSON", when + `"MESSAGE":null`, Entry{Priority: 6}},
		{"a field several times", when + `"MESSAGE":["one","two"]`, Entry{Priority: 6, Message: "one"}},
		{"bytes several times", when + `"MESSAGE":[[111,107],null]`, Entry{Priority: 6, Message: "ok"}},
		{"a priority that is none", when + `"PRIORITY":"12"`, Entry{Priority: 6}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Decode([]byte("{" + test.line + "}"))
			if err != nil {
				t.Fatal(err)
			}
			if !got.Time.Equal(at) || got.Cursor != "s=1" {
				t.Errorf("time %s, cursor %q", got.Time, got.Cursor)
			}
			test.want.Time, test.want.Cursor, test.want.fields = got.Time, got.Cursor, got.fields
			if got.Unit != test.want.Unit || got.Manager != test.want.Manager || got.Priority != test.want.Priority ||
				got.PID != test.want.PID || got.Message != test.want.Message {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
	for _, bad := range []string{"", "x", "{}", `{"__REALTIME_TIMESTAMP":"soon"}`, "[]"} {
		if e, err := Decode([]byte(bad)); err == nil {
			t.Errorf("%q: %+v", bad, e)
		}
	}
}

func TestArgs(t *testing.T) {
	tests := []struct {
		query Query
		want  string
	}{
		{Query{}, "--no-pager --output=json --quiet"},
		{Query{Units: []string{"web@*.service", "web.service"}, Lines: "10", Since: time.Unix(7, 5_000_000)},
			"--lines=10 --no-pager --output=json --quiet --since=@7.005000 --unit=web.service --unit=web@*.service"},
		{Query{User: true, Units: []string{"web.service"}, Follow: true, After: "s=1"},
			"--after-cursor=s=1 --follow --no-pager --no-tail --output=json --quiet --user-unit=web.service"},
		{Query{Until: time.Unix(1, 500_000_000), Matches: []string{"MESSAGE_ID=a", "MESSAGE_ID=b"}, Fields: []string{"JOB_TYPE"}},
			"--no-pager --output-fields=" + strings.Join(basic, ",") + ",JOB_TYPE --output=json --quiet --until=@1.500000 MESSAGE_ID=a MESSAGE_ID=b"},
	}
	for _, test := range tests {
		if got := strings.Join(test.query.args(), " "); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
	if slices.Contains(Query{Follow: true}.args(), "--lines=10") {
		t.Error("journalctl's own bound of ten lines would hide what was missed")
	}
}

func TestUnixSeconds(t *testing.T) {
	const of252 = "  Original form: 2026-01-31 18:00\nNormalized form: Sat 2026-01-31 18:00:00 UTC\n   UNIX seconds: @1769882400\n       From now: 9 months ago\n"
	if got, err := unixSeconds(of252); err != nil || got.Unix() != 1769882400 {
		t.Errorf("%s, %v", got, err)
	}
	if got, err := unixSeconds("   UNIX seconds: @1795689583.494316\n"); err != nil || got.UnixMicro() != 1795689583494316 {
		t.Errorf("%s, %v", got, err)
	}
	for _, bad := range []string{"", "UNIX seconds: @x", "UNIX seconds: @1.x"} {
		if got, err := unixSeconds(bad); err == nil {
			t.Errorf("%q: %s", bad, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"__REALTIME_TIMESTAMP":"1","MESSAGE":[104,105]}`))
	f.Add([]byte(`{"__REALTIME_TIMESTAMP":"1","MESSAGE":["a",null],"_PID":"1","UNIT":"web@1.service"}`))
	f.Add([]byte(`{"__REALTIME_TIMESTAMP":"1","MESSAGE":[[1],[2]],"USER_UNIT":"web@1.service"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := Decode(line)
		if err != nil {
			return
		}
		if e.Priority < 0 || e.Priority > 7 {
			t.Errorf("priority %d", e.Priority)
		}
		if e.Manager && e.Field("USER_UNIT") == "" && e.PID != "1" {
			t.Errorf("%+v is no word of the service manager", e)
		}
	})
}
