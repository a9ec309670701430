// Package load sends HTTP requests at a fixed rate and counts every one that
// got less than a complete 2xx response.
//
// The invariant: each scheduled request is sent at most once, and ends in
// exactly one count. It never retries. That is why it has an HTTP/1.1 client of
// its own: [net/http.Transport] sends a request again, silently, when a reused
// connection turns out to be closed, and so hides the very losses that a
// careless restart causes.
//
// The rate is open-loop: a request is due at its time whether or not the ones
// before it have been answered, and its latency counts from that time. A server
// that stalls for a second shows that second (no coordinated omission). The
// kernel keeps the pace (timerfd_create(2)), so there is no busy loop and no
// drift.
//
// In [KeepAlive] mode a fixed number of connections takes turns, the one unused
// for longest first, so each is in use all the time and every worker behind a
// shared listener holds some. A connection whose response said
// "Connection: close" is dropped, as a client must. One that the server closed
// without saying so fails the next request on it. In [NewConnection] mode each
// request has a connection of its own.
package load
