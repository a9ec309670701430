package e2e

import (
	"bufio"
	"net"
	"testing"

	"github.com/clusterctl/clusterctl/tests/stage"
)

// After a restart of the socket unit workers alone hold the old listener. What
// waits in its queue when the last of them ends would be reset by the kernel.
// Here nobody accepts, so that something waits in both listeners.
func oldListenerIsEmptied(t *testing.T, web *stage.Cluster) {
	for _, instance := range []string{"1", "2", "3", "4"} {
		askWorker(t, web, instance, "POST", "/drain")
	}
	run(t, web, "systemctl", "restart", "web.socket")
	var waiting []net.Conn
	for range 40 { // the kernel spreads them over the two
		conn, err := web.Dial(t.Context(), "tcp", stage.Address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		ask(t, conn, "/")
		waiting = append(waiting, conn)
	}
	for _, unit := range web.WorkerNames() {
		run(t, web, "systemctl", "restart", unit)
	}
	for _, conn := range waiting {
		answered(t, bufio.NewReader(conn))
	}
	if n := listeners(t, web); n != 1 {
		t.Errorf("%d listeners after every worker was restarted, wanted 1", n)
	}
}
