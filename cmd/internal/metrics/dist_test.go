package metrics

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const dist = "../../dist"

func readDist(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dist, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// promtool runs Prometheus' own tool on what is shipped.
func promtool(t *testing.T, stdin string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("promtool is missing; tests/setup installs it from Debian's package prometheus")
	}
	cmd := exec.CommandContext(t.Context(), "promtool", args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "no help text") {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestPromtool_MetricsAreClean(t *testing.T) {
	promtool(t, readFile(t, "testdata/scrape.text"), "check", "metrics")
}

func TestPromtool_AlertsFireWhenTheyShould(t *testing.T) {
	promtool(t, "", "check", "rules", "--lint=all", "--lint-fatal", filepath.Join(dist, "prometheus", "alerts.yml"))
	promtool(t, "", "test", "rules", filepath.Join(dist, "prometheus", "alerts_test.yml"))
}

// Each alert has a test that sees it fire, and one that does not.
func TestAlerts_AreTested(t *testing.T) {
	tests := readDist(t, "prometheus/alerts_test.yml")
	for _, found := range regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(readDist(t, "prometheus/alerts.yml"), -1) {
		uses := regexp.MustCompile(`alertname: `+found[1]+`\n\s+exp_alerts:(.*)`).FindAllStringSubmatch(tests, -1)
		fires := slices.ContainsFunc(uses, func(use []string) bool { return use[1] == "" })
		rests := slices.ContainsFunc(uses, func(use []string) bool { return use[1] == " []" })
		if !fires || !rests {
			t.Errorf("%s: a test that it fires: %t, and one that it does not: %t", found[1], fires, rests)
		}
	}
}

// query is one expression of the dashboard, and where it stands.
type query struct{ panel, expr string }

func queries(t *testing.T) []query {
	t.Helper()
	var dashboard struct {
		Title, UID  string
		Annotations struct{ List []struct{ Expr string } }
		Templating  struct {
			List []struct{ Name, Definition string }
		}
		Panels []struct {
			ID      int
			Title   string
			Type    string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(readDist(t, "grafana/clusterctl.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	var all []query
	seen := make(map[int]bool)
	for _, panel := range dashboard.Panels {
		if seen[panel.ID] {
			t.Errorf("two panels have the id %d", panel.ID)
		}
		seen[panel.ID] = true
		if panel.Type != "row" && len(panel.Targets) == 0 {
			t.Errorf("panel %q shows nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			all = append(all, query{panel.Title, target.Expr})
		}
	}
	for _, annotation := range dashboard.Annotations.List {
		all = append(all, query{"annotations", annotation.Expr})
	}
	for _, variable := range dashboard.Templating.List {
		if variable.Definition != "" {
			inner := strings.TrimPrefix(variable.Definition, "label_values(")
			all = append(all, query{"variable " + variable.Name, inner[:strings.LastIndex(inner, ",")]})
		}
	}
	return all
}

// Prometheus parses each query of the dashboard.
func TestDashboard_QueriesAreValid(t *testing.T) {
	var rules strings.Builder
	rules.WriteString("groups:\n- name: dashboard\n  rules:\n")
	grafana := strings.NewReplacer("$__rate_interval", "5m", "$__range", "1h")
	for i, q := range queries(t) {
		expr, _ := json.Marshal(grafana.Replace(q.expr)) // YAML has JSON's strings
		rules.WriteString("  - record: query:" + string(rune('a'+i/26)) + string(rune('a'+i%26)) + "\n    expr: " + string(expr) + "\n")
	}
	file := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(file, []byte(rules.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	promtool(t, "", "check", "rules", file)
}

// What is shown, alerted on and written about is what there is, and the other
// way round: each family has its row in the manual.
func TestNames_AreThoseOfTheFamilies(t *testing.T) {
	known := make(map[string]*Family)
	for _, family := range Families() {
		known[family.Name] = family
	}
	texts := map[string]string{
		"alerts.yml":      readDist(t, "prometheus/alerts.yml"),
		"alerts_test.yml": readDist(t, "prometheus/alerts_test.yml"),
		"metrics.md":      readDist(t, "doc/metrics.md"),
	}
	for _, q := range queries(t) {
		texts["panel "+q.panel] += q.expr + "\n"
	}
	for where, text := range texts {
		for _, name := range regexp.MustCompile(`clusterctl_[a-z0-9_]+`).FindAllString(text, -1) {
			if known[name] == nil {
				t.Errorf("%s: there is no family %s", where, name)
			}
		}
	}
	for _, family := range Families() {
		row := "| `" + family.Name + "` | " + string(family.Type) + " | " + strings.Join(family.Labels, ", ") + " | "
		if !strings.Contains(texts["metrics.md"], row) {
			t.Errorf("metrics.md lacks the row %q", row+family.Help+" |")
		}
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
