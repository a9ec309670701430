"""An ASGI application for clusterctl's tests."""

import os

INSTANCE = os.environ.get("WORKER_INSTANCE", "")


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    headers = [(b"content-type", b"text/plain"), (b"x-worker", INSTANCE.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": f"worker {INSTANCE}, process {os.getpid()}\n".encode()})
