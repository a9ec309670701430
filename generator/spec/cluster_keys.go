package spec

import (
	"fmt"
	"slices"
)

// clusterKey is one key of [Cluster]: how it is read and written, and what there
// is to say of it.
type clusterKey struct {
	name, takes, means string
	// set assigns a value; an empty one is the default again, as in systemd.
	set    func(c *Cluster, value string) error
	values func(c *Cluster) []string // one a line of the file
}

// clusterKeys are the whole vocabulary of [Cluster], in the order in which they
// are written.
var clusterKeys = []clusterKey{
	{
		name:   "Workers",
		takes:  `a number from 1 to 10000, "auto" for one a CPU, or a share of the CPUs such as "50%"`,
		means:  "How many workers the cluster has. Which ones are there, the links in NAME.service.wants/ say: this is the number that they are brought to.",
		set:    orDefault(WorkerNumber(DefaultWorkers), ParseWorkers, func(c *Cluster) *Workers { return &c.Workers }),
		values: func(c *Cluster) []string { return []string{c.Workers.String()} },
	},
	{
		name:   "Start",
		takes:  `"boot" or "lazy"`,
		means:  "When the cluster starts. With lazy only its sockets are enabled, and the first connection starts it.",
		set:    orDefault(DefaultStart, parseStart, func(c *Cluster) *Start { return &c.Start }),
		values: func(c *Cluster) []string { return []string{string(c.Start)} },
	},
	{
		name:  "Listen",
		takes: "NAME=ADDRESS [mode=OCTAL] [user=USER] [group=GROUP] [backlog=NUMBER]; an address is PORT, IPv4:PORT, [IPv6]:PORT, /PATH, @ABSTRACT or vsock:CID:PORT, after udp:, datagram: or seqpacket: if it is not a stream",
		means: "A listener that all workers share, under the name by which they find it (LISTEN_FDNAMES). May stand several times; several addresses may have one name. Descriptors of different names come in no fixed order. An empty value forgets those before it.",
		set: func(c *Cluster, value string) error {
			if value == "" {
				c.Listen = nil
				return nil
			}
			listener, err := ParseListener(value)
			if err == nil {
				c.Listen = append(c.Listen, listener)
			}
			return err
		},
		values: func(c *Cluster) []string {
			var lines []string
			for _, l := range c.Listen {
				lines = append(lines, l.String())
			}
			return lines
		},
	},
	{
		name:   "Ready",
		takes:  `"none", "http /PATH" (on the worker's admin socket), "http http://ADDRESS/PATH", "tcp HOST:PORT" or "exec COMMAND"; %i is the worker`,
		means:  "How systemd finds out that a worker is ready that can't say READY=1 itself. It is asked after each start until it holds, within TimeoutStartSec=, and only then does the worker count as started. The worker is of Type=exec then.",
		set:    orDefault(Health{Kind: HealthNone}, ParseHealth, func(c *Cluster) *Health { return &c.Ready }),
		values: func(c *Cluster) []string { return []string{c.Ready.String()} },
	},
	{
		name:   "Admin",
		takes:  "yes or no",
		means:  "Whether each worker has a Unix socket of its own, /run/NAME/WORKER.sock, where it can be asked for its health. A program that knows descriptors by their number alone wants no: then a single listener is descriptor 3.",
		set:    orDefault(true, ParseBool, func(c *Cluster) *bool { return &c.Admin }),
		values: func(c *Cluster) []string { return []string{formatBool(c.Admin)} },
	},
	{
		name:   "Hardening",
		takes:  "yes or no",
		means:  "Whether workers get the settings that keep them from what a network service does not need. Each can be set otherwise in [Service]; no leaves all of them out.",
		set:    orDefault(true, ParseBool, func(c *Cluster) *bool { return &c.Hardening }),
		values: func(c *Cluster) []string { return []string{formatBool(c.Hardening)} },
	},
}

// orDefault makes the reader of a key that stands once. A value that is wrong
// leaves the cluster as it was.
func orDefault[T any](unset T, parse func(string) (T, error), field func(*Cluster) *T) func(*Cluster, string) error {
	return func(c *Cluster, value string) error {
		if value == "" {
			*field(c) = unset
			return nil
		}
		parsed, err := parse(value)
		if err == nil {
			*field(c) = parsed
		}
		return err
	}
}

// clusterKey assigns one key of [Cluster].
func (p *parser) clusterKey(s Setting) {
	at := slices.IndexFunc(clusterKeys, func(k clusterKey) bool { return k.name == s.Key })
	if at < 0 {
		var names []string
		for _, key := range clusterKeys {
			names = append(names, key.name)
		}
		p.fault(s.Line, s.Key, "unknown key in [Cluster]%s", didYouMean(s.Key, names))
		return
	}
	if err := clusterKeys[at].set(p.cluster, s.Value); err != nil {
		p.fault(s.Line, s.Key, "%w", err)
	}
	p.listenAt = p.listenAt[:min(len(p.listenAt), len(p.cluster.Listen))]
	for len(p.listenAt) < len(p.cluster.Listen) {
		p.listenAt = append(p.listenAt, place{p.path, s.Line})
	}
}

func parseStart(s string) (Start, error) {
	switch start := Start(s); start {
	case AtBoot, Lazy:
		return start, nil
	}
	return "", fmt.Errorf(`%q: wanted "boot", or "lazy" for a start by the first connection`, s)
}

// settings are the lines of [Cluster]. What is as by default is left out, but for
// the number of workers.
func (c *Cluster) settings() []Setting {
	unset := newCluster("", "")
	var settings []Setting
	for _, key := range clusterKeys {
		values := key.values(c)
		if key.name != "Workers" && slices.Equal(values, key.values(unset)) {
			continue
		}
		for _, value := range values {
			settings = append(settings, Setting{Key: key.name, Value: value})
		}
	}
	return settings
}
