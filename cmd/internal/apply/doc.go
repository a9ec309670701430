// Package apply decides what it takes to make the units of a host be what a
// .cluster file says, and in which order.
//
// Its invariant: Steps looks at nothing but what is so now. There is no list of
// work that could be lost: a run that was killed after any step is the same as a
// look at what that step has left, and the next run does the rest.
//
// The one thing that can't be seen is which text a unit was started with. A
// Record keeps it, by the clock that is never set.
package apply
