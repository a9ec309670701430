// Package metrics says what was seen of the clusters of a host in the families of
// metrics that Prometheus scrapes.
//
// Its invariant: what could not be read has no sample. A gap can be alerted on,
// and a zero that nobody counted can't be told from a true one. What failed is
// counted in a family of its own, and fails nothing else.
package metrics
