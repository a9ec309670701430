// Package release keeps the releases of a cluster and the link from each worker
// to the release that it runs.
//
// Its invariants: a release that can be seen is whole and never changes, and a
// worker's link points at a whole release or is not there; whatever dies at
// whatever moment.
//
// # On the disk
//
// Below the directory of a cluster, such as /var/lib/clusterctl/web:
//
//	releases/v42/               a release, as it was added
//	releases/.v42.json          its name, digest, size, origin and time
//	releases/.lock              held while what can be seen is changed
//	releases/.tmp-123/tree/     a release that is being added
//	releases/.tmp-removed-v41/  a release that is being removed
//	workers/3 -> ../releases/v42
//
// A release is a directory and its description, both: one alone is none. So the
// description comes first when a release is added, each of the two with a
// rename(2) of what is on the disk already, and goes last when one is removed.
//
// # What is left behind
//
// A process that dies leaves a hidden directory or a description without a
// directory; the next Add or Prune removes them. A directory in which a process
// is still at work is told apart by its lock (flock(2)), which the kernel drops
// with the process.
//
// # What gets in
//
// Files, directories, symbolic links and hard links whose names and ends are in
// the release, each once. All is written through an os.Root, and links are
// followed to their end before the release is seen: "up/../.." stays inside to
// the eye and need not to the kernel. Devices, FIFOs, sockets, sparse files and
// files that are setuid or setgid are refused. Modes and the times of files are
// kept; owners and extended attributes are not: everything belongs to who adds
// it, and has to be readable to the user of the workers.
package release
