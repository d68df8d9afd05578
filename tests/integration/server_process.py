"""`lenswire serve` as a process of a test: started on a free port, stopped, its memory and descriptors read.

Environment: LENSWIRE_BINARY, the program."""

import http.client
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "python"))
import lwp_reader as lwp  # noqa: E402, F401 (for the tests that import it from here)

BINARY = os.environ["LENSWIRE_BINARY"]
RECORDING = ROOT.parent / "shared" / "data" / "depth" / "d4xx-640x480-seq"


def lenswire(*arguments, **options):
    """Runs the command to its end."""
    options.setdefault("timeout", 60)
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, **options)


def wait_until(condition, what, limit=60.0):
    """What `condition` returns as soon as that is true."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit} s: {what}")
        time.sleep(0.01)


class Answer:
    """One HTTP answer, read to its end."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


class ServerProcess:
    """`lenswire serve` on a free port of loopback (or on `port`); use it as a context.

    Leaving the context sends SIGTERM; an exit code beside 0, or one that takes too long, is a failure."""

    def __init__(self, *arguments, command=(), stop_limit=60.0, port=0, binary=BINARY):
        self.stop_limit = stop_limit
        self.lines = []
        self._process = subprocess.Popen(
            [*command, binary, "serve", "--listen", f"127.0.0.1:{port}", *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.port = wait_until(self._announced_port, "the server says where it listens")
        except AssertionError:
            self.kill()
            raise AssertionError("the server does not start: " + self.log) from None
        self.address = f"127.0.0.1:{self.port}"

    def _read(self):
        for line in self._process.stderr:
            self.lines.append(line)

    def _announced_port(self):
        for line in list(self.lines):
            found = re.search(r"^lenswire: listening on https?://127\.0\.0\.1:(\d+)$", line.strip())
            if found:
                return int(found.group(1))
        if self._process.poll() is not None:
            self._reader.join(5)
            raise AssertionError(f"the server ended with {self._process.returncode}: {self.log}")
        return None

    @property
    def log(self):
        return "".join(self.lines)

    @property
    def url(self):
        return f"http://{self.address}"

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self.kill()

    def stop(self):
        """SIGTERM; the seconds until the exit with 0."""
        if self._process.poll() is not None:
            raise AssertionError(f"the server has already ended with {self._process.returncode}: {self.log}")
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(self.stop_limit)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server still runs {self.stop_limit} s after SIGTERM: {self.log}") from None
        took = time.monotonic() - began
        self._close()
        if code != 0:
            raise AssertionError(f"the server ended with {code}: {self.log}")
        return took

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._close()

    def _close(self):
        self._reader.join(5)
        self._process.stderr.close()
        if not sys.stderr.isatty():  # seen where a test fails
            print(f"server {self.pid} ended with {self._process.returncode}:", *map(str.rstrip, self.lines[-12:]),
                  sep="\n    ", file=sys.stderr)

    # --- what it answers

    def connect(self, timeout=60.0):
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def http(self, method, path, body=None, headers=None, tls=False):
        if tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, headers=None):
        return self.http("GET", path, headers=headers)

    def patch(self, path, value, headers=None):
        return self.http("PATCH", path, json.dumps(value), {"Content-Type": "application/json", **(headers or {})})

    def metrics(self):
        """{"name{labels}": value}"""
        lines = self.get("/metrics").text.splitlines()
        return {name: float(value) for name, _, value in (l.rpartition(" ") for l in lines if l and l[0] != "#")}

    # --- what it uses

    def resident_bytes(self):
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text).group(1)) * 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


class PartReader:
    """Reads the parts of a multipart/x-mixed-replace stream; strict about everything that DESIGN section 8 promises."""

    def __init__(self, server, path):
        self._socket = server.connect()
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {server.address}\r\n\r\n".encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers = self._head()
        self.boundary = b"--" + self.headers["content-type"].split("boundary=")[1].encode()

    def _head(self):
        headers = {}
        while (line := self._file.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().rstrip("\r\n").partition(": ")
            headers[name.lower()] = value
        return headers

    def part(self):
        """(headers, body)"""
        line = self._file.readline()
        if line != self.boundary + b"\r\n":
            raise AssertionError(f"expected the boundary, got {line!r}")
        headers = self._head()
        body = self._file.read(int(headers["content-length"]))
        if self._file.read(2) != b"\r\n":
            raise AssertionError("a part is longer than its Content-Length")
        return headers, body

    def close(self):
        self._file.close()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
