// Package rollout moves the workers of a cluster, batch by batch, behind gates,
// and takes them back when a gate breaks.
//
// Its invariants, each a property test of Next:
//
//   - by our own act never fewer than N - MaxUnavailable workers serve, on the
//     way back and while tidying up too;
//   - a release that fails every gate touches one batch and no more, and with
//     surge none;
//   - a worker counts as moved only when another start of it (InvocationID)
//     than the one before has passed every gate; that a timer ran out never
//     means that a worker is ready;
//   - a rollback moves only workers that hold the release that is taken back,
//     and is itself never taken back;
//   - the same function decides at the start, after every event and after the
//     death of the engine, so that a second call in mid-flight only waits.
//
// Next decides and does nothing; Engine does and decides nothing. The journal
// of a revision holds the whole input and each decision before it is carried
// out: what can't be written down is not done. What became of a job whose end
// nobody heard, for the engine died or the bus was lost, is read from the
// worker itself, and a worker that can't tell is moved once more.
//
// The phases:
//
//	Progressing <-> Held        the canary is looked at, or somebody said pause
//	Progressing  -> Complete
//	Progressing  -> RollingBack -> RolledBack
//	Progressing, RollingBack -> Failing -> Failed
//
// and from each of the first four to Interrupted, when the engine is told to
// stop; another engine can go on from there.
//
// The package reaches neither D-Bus nor HTTP: what it needs of them stands in
// the interfaces of systemd.go.
package rollout
