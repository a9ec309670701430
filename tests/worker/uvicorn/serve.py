"""uvicorn as one worker of a cluster: each line is there for a reason."""

import asyncio
import os
import socket
import sys

import uvicorn

# How many seconds a connection that was accepted just now has for its request.
GRACE = 5

# Without its socket uvicorn would serve whatever its descriptor 3 is. A rollout
# must stop at such a worker.
if os.environ.get("LISTEN_PID") != str(os.getpid()):
    sys.exit("no socket from systemd")


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        path = os.environ.get("NOTIFY_SOCKET")
        if self.started and path:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
                notify.sendto(b"READY=1", "\0" + path[1:] if path.startswith("@") else path)

    async def shutdown(self, sockets=None):
        # uvicorn closes connections that have sent no request yet. So it accepts
        # nothing more, and gives those that are there the time for theirs. Each ends
        # with its response.
        for server in self.servers:
            server.close()
        for _ in range(GRACE * 20):
            if not self.server_state.connections:
                break
            await asyncio.sleep(1 / 20)
        await super().shutdown(sockets)


# At the end uvicorn closes idle connections at once, with the requests that are on
# their way. So it keeps none. Put a proxy in front that keeps those of the clients.
Server(uvicorn.Config("app:app", fd=3, headers=[("connection", "close")])).run()
