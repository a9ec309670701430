package spec

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const everything = `[Cluster]
Workers=50%
Start=lazy
Listen=http=[::]:8080 backlog=64
Listen=dns=udp:0.0.0.0:53
Listen=ctl=/run/web.sock mode=0660 user=web group=www-data
Listen=seq=seqpacket:@web
Listen=host=vsock::1024

[Rollout]
MaxUnavailable=25%
Health=http /healthz

[Unit]
After=network-online.target

[Socket]
KeepAlive=yes

[Service]
ExecStart=
ExecStart=/usr/bin/web --say "hello  world" \x20 %i $$
Environment=A=1 "B=2 # no comment"
Environment=C=3

[Slice]
MemoryMax=1G

[Install]
Alias=shop.service
`

func TestFormat_IsWhatWasParsed(t *testing.T) {
	c, err := Parse("web.cluster", []byte(everything))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(c.Format()); got != everything {
		t.Errorf("got\n%s\nwant\n%s", got, everything)
	}
}

func TestFormat_LeavesDefaultsOut(t *testing.T) {
	c, err := New("web", "/usr/bin/web", 4, []string{"http=8080"})
	if err != nil {
		t.Fatal(err)
	}
	want := "[Cluster]\nWorkers=4\nListen=http=8080\n\n[Service]\nExecStart=/usr/bin/web\n"
	if got := string(c.Format()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// FuzzParse: no input makes Parse panic; what it takes fits on lines of a unit
// file, and is read back from its own text as the same cluster.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		whole, everything,
		"[Service]\nExecStart=\\\n\\\n",
		"[X-Other]\n=\n",
		"\ufeff[Cluster]\r\nListen=a=1\r\n[Service]\r\nExecStart=a \\\r\n b\r\n",
		"[Cluster]\nListen=a=1\n[Service]\nExecStart=a\\\\\nUser=b\n",
		"[Cluster]\nListen=a=1\n[Service]\nExecStart=a \\\n# comment\n\nUser=b \\",
		"[Cluster]\nListen=a=1\n[Service]\nExecStart==\n",
		"[Rollout]\nHealth=exec a  b\nCanary=1\nCanaryHoldSec=infinity\n",
	} {
		f.Add([]byte(seed))
	}
	for _, seed := range corpus(f, "FuzzParse") {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("web.cluster", data)
		if err != nil {
			return
		}
		text := c.Format()
		again, err := Parse("web.cluster", text)
		if err != nil {
			t.Fatalf("its own text is refused: %v\n%s", err, text)
		}
		if !again.Equal(c) {
			t.Errorf("read %+v, and from its own text %+v\n%s", c, again, text)
		}
		if twice := again.Format(); !bytes.Equal(twice, text) {
			t.Errorf("written\n%s\nand then\n%s", text, twice)
		}
		policy, err := ParsePolicy(Source{"unit", append([]byte("[X-Cluster]\n"), c.Policy.Format()...)})
		if err != nil || policy != c.Policy {
			t.Errorf("policy %+v is read back as %+v (%v)", c.Policy, policy, err)
		}
	})
}

// FuzzRoundTrip puts any value under any key of ours: one that is taken is the
// same after it was written and read, and one that is refused changes nothing else.
func FuzzRoundTrip(f *testing.F) {
	keys := Keys()
	for i, value := range []string{
		"7", "50%", "lazy", "http=0.0.0.0:8080", "x=/run/a.sock mode=0660 user=a", "http /healthz?a=b", "exec a \"b c\" %i", "tcp localhost:1",
		"1h 2min", "infinity", "no", "", " ", "\\", "a\\\nb", "a\n[Service]", "\u00a0x", "x=[::1]:1", "x=udp:[::]:53", "x=vsock::1", "x=@a", "0x7", "1e3",
	} {
		f.Add(uint8(i), value, value)
	}
	f.Fuzz(func(t *testing.T, which uint8, first, second string) {
		key := keys[int(which)%len(keys)]
		text := fmt.Sprintf("[Cluster]\nListen=base=1\n[Service]\nExecStart=/a\n[%s]\n%s=%s\n%s=%s\n", key.Section, key.Name, first, key.Name, second)
		c, err := Parse("web.cluster", []byte(text))
		if err != nil {
			return
		}
		again, err := Parse("web.cluster", c.Format())
		if err != nil {
			t.Fatalf("%q: its own text is refused: %v\n%s", text, err, c.Format())
		}
		if !again.Equal(c) {
			t.Errorf("%q: read %+v, and from its own text %+v", text, c, again)
		}
	})
}

