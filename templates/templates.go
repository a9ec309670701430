// Package templates holds the texts of a cluster's units. Each line in them has
// its reason beside it; the generator fills in what a .cluster file says.
package templates

import (
	"embed"
	"text/template"
)

//go:embed *.tmpl
var texts embed.FS

// Units are the templates of the units, by file name: "service.tmpl" and so on.
var Units = template.Must(template.New("units").Option("missingkey=error").ParseFS(texts, "*.tmpl"))
