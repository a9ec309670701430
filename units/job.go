package units

import (
	"errors"
	"fmt"
)

// ErrLost says that the connection to systemd ended: what has become of a job
// that was waited for is not known.
var ErrLost = errors.New("the connection to the message bus was lost")

// JobResult is how a job ended, as the JobRemoved signal of the manager says
// it (org.freedesktop.systemd1(5)).
type JobResult string

// The results of a job.
const (
	JobDone       JobResult = "done"
	JobCanceled   JobResult = "canceled"
	JobTimeout    JobResult = "timeout"
	JobFailed     JobResult = "failed"
	JobDependency JobResult = "dependency"
	JobSkipped    JobResult = "skipped"
)

// JobError is a job that systemd refused to queue. Name is the D-Bus error
// name, such as "org.freedesktop.systemd1.NoSuchUnit".
type JobError struct {
	Verb, Unit, Name, Message string
}

func (e *JobError) Error() string {
	return fmt.Sprintf("%s %q: %s", e.Verb, e.Unit, e.Message)
}
