"""A WSGI application for clusterctl's tests, to be run by gunicorn.

gunicorn serves every socket that systemd passes, the worker's admin socket
among them, so /healthz is answered on all of them.
"""

import os
import time
from urllib.parse import parse_qs

INSTANCE = os.environ.get("WORKER_INSTANCE", "")
RELEASE = os.environ.get("WORKER_RELEASE", "")


def application(environ, start_response):
    if environ["PATH_INFO"] == "/healthz":
        body = b"ok\n"
    else:
        query = parse_qs(environ["QUERY_STRING"])
        time.sleep(seconds(query.get("sleep", ["0s"])[0]))
        body = f"worker {INSTANCE}, release {RELEASE}, process {os.getpid()}\n".encode()
    start_response("200 OK", [
        ("Content-Type", "text/plain"),
        ("Content-Length", str(len(body))),
        ("X-Worker", INSTANCE),
        ("X-Release", RELEASE),
        ("X-Pid", str(os.getpid())),
    ])
    return [body]


def seconds(duration):
    """Read "250ms" or "1s"."""
    if duration.endswith("ms"):
        return float(duration[:-2]) / 1000
    return float(duration.removesuffix("s"))
