// Package release keeps the releases of a cluster and the link from each worker
// to the release that it runs.
//
// Its invariants: a release that can be seen is whole and never changes, and a
// worker's link points at a whole release or is not there; whatever dies at
// whatever moment.
//
// On the disk, below the directory of a cluster:
//
//	releases/v42/          a release, as it was added
//	releases/.v42.json     its digest, size, origin and time
//	releases/.tmp-*        what an interrupted Add has left; the next one removes it
//	workers/3 -> ../releases/v42
package release
