"""A WSGI application for clusterctl's tests, to be run by gunicorn.

gunicorn serves every socket that systemd passes, the worker's admin socket
among them. So the application tells them apart, and answers the questions of
the contract on the admin socket alone.
"""

import json
import os
import socket
import threading
import time
from urllib.parse import parse_qs

INSTANCE = os.environ.get("WORKER_INSTANCE", "")
RELEASE = os.environ.get("WORKER_RELEASE", "")
START = time.time()

lock = threading.Lock()
numbers = {"requests": 0, "errors": 0, "in_flight": 0}


def application(environ, start_response):
    if environ["gunicorn.socket"].family == socket.AF_UNIX:
        status, kind, text = admin(environ["REQUEST_METHOD"], environ["PATH_INFO"])
    else:
        status, kind, text = web(environ)
    body = text.encode()
    start_response(status, [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("X-Worker", INSTANCE),
        ("X-Release", RELEASE),
        ("X-Pid", str(os.getpid())),
    ])
    return [body]


def web(environ):
    count(in_flight=1)
    try:
        query = parse_qs(environ["QUERY_STRING"])
        time.sleep(seconds(query.get("sleep", ["0s"])[0]))
        return "200 OK", "text/plain", f"worker {INSTANCE}, release {RELEASE}, process {os.getpid()}\n"
    finally:
        count(in_flight=-1, requests=1)


def admin(method, path):
    if (method, path) == ("GET", "/healthz"):
        return "200 OK", "text/plain", "ok\n"
    if (method, path) == ("GET", "/readyz"):
        return "200 OK", "text/plain", "ready\n"
    if (method, path) == ("GET", "/stats"):
        with lock:
            stats = {"state": "ready", "pid": os.getpid(), "start_time_seconds": START, "services": {"http": numbers}}
            return "200 OK", "application/json", json.dumps(stats) + "\n"
    if method == "POST" and path in ("/drain", "/undrain"):
        return "501 Not Implemented", "text/plain", "gunicorn can't leave a listener and come back: restart the worker\n"
    return "404 Not Found", "text/plain", "not found\n"


def count(**changes):
    with lock:
        for name, change in changes.items():
            numbers[name] += change


def seconds(duration):
    """Read "250ms" or "1s"."""
    if duration.endswith("ms"):
        return float(duration[:-2]) / 1000
    return float(duration.removesuffix("s"))
