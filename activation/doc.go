// Package activation makes a Go server a good worker of systemd: one of many
// processes that accept from the same listener, each replaced at any time
// without a lost request.
//
// The invariant: a worker accepts a connection only after its health check has
// passed and READY=1 was sent, and a connection that it accepted is served. It
// is closed only after a response that told the client so, or after it has been
// idle for IdleGrace.
//
// The smallest whole worker:
//
//	func main() {
//		worker := activation.Worker{
//			Services: []activation.Service{
//				&activation.HTTP{Name: "http", Server: &http.Server{Handler: handler}, Address: "127.0.0.1:8080"},
//			},
//		}
//		if err := worker.Run(context.Background()); err != nil {
//			log.Fatal(err)
//		}
//	}
//
// Under systemd it serves the sockets that carry FileDescriptorName=http, and
// answers on the Unix socket named "admin" if the unit passes one. Started by
// hand it listens on 127.0.0.1:8080, so development needs no systemd. Package
// activationtest gives it sockets in a test.
//
// The services are HTTP (1.1, 2, h2c and TLS), Stream and Packets for protocols
// of one's own, and Server for what has an accept loop of its own, as gRPC.
//
// # The life of a worker
//
// Run takes the sockets by name, serves the admin socket, runs the warm-up
// hooks, waits until Health passes, sends READY=1, and only then accepts from
// the shared listeners. On SIGTERM, SIGINT or the end of its context it sends
// STOPPING=1, takes what waits in the listeners' queues, accepts nothing more,
// finishes what it has, and returns nil.
//
// The drain closes this worker's descriptors of the shared listener alone: it
// stays open in systemd and the other workers. From then on each response
// carries "Connection: close" (GOAWAY in HTTP/2). An idle keep-alive connection
// stays open for IdleGrace, because its client may be sending already. Handlers
// that wait learn of it from Draining. As long as requests end or bytes move,
// systemd is asked for more time, up to DrainTimeout.
//
// # The admin socket
//
// GET /healthz, /readyz and /stats say how this one worker is, and POST /drain
// and /undrain take it out of service and back without an end of its process.
// The contract (cmd/dist/doc/contract.md) has the answers, for programs in any
// language.
//
// # Supervision
//
// With WatchdogSec= in the unit the worker sends WATCHDOG=1 for as long as
// Liveness answers in time and its accept loops turn; a worker that hangs is
// restarted by systemd. With Recycle it is replaced before it fails. A panic of
// a handler answers 500, and costs no other request.
//
// Store keeps descriptors in systemd over a restart, and Sockets.Restore takes
// them back. They are never confused with sockets.
//
// # The units
//
// The units need NonBlocking=yes: O_NONBLOCK belongs to the open file
// description that all workers share, and without it systemd clears the flag
// at every start of any of them (systemd.service(5)).
package activation
