#!/usr/bin/python3
"""Hostile and broken clients against the real port: limits, garbage, foreign pages, missing tokens, TLS.

Environment: LENSWIRE_BINARY, the program to test."""

import base64
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from server_process import PartReader, ServerProcess, lenswire, lwp, wait_until  # noqa: E402

CONTROLS = "/api/v1/cameras/room/controls"


def read_all(peer, timeout=20.0):
    """Everything until the other side closes, whether politely or not."""
    peer.settimeout(timeout)
    data = b""
    try:
        while piece := peer.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


def status_of(data):
    found = re.match(rb"HTTP/1\.1 (\d+) ", data)
    return int(found.group(1)) if found else None


class Served(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(ServerProcess("--camera", "room=synthetic:room?size=160x120"))

    def raw(self, data):
        """The status of the answer to these bytes; None where the connection is closed without one."""
        with self.server.connect() as peer:
            try:
                peer.sendall(data)
                peer.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # the server had enough before it had all
            return status_of(read_all(peer))

    def request(self, line="GET /healthz HTTP/1.1", *headers, body=b""):
        lines = [line, f"Host: {self.server.address}", "Connection: close", *headers, "", ""]
        return self.raw("\r\n".join(lines).encode() + body)

    def assert_healthy(self):
        began = time.monotonic()
        self.assertEqual(self.server.get("/healthz").status, 200)
        self.assertLess(time.monotonic() - began, 1.0)


class Sizes(Served):
    def test_request_line(self):
        room = (8 << 10) - len("GET / HTTP/1.1")
        self.assertEqual(self.request("GET /" + "a" * room + " HTTP/1.1"), 404)
        self.assertEqual(self.request("GET /" + "a" * (room + 1) + " HTTP/1.1"), 414)
        self.assertEqual(self.raw(b"GET /" + b"a" * 200_000), 414, "without an end in sight")

    def test_headers(self):
        room = (8 << 10) - len("X: ")
        self.assertEqual(self.request("GET /healthz HTTP/1.1", "X: " + "a" * room), 200)
        self.assertEqual(self.request("GET /healthz HTTP/1.1", "X: " + "a" * (room + 1)), 431)
        self.assertEqual(self.request("GET /healthz HTTP/1.1", *["X: a"] * 98), 200)
        self.assertEqual(self.request("GET /healthz HTTP/1.1", *["X: a"] * 99), 431)
        self.assertEqual(self.request("GET /healthz HTTP/1.1", *["X: " + "a" * 7000] * 5), 431, "the whole head")
        self.assertEqual(self.raw(b"GET / HTTP/1.1\r\nX: " + b"a" * 300_000), 431, "without an end in sight")

    def test_body(self):
        def patch(size, send):
            return self.request(f"PATCH {CONTROLS} HTTP/1.1", "Content-Type: application/json", f"Content-Length: {size}",
                                body=b" " * send)

        limit = 64 << 10
        self.assertEqual(patch(limit, limit), 400, "large enough, but no JSON")
        self.assertEqual(patch(limit + 1, 0), 413, "before it is read")
        self.assertEqual(patch(limit + 1, limit + 1), 413)
        self.assertEqual(patch(1 << 40, 300_000), 413, "though more than the answer waits to be read")

    def test_malformed_requests(self):
        for headers in (["Content-Length: 1", "Content-Length: 1"], ["Content-Length: +1"], ["Content-Length: 0x1"],
                        ["Content-Length: 1", "Transfer-Encoding: chunked"], [" folded: header"], ["X: a\0b"],
                        ["X: a\rb"], ["no colon"], ["Content-Length: 99999999999999999999999"]):
            status = self.request("GET /healthz HTTP/1.1", *headers)
            self.assertIn(status, (400, 413), headers)
        self.assertEqual(self.request(f"PATCH {CONTROLS} HTTP/1.1", "Transfer-Encoding: chunked"), 411)
        for line in ("GET /healthz HTTP/2.0", "GET /healthz", "GET healthz HTTP/1.1", "GET http://[ HTTP/1.1"):
            self.assertEqual(self.request(line), 400, line)
        self.assertEqual(self.raw(b"GET /healthz HTTP/1.1\r\n\r\n"), 400, "no Host")
        self.assert_healthy()


class Greetings(Served):
    def test_what_begins_as_nothing_known_is_closed(self):
        for first in (b"\x00", b"\xff", b"a", b"\n", b"\x15"):
            with self.server.connect() as peer:
                peer.sendall(first)
                self.assertEqual(read_all(peer), b"", first)

    def test_broken_native_messages_get_a_bye_and_the_end(self):
        hello = lwp.make_message(lwp.HELLO, payload=lwp.cbor_encode({"versions": [1, 1]}))
        huge = lwp.PREFIX.pack(lwp.MAGIC, 1, lwp.REQUEST, 0, 0xFFFFFFF0, 1)
        for data in (lwp.PREFIX.pack(lwp.MAGIC, 1, 77, 0, 0, 0), huge, hello + huge, hello + lwp.make_message(lwp.WELCOME),
                     lwp.make_message(lwp.REQUEST, 1, payload=b"\xa0"), lwp.make_message(lwp.HELLO, payload=b"\xff"),
                     hello + lwp.make_message(lwp.REQUEST, 1, payload=b"\x9f"), lwp.MAGIC + b"\xff" * 40):
            with self.server.connect() as peer:
                peer.sendall(data)
                answer = read_all(peer)
            kinds = []
            while answer:
                _, _, kind, extensions, payload, _ = lwp.PREFIX.unpack_from(answer)
                kinds.append(kind)
                answer = answer[lwp.PREFIX.size + extensions + payload :]
            self.assertEqual(kinds[-1:], [lwp.BYE], data)
        self.assert_healthy()

    def test_garbage_hurts_nobody(self):
        seeded = random.Random(7)
        starts = (b"", b"GET /", b"\x89LWP", b"\x89LWP\x01\x03", b"\x16\x03\x01", b"PATCH / HTTP/1.1\r\n",
                  f"GET /ws HTTP/1.1\r\nHost: {self.server.address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode())
        with PartReader(self.server, "/cameras/room/color.mjpeg") as stream:
            for number in range(200):
                with self.server.connect() as peer:
                    try:
                        peer.sendall(starts[number % len(starts)] + seeded.randbytes(seeded.randrange(1, 3000)))
                        if number % 3 == 0:
                            peer.shutdown(socket.SHUT_WR)
                    except OSError:
                        pass  # the server was quicker to close
                if number % 20 == 0:
                    self.assert_healthy()
                    stream.part()
        wait_until(lambda: self.server.metrics()["lenswire_connections"] == 1, "nobody stays")

    def test_who_dawdles_is_shown_out(self):
        """All at once: a silent one, half a head, half a body, a silent WebSocket, a silent native client."""
        host = f"Host: {self.server.address}\r\n"
        upgrade = (f"GET /ws HTTP/1.1\r\n{host}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                   f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n")
        body = f"PATCH {CONTROLS} HTTP/1.1\r\n{host}Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n{{"
        dawdlers = {"silent": "", "head": "GET / HTTP/1.1\r\n" + host, "body": body, "websocket": upgrade, "native": "\x89"}
        peers = {}
        began = time.monotonic()
        for name, text in dawdlers.items():
            peers[name] = self.server.connect()
            self.addCleanup(peers[name].close)
            peers[name].sendall(text.encode("latin-1"))
        answers = {}
        for name, peer in peers.items():
            answers[name] = read_all(peer, 100 if name == "body" else 20)
            took = time.monotonic() - began
            self.assertGreater(took, 8, name)
            if name != "body":
                self.assertLess(took, 14, name)
        self.assertEqual(answers["silent"], b"")
        self.assertEqual(status_of(answers["head"]), 408)
        self.assertEqual(status_of(answers["body"]), 408)
        self.assertEqual(status_of(answers["websocket"]), 101)
        self.assert_healthy()


class Pages(Served):
    def test_host_must_be_known(self):
        for host, status in (("localhost", 200), ("127.0.0.1:9", 200), ("[::1]:1", 200), ("evil.example", 421),
                             ("127.0.0.1.evil.example", 421), ("", 400)):
            self.assertEqual(self.raw(f"GET /api/v1/server HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()), status, host)

    def test_changes_come_from_the_page_itself_and_are_json(self):
        value = {"settings": {"noise": 1}}
        self.assertEqual(self.server.patch(CONTROLS, value, {"Origin": self.server.url}).status, 200)
        for origin in ("http://evil.example", "null", "http://localhost:1", "file://" + self.server.address):
            self.assertEqual(self.server.patch(CONTROLS, value, {"Origin": origin}).status, 403, origin)
        for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
            self.assertEqual(self.server.patch(CONTROLS, value, {"Content-Type": kind}).status, 415, kind)

    def test_websocket_comes_from_the_page_itself(self):
        headers = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                   "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==")
        lines = ["GET /ws HTTP/1.1", f"Host: {self.server.address}", *headers, "Origin: http://evil.example", "", ""]
        self.assertEqual(self.raw("\r\n".join(lines).encode()), 403)
        self.assertEqual(self.server.get("/ws").status, 426)

    def test_methods(self):
        for method, path in (("POST", "/"), ("DELETE", "/api/v1/cameras"), ("PUT", CONTROLS), ("PATCH", "/healthz"),
                             ("GET", "/api/v1/tickets"), ("TRACE", "/healthz"), ("OPTIONS", CONTROLS)):
            self.assertEqual(self.server.http(method, path).status, 405, (method, path))

    def test_no_way_out_of_the_page(self):
        for path in ("/../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/etc/passwd", "//etc/passwd", "/.git", "/./",
                     "/cameras/../color.jpg", "/cameras/.room/color.jpg", "/cameras/room%00/color.jpg", "/app.js/..",
                     "/cameras/room/../../etc/passwd.png", "/\\..\\etc"):
            self.assertEqual(self.request(f"GET {path} HTTP/1.1"), 404, path)

    def test_control_calls_are_limited(self):
        answers = [self.server.patch(CONTROLS, {"settings": {"noise": 1}}).status for _ in range(80)]
        self.assertIn(429, answers)
        self.assertEqual(set(answers), {200, 429})
        wait_until(lambda: self.server.get(CONTROLS).status == 200, "it takes calls again")


class Crowds(unittest.TestCase):
    def test_too_many_connections_are_refused_until_there_is_room(self):
        with ServerProcess("--camera", "ball=synthetic:ball?size=100x100", "--max-connections", 20) as server:
            streams = [PartReader(server, "/cameras/ball/color.mjpeg") for _ in range(20)]
            for stream in streams:
                stream.part()
            for _ in range(5):
                with server.connect() as peer:
                    answer = read_all(peer)
                self.assertEqual(status_of(answer), 503)
                self.assertIn(b"Retry-After:", answer)
            for stream in streams:
                stream.part()
            self.assertEqual(lenswire("ls", server.address).returncode in (2, 5, 6), True)
            streams.pop().close()

            def room():
                with server.connect() as peer:
                    try:
                        peer.sendall(f"GET /healthz HTTP/1.1\r\nHost: {server.address}\r\nConnection: close\r\n\r\n".encode())
                    except (BrokenPipeError, ConnectionResetError):
                        return False
                    return status_of(read_all(peer)) == 200

            wait_until(room, "one left, one may come")
            for stream in streams:
                stream.close()

    def test_idle_ones_make_room_for_new_ones(self):
        with ServerProcess("--camera", "ball=synthetic:ball?size=100x100", "--max-connections", 20) as server:
            request = f"GET /healthz HTTP/1.1\r\nHost: {server.address}\r\n\r\n".encode()
            idle = []
            for _ in range(20):
                idle.append(server.connect())
                self.addCleanup(idle[-1].close)
                idle[-1].sendall(request)
                self.assertEqual(status_of(idle[-1].recv(4096)), 200)
            self.assertEqual(server.get("/healthz").status, 200)
            self.assertEqual(read_all(idle[0]), b"", "the oldest idle one went")
            idle[-1].sendall(request)
            self.assertEqual(status_of(idle[-1].recv(4096)), 200, "the newest stays")


class Credentials(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.server = cls.enterClassContext(ServerProcess(
            "--camera", "room=synthetic:room?size=160x120", "--auth", "always", "--state-dir", folder))
        cls.token = {"Authorization": "Bearer " + (folder / "token").read_text().strip()}

    def test_every_route_but_health_needs_a_token(self):
        paths = self.server.get("/api/v1/openapi.json", self.token).json["paths"]
        self.assertGreater(len(paths), 10)
        for pattern, methods in paths.items():
            path = pattern.format(camera="room", stream="color", file="app.js", session="0" * 32)
            for method in map(str.upper, methods):
                with self.subTest(f"{method} {path}"):
                    headers = {"Content-Type": "application/json"}
                    without = self.server.http(method, path, "{}" if method != "GET" else None, headers).status
                    self.assertEqual(without, 200 if path == "/healthz" else 401)
                    if path.endswith(".mjpeg"):
                        method = "HEAD"
                    with_token = self.server.http(method, path, "{}" if method not in ("GET", "HEAD") else None,
                                                  {**headers, **self.token}).status
                    self.assertNotIn(with_token, (401, 403))
        self.assertEqual(self.server.get("/no/such/path").status, 401, "what exists is told to nobody")

    def test_a_ticket_opens_one_stream(self):
        answer = self.server.http("POST", "/api/v1/tickets", '{"camera": "room", "stream": "color"}',
                                  {"Content-Type": "application/json", **self.token})
        ticket = answer.json["ticket"]
        self.assertEqual(self.server.get(f"/cameras/room/color.jpg?ticket={ticket}").status, 200)
        self.assertEqual(self.server.get(f"/cameras/room/depth.png?ticket={ticket}").status, 401)
        self.assertEqual(self.server.get(f"/api/v1/cameras?ticket={ticket}").status, 401)
        calibration = f"/api/v1/cameras/room/streams/color/calibration?ticket={ticket}"
        for method, path in (("GET", calibration), ("PUT", calibration), ("DELETE", f"/rtc/room/color?ticket={ticket}")):
            answer = self.server.http(method, path, "{}", {"Content-Type": "application/json"})
            self.assertEqual(answer.status, 401, (method, path))

    def test_a_page_may_ask_the_user(self):
        answer = self.server.get("/")
        self.assertEqual(answer.status, 401)
        self.assertIn("Basic", answer.headers["WWW-Authenticate"])
        basic = base64.b64encode(b"me:" + self.token["Authorization"][7:].encode()).decode()
        self.assertEqual(self.server.get("/", {"Authorization": "Basic " + basic}).status, 200)


class Forwarded(Served):
    def test_a_forwarded_request_counts_as_remote(self):
        for header in ("X-Forwarded-For", "X-Forwarded-Host", "Forwarded"):
            self.assertIn(self.server.get("/api/v1/cameras", {header: "127.0.0.1"}).status, (401, 403), header)
        self.assertEqual(self.server.get("/healthz", {"X-Forwarded-For": "127.0.0.1"}).status, 200)


@unittest.skipUnless(shutil.which("openssl") and shutil.which("curl"), "needs openssl and curl")
class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.certificate, key = folder / "cert.pem", folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", key, "-out", cls.certificate, "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
        key.chmod(0o600)
        cls.server = cls.enterClassContext(ServerProcess(
            "--camera", "ball=synthetic:ball?size=200x200", "--cert", cls.certificate, "--key", key))

    def curl(self, path, *arguments):
        return subprocess.run(["curl", "-sS", "--max-time", "10", *arguments, f"https://{self.server.address}{path}"],
                              capture_output=True, timeout=60)

    def test_https_and_http_on_one_port(self):
        self.assertEqual(self.curl("/healthz", "-k").stdout, b"ok\n")
        done = self.curl("/cameras/ball/color.jpg", "--cacert", self.certificate)
        self.assertEqual((done.returncode, done.stdout[:2]), (0, b"\xff\xd8"), done.stderr)
        self.assertEqual(self.curl("/healthz").returncode, 60, "curl does not trust it by itself")
        self.assertEqual(self.server.get("/healthz").status, 200)

    def test_a_stream_over_tls(self):
        done = self.curl("/cameras/ball/color.mjpeg", "-k", "--max-time", "1")
        self.assertEqual(done.returncode, 28, done.stderr)
        self.assertGreater(done.stdout.count(b"\xff\xd8\xff"), 10)

    def test_the_native_protocol_over_tls(self):
        url = f"lenswires://{self.server.address}"
        with tempfile.TemporaryDirectory() as out:
            done = lenswire("grab", url + "/ball", "--insecure", "--frames", 5, "--policy", "every", "--out", out)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(list(pathlib.Path(out).glob("ball-color-*.jpg"))), 5)
        self.assertEqual(lenswire("ls", url, "--ca-file", self.certificate).returncode, 0)
        refused = lenswire("ls", url)
        self.assertEqual(refused.returncode, 4, refused.stderr)
        self.assertIn("certificate", refused.stderr)

    def test_old_versions_are_refused(self):
        def handshake(*version):
            return subprocess.run(["openssl", "s_client", "-connect", self.server.address, "-cipher", "ALL:@SECLEVEL=0", *version],
                                  input=b"", capture_output=True, timeout=30)

        self.assertEqual(handshake("-tls1_2").returncode, 0)
        self.assertEqual(handshake("-tls1_3").returncode, 0)
        self.assertNotEqual(handshake("-tls1_1").returncode, 0)
        self.assertNotEqual(handshake("-tls1").returncode, 0)

    def test_half_a_handshake_is_shown_out(self):
        with self.server.connect() as peer:
            peer.sendall(b"\x16\x03\x01\x02\x00\x01")
            began = time.monotonic()
            read_all(peer)
            self.assertLess(time.monotonic() - began, 14)


if __name__ == "__main__":
    unittest.main()
