// Package top is the live view of clusters on a terminal.
//
// Its invariant: what is shown is a pure function of a Model, and a Model changes
// by a pure function of an event. Effects are values: whoever runs the program
// looks at the clusters and carries commands out. No key changes anything in the
// world before somebody has said yes.
package top
