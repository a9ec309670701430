package generator

import (
	"bytes"
)

// Origin is the cluster that a unit of ours belongs to and the .cluster file that
// it was made of, "" if it was a command line. It is false of other units.
func Origin(text []byte) (cluster, source string, ours bool) {
	cluster, ours = owner(text)
	if !ours {
		return "", "", false
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	_, rest, _ := bytes.Cut(line, []byte(" from "))
	path, _, found := bytes.Cut(rest, []byte(". Changes here are lost"))
	if !found || !bytes.HasPrefix(path, []byte("/")) {
		return cluster, "", true
	}
	return cluster, string(path), true
}
