package metrics

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// prefix is before every name.
const prefix = "clusterctl_"

// Family is a family of metrics: what all samples of one name have in common.
type Family struct {
	Name, Help, Unit string
	Type             Type
	Labels           []string
	desc             *prometheus.Desc
}

// Type is what may be done with the samples of a family.
type Type string

// The types. A counter only grows, and starts again at 0 with what it counts.
const (
	Counter Type = "counter"
	Gauge   Type = "gauge"
)

func (t Type) value() prometheus.ValueType {
	if t == Counter {
		return prometheus.CounterValue
	}
	return prometheus.GaugeValue
}

// families are all of this package, as they are declared beside what fills them.
var families []*Family

// Families are all that there are, in the order of their names.
func Families() []*Family {
	sorted := slices.Clone(families)
	slices.SortFunc(sorted, func(a, b *Family) int { return strings.Compare(a.Name, b.Name) })
	return sorted
}

func gauge(name, help string, labels ...string) *Family {
	return declare(Gauge, name, help, labels)
}

func counter(name, help string, labels ...string) *Family {
	return declare(Counter, name, help, labels)
}

func declare(kind Type, name, help string, labels []string) *Family {
	f := &Family{Name: prefix + name, Help: help, Unit: unitOf(name), Type: kind, Labels: labels}
	var options []prometheus.DescOpt
	if f.Unit != "" {
		options = append(options, prometheus.WithUnit(f.Unit))
	}
	f.desc = prometheus.V2.NewDesc(f.Name, help, prometheus.UnconstrainedLabels(labels), nil, options...)
	families = append(families, f)
	return f
}

// unitOf is the unit that a name ends in, before the _total of a counter:
// "worker_cpu_seconds_total" -> "seconds".
func unitOf(name string) string {
	name = strings.TrimSuffix(name, "_total")
	for _, unit := range []string{"seconds", "bytes"} {
		if strings.HasSuffix(name, "_"+unit) {
			return unit
		}
	}
	return ""
}

// samples is where the samples of one scrape go.
type samples chan<- prometheus.Metric

// add adds a sample; the labels are in the order of the family.
func (s samples) add(f *Family, value float64, labels ...string) {
	for i, label := range labels {
		labels[i] = strings.ToValidUTF8(label, "\uFFFD") // a path may be anything
	}
	s <- prometheus.MustNewConstMetric(f.desc, f.Type.value(), value, labels...)
}

// truth is 1 for true.
func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
