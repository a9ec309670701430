"""gunicorn as one worker of a cluster: each line is there for a reason."""

import os
import sys

# gunicorn says READY=1 as soon as it holds its sockets. With the application
# loaded before that, one that can't be loaded is never ready.
preload_app = True

# At the end gunicorn closes idle keep-alive connections at once, with the
# requests that are on their way. So it keeps none: every response says
# "Connection: close". Put a proxy in front that keeps those of the clients.
worker_class = "gthread"
threads = 8
keepalive = 0

# gunicorn calls listen(2) again on the shared socket, which sets the length of
# its queue for all workers.
backlog = 4096

# Below TimeoutStopSec=, so that gunicorn and not systemd ends a hung request.
graceful_timeout = 30

chdir = os.path.dirname(os.path.abspath(__file__))

# Without its sockets gunicorn would bind an address of its own and say READY=1.
# A rollout must stop at such a worker.
if "NOTIFY_SOCKET" in os.environ or "LISTEN_FDS" in os.environ:
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        sys.exit(f"LISTEN_PID is {os.environ.get('LISTEN_PID')}, wanted {os.getpid()}, this process: no socket from systemd")
    names = os.environ.get("LISTEN_FDNAMES", "http").split(":")
    if "http" not in names:
        sys.exit(f'no socket named "http", got: {", ".join(names)}')
