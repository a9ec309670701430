// Package templates holds the texts of a cluster's units. Each line in them has
// its reason beside it; the generator fills in what a .cluster file says.
package templates

import (
	"embed"
	"sync"
	"text/template"
)

//go:embed *.tmpl
var texts embed.FS

// Units are the templates of the units, by file name: "service.tmpl" and so on.
// They are parsed when somebody asks for them: most commands do not.
var Units = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("units").Option("missingkey=error").ParseFS(texts, "*.tmpl"))
})
