package bus

import "context"

// dbus-daemon(1) lets a connection wait for so many replies at a time
// (max_replies_per_connection) and refuses the call after them. Looks and jobs
// have a share each, so that a look at a thousand workers never keeps a job
// waiting, and the rest is for what is asked for once in a while.
const (
	repliesAtATime = 128

	readersAtATime    = 8  // units that are being read
	propertiesAtATime = 12 // of each of them
	jobsAtATime       = 24 // that are being queued

	spareReplies = repliesAtATime - readersAtATime*propertiesAtATime - jobsAtATime
)

// The spare ones are at least one: this does not compile otherwise.
var _ [spareReplies - 1]struct{}

// share lets so many at a time do something.
type share chan struct{}

// take waits for a place, which is to be given back. It fails only with the
// context.
func (s share) take(ctx context.Context) error {
	select {
	case s <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s share) give() { <-s }
