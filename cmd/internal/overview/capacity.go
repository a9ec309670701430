package overview

import "slices"

// Least is how many workers the cluster is to have in service at any time: what
// a rollout would keep too.
func Least(seen Seen) int {
	wanted := 0
	for _, worker := range seen.Workers {
		if worker.Enabled {
			wanted++
		}
	}
	return wanted - seen.Policy.Unavailable(wanted)
}

// Without is how many workers are in service when the given instances no longer
// are.
func (c Cluster) Without(instances []string) int {
	left := c.Ready
	for _, worker := range c.Workers {
		if worker.Serves() && slices.Contains(instances, worker.Instance) {
			left--
		}
	}
	return left
}
