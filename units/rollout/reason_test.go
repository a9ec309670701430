package rollout

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// The reasons are part of the interface: the page about rollouts has each.
func TestReasons_AreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../cmd/dist/doc/rollouts.md")
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), "run.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	reasons := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); ok && of.Name == "Reason" {
			reasons++
			if word := strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`); !strings.Contains(string(page), "`"+word+"`") {
				t.Errorf("rollouts.md does not have the reason %q", word)
			}
		}
		return true
	})
	if reasons < 10 {
		t.Errorf("%d reasons were found: the search is broken", reasons)
	}
}
