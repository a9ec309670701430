package bus

import "time"

// Waiting counts the jobs whose result is waited for.
func (c *Conn) Waiting() int { return len(c.jobs.waiting()) }

// SlowDown makes the connection take so long for each change of a unit.
func (c *Conn) SlowDown(by time.Duration) { c.follow(slow(by)) }

type slow time.Duration

func (s slow) mark(string) { time.Sleep(time.Duration(s)) }
