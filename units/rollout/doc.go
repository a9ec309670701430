// Package rollout moves the workers of a cluster, batch by batch, behind gates.
//
// Its invariants, each a property test of Next:
//
//   - by our own act never fewer than N - MaxUnavailable workers serve;
//   - a release that fails every gate touches one batch and no more;
//   - a worker counts as moved only when another start of it (InvocationID)
//     than the one before has passed every gate; that a timer ran out never
//     means that a worker is ready;
//   - the same function decides at the start, after every event and after the
//     death of the engine, so that a second call in mid-flight only waits.
//
// Next decides and does nothing; Engine does and decides nothing. The journal
// of a revision holds the whole input and each decision before it is carried
// out. The package reaches neither D-Bus nor HTTP: what it needs of them stands
// in the interfaces of engine.go.
package rollout
