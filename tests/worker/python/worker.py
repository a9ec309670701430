#!/usr/bin/env python3
"""A Python worker for clusterctl, with nothing but Python's own library (3.9 or newer).

It serves the listener that systemd passes as FileDescriptorName=http, answers
all questions of the contract on the one called "admin", and drains without
losing a request. Started by hand it listens on 127.0.0.1:8080.
"""

import json
import os
import select
import signal
import socket
import struct
import sys
import threading
import time
import traceback
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

FIRST_DESCRIPTOR = 3  # SD_LISTEN_FDS_START, sd_listen_fds(3)
IDLE_GRACE = 1.0  # an idle client may be sending already, so a drain leaves it this long
FIRST_GRACE = 5.0  # who opens a connection means to use it
INSTANCE = os.environ.get("WORKER_INSTANCE", "")
RELEASE = os.environ.get("WORKER_RELEASE", "")


def inherited():
    """Return the sockets by name, or None if no service manager started this.

    A worker that systemd started without its sockets must not come up: that
    stops a rollout at its first worker.
    """
    pid, count, names = (os.environ.pop(name, None) for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"))
    if count is None and "NOTIFY_SOCKET" not in os.environ:
        return None
    if pid != str(os.getpid()):
        sys.exit(f"LISTEN_PID is {pid}, wanted {os.getpid()}, this process")
    sockets = {}
    for fd, name in enumerate((names or "http").split(":")[: int(count)], FIRST_DESCRIPTOR):
        os.set_inheritable(fd, False)
        sockets[name] = socket.socket(fileno=fd)
    if "http" not in sockets:
        sys.exit(f'no socket named "http", got: {", ".join(sockets) or "none"}')
    return sockets


def notify(*lines):
    """Tell systemd, as sd_notify(3) does."""
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.connect("\0" + path[1:] if path.startswith("@") else path)
            manager.send("\n".join(lines).encode())


class Worker:
    """The state of this process, and its numbers."""

    def __init__(self):
        self.lock = threading.Condition()
        self.state = "starting"
        self.start = time.time()
        self.numbers = dict.fromkeys(("accepted", "connections", "requests", "errors", "in_flight", "panics", "drained"), 0)
        self.leave = os.pipe()  # readable while the clients are to go
        self.wake = os.pipe()  # readable while the accept loop is to look up

    @property
    def leaving(self):
        return self.state in ("draining", "stopping")

    def change(self, before, after):
        """Return whether the state was one of before, and is after now."""
        with self.lock:
            if self.state not in before:
                return False
            was, self.state = self.leaving, after
            if self.leaving and not was:
                os.write(self.leave[1], b"x")
            if was and not self.leaving:
                os.read(self.leave[0], 1)
            os.write(self.wake[1], b"x")
            return True

    @contextmanager
    def counted(self, now, total):
        with self.lock:
            self.numbers[now] += 1
        try:
            yield
        finally:
            with self.lock:
                self.numbers[now] -= 1
                self.numbers[total] += total != "drained" or self.leaving
                self.lock.notify_all()

    def count(self, name):
        with self.lock:
            self.numbers[name] += 1

    def words(self):
        return "drained" if self.state == "draining" and not self.numbers["connections"] else self.state

    def stats(self):
        with self.lock:
            return {"state": self.words(), "pid": os.getpid(), "start_time_seconds": self.start, "services": {"http": self.numbers}}


worker = Worker()


def accept(listener):
    """Accept while in service, and at the end what waits in the queue."""
    listener.setblocking(False)
    while True:
        ready, _, _ = select.select([worker.wake[0]] + [listener] * (worker.state == "ready"), [], [])
        if worker.wake[0] in ready:
            os.read(worker.wake[0], 1)
        if worker.state in ("ready", "stopping"):
            while (connection := accept_one(listener)) is not None:
                worker.count("accepted")
                threading.Thread(target=serve, args=(connection,)).start()
        if worker.state == "stopping":
            listener.close()
            return


def accept_one(listener):
    try:
        connection, _ = listener.accept()
    except (BlockingIOError, ConnectionAbortedError):
        return None  # another worker was faster
    connection.setblocking(True)
    return connection


def serve(connection):
    with worker.counted("connections", "drained"), connection:
        Web(connection, "", None)


def serve_admin(connection):
    with connection:
        Admin(connection, "", None)


def application(path):
    """Say who answers, after ?sleep=DURATION."""
    time.sleep(seconds(parse_qs(urlsplit(path).query).get("sleep", ["0s"])[0]))
    return f"worker {INSTANCE}, release {RELEASE}, process {os.getpid()}\n"


class Web(BaseHTTPRequestHandler):
    """HTTP on the shared listener."""

    protocol_version = "HTTP/1.1"

    def handle(self):
        self.close_connection = False
        grace = FIRST_GRACE
        while not self.close_connection and self.comes(grace):
            self.handle_one_request()
            grace = IDLE_GRACE

    def comes(self, grace):
        """Wait for a request; in a drain no longer than grace."""
        self.connection.setblocking(False)
        came = self.rfile.peek(1)  # it may have come together with the last
        self.connection.setblocking(True)
        if came:
            return True
        if select.select([self.connection, worker.leave[0]], [], [])[0] == [worker.leave[0]]:
            return bool(select.select([self.connection], [], [], grace)[0])
        return True

    def do_GET(self):
        with worker.counted("in_flight", "requests"):
            try:
                text = application(self.path)
            except Exception:  # costs this request and no other
                traceback.print_exc()
                worker.count("panics")
                worker.count("errors")
                self.answer(500, "internal server error\n")
            else:
                self.answer(200, text)

    def answer(self, status, text, kind="text/plain"):
        self.send_response(status)
        headers = {"Content-Type": kind, "Content-Length": len(text), "X-Worker": INSTANCE, "X-Release": RELEASE, "X-Pid": os.getpid()}
        # Decided when the answer begins: SIGTERM may have come since the request.
        if worker.leaving or isinstance(self, Admin):
            headers["Connection"] = "close"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class Admin(Web):
    """The questions of the contract, on the worker's own socket."""

    def handle(self):
        self.handle_one_request()

    def do_GET(self):
        if self.path == "/healthz":
            self.answer(200, "ok\n")
        elif self.path == "/readyz":
            state = worker.stats()["state"]
            self.answer(200 if state == "ready" else 503, f"{state}\n")
        elif self.path == "/stats":
            self.answer(200, json.dumps(worker.stats()) + "\n", "application/json")
        else:
            self.answer(404, "not found\n")

    def do_POST(self):
        changes = {"/drain": (("ready",), "draining"), "/undrain": (("draining",), "ready")}
        if self.path not in changes:
            self.answer(404, "not found\n")
        elif not self.is_owner():
            self.answer(403, "only root and the worker's own user may do this\n")
        elif not worker.change(*changes[self.path]):
            self.answer(409, f"the worker is {worker.stats()['state']}\n")
        else:
            notify("STATUS=out of service, as told on the admin socket" if worker.leaving else "STATUS=serving")
            self.answer(200, "ok\n")

    def is_owner(self):
        credentials = self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        _, uid, _ = struct.unpack("3i", credentials)
        return uid in (0, os.geteuid())


def answer_questions(listener):
    listener.setblocking(True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve_admin, args=(connection,), daemon=True).start()


def feed_watchdog():
    """Say that this process lives, for as long as its lock can be had."""
    period = int(os.environ.pop("WATCHDOG_USEC")) / 1e6
    while True:
        worker.stats()
        notify("WATCHDOG=1")
        time.sleep(period / 3)


def seconds(duration):
    """Read "250ms" or "1s"."""
    if duration.endswith("ms"):
        return float(duration[:-2]) / 1000
    return float(duration.removesuffix("s"))


def main():
    sockets = inherited() or {"http": socket.create_server(("127.0.0.1", 8080))}
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])  # for all threads; waited for below
    if "admin" in sockets:
        threading.Thread(target=answer_questions, args=(sockets["admin"],), daemon=True).start()
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid()) and "WATCHDOG_USEC" in os.environ:
        threading.Thread(target=feed_watchdog, daemon=True).start()
    worker.change(("starting",), "ready")
    notify("READY=1", "STATUS=serving")
    accepting = threading.Thread(target=accept, args=(sockets["http"],))
    accepting.start()
    signal.sigwait([signal.SIGTERM, signal.SIGINT])
    worker.change(("ready", "draining"), "stopping")
    notify("STOPPING=1", "STATUS=draining")
    accepting.join()
    with worker.lock:
        worker.lock.wait_for(lambda: not worker.numbers["connections"])


if __name__ == "__main__":
    main()
