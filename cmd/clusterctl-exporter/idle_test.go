package main

import (
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// ends is when an idle watch said the end, from now on.
func ends(after time.Duration) (*idle, <-chan time.Duration) {
	began, ended := time.Now(), make(chan time.Duration, 1)
	return newIdle(after, func() { ended <- time.Since(began) }), ended
}

func TestIdle_EndsAfterTheLastConnectionAndNotBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		watch, ended := ends(5 * time.Second)
		first, second := new(net.TCPConn), new(net.TCPConn)
		time.Sleep(4 * time.Second)
		watch.follow(first, http.StateNew)
		watch.follow(first, http.StateActive)
		watch.follow(second, http.StateNew)
		time.Sleep(10 * time.Second)
		watch.follow(second, http.StateClosed)
		time.Sleep(10 * time.Second)
		watch.follow(first, http.StateClosed) // 24 s after the start
		if got := <-ended; got != 29*time.Second {
			t.Errorf("ended after %s, wanted 29s", got)
		}
	})
}

func TestIdle_WithoutConnectionsEndsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, ended := ends(5 * time.Second)
		if got := <-ended; got != 5*time.Second {
			t.Errorf("ended after %s, wanted 5s", got)
		}
	})
}

func TestIdle_ZeroMeansNever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		watch, ended := ends(0)
		conn := new(net.TCPConn)
		watch.follow(conn, http.StateNew)
		watch.follow(conn, http.StateClosed)
		select {
		case <-ended:
			t.Error("ended")
		case <-time.After(24 * time.Hour):
		}
	})
}
