package main

import (
	"encoding/json"
	"io"

	"go.yaml.in/yaml/v3"
)

// printYAML prints what -o json prints, in YAML: the names and their order are
// the same.
func printYAML(w io.Writer, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	var document yaml.Node // JSON is YAML, and a node keeps the order
	if err := yaml.Unmarshal(data, &document); err != nil {
		return err
	}
	toBlocks(&document)
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	if err := encoder.Encode(&document); err != nil {
		return err
	}
	return encoder.Close()
}

// toBlocks takes away the braces and quotes of JSON.
func toBlocks(node *yaml.Node) {
	node.Style = 0
	for _, child := range node.Content {
		toBlocks(child)
	}
}