// corpus are the inputs that earlier fuzzing found to reach code of their own, one
// a line, quoted as in Go.
func corpus(f *testing.F, target string) []string {
	f.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "corpus", target+".txt"))
	if err != nil {
		f.Fatal(err)
	}
	var inputs []string
	for line := range strings.Lines(string(text)) {
		input, err := strconv.Unquote(strings.TrimSpace(line))
		if err != nil {
			f.Fatalf("%s: %v", line, err)
		}
		inputs = append(inputs, input)
	}
	return inputs
}

func FuzzParseTimeSpan(f *testing.F) {
	for _, seed := range []string{"2min 30s", "1.5h", ".5us", "infinity", "1y", "3", "1w2d"} {
		f.Add(seed)
	}
	for _, seed := range corpus(f, "FuzzParseTimeSpan") {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseTimeSpan(s)
		if err != nil {
			return
		}
		if d < 0 || d > mostTime || d%time.Microsecond != 0 {
			t.Errorf("%q is %d", s, d)
		}
		if again, err := ParseTimeSpan(FormatTimeSpan(d)); err != nil || again != d {
			t.Errorf("%q is %s, written %q, read back %s (%v)", s, d, FormatTimeSpan(d), again, err)
		}
	})
}

// systemd is the judge of what a time span means.
func TestParseTimeSpan_AgreesWithSystemd(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Fatal("systemd-analyze is missing: apt-get install systemd")
	}
	for _, s := range []string{"30", "2min 30s", "2min30s", "500ms", "1.5", ".5s", "1h 2", "0", "1us", "1week", "5 s", "1.2345678s", "1M", "1.5d", "3 days"} {
		out, err := exec.CommandContext(t.Context(), analyze, "timespan", s).Output()
		if err != nil {
			t.Errorf("systemd refuses %q: %v", s, err)
			continue
		}
		_, after, _ := strings.Cut(string(out), "μs: ")
		microseconds, _, _ := strings.Cut(after, "\n")
		d, err := ParseTimeSpan(s)
		if err != nil || d.Microseconds() != number(t, microseconds) {
			t.Errorf("%q: %d us (%v), systemd says %s", s, d.Microseconds(), err, microseconds)
		}
	}
}

func number(t *testing.T, s string) int64 {
	t.Helper()
	d, err := time.ParseDuration(s + "us")
	if err != nil {
		t.Fatal(err)
	}
	return d.Microseconds()
}

// systemd is also the judge of what a line says: continuation, comments and
// escapes are read as it reads them.
func TestParse_ReadsLinesAsSystemdDoes(t *testing.T) {
	for name, text := range map[string]string{
		"continued":          "Description=a \\\n  b\n",
		"comment within":     "Description=a \\\n# no\n; no\nb\n",
		"empty line ends":    "Description=a \\\n\nDocumentation=man:b\n",
		"even backslashes":   "Description=a\\\\\nDocumentation=man:b\n",
		"last wins":          "Description=a\nDescription=b\n",
		"blanks":             "  Description \t=  a  b  \n",
		"hash is no comment": "Description=a # b\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			unit := filepath.Join(dir, "x.service")
			if err := os.WriteFile(unit, []byte("[Unit]\n"+text+"[Service]\nExecStart=/usr/bin/true\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			f, err := parseFile(unit, []byte("[Unit]\n"+text))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := Last(f.section("Unit"), "Description"), description(t, unit); got != want {
				t.Errorf("read %q, systemd read %q", got, want)
			}
		})
	}
}

// description is what systemd takes the description of a unit file to be: it
// says so when it is asked to verify the file and to tell all it knows.
func description(t *testing.T, unit string) string {
	t.Helper()
	verify := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", unit)
	verify.Env = append(os.Environ(), "SYSTEMD_LOG_LEVEL=debug")
	out, err := verify.Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if value, ok := strings.CutPrefix(line, "\t\tDescription: "); ok {
			return strings.TrimSuffix(value, "\n")
		}
	}
	t.Fatalf("systemd-analyze says no description:\n%s", out)
	return ""
}
