#!/usr/bin/python3
"""The RealSense HTTPS door as its clients see it: a reader written from the protocol's description, curl, ffmpeg,
OpenCV, and many clients that stop reading or vanish.

Environment: LENSWIRE_BINARY, the program to test. A foreign program that is missing skips its test."""

import os
import pathlib
import re
import select
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from server_process import ROOT, ServerProcess, lenswire, wait_until  # noqa: E402

try:
    import cv2
    import numpy as np
except ImportError:
    cv2 = None

VIDEO, LOCATION = "/video_feed_realsense", "/location_feed_adafruit"
ROOM = "room=synthetic:room?size=320x240"
TRANSCRIPT = ROOT.parent / "shared" / "protocols" / "transcripts" / "realsense-https-pull.txt"
SANITIZED = bool(os.environ.get("LENSWIRE_SANITIZE"))


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"needs {program}")


def unverified():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class DoorProcess(ServerProcess):
    """A server with doors on free ports; `door_ports` are theirs, in order."""

    def __init__(self, *arguments, doors=(), **options):
        self._folder = tempfile.TemporaryDirectory()
        self.state = pathlib.Path(self._folder.name) / "state"
        spelled = [word for door in doors for word in ("--door", door)]
        super().__init__("--state-dir", self.state, *arguments, *spelled, **options)
        self.door_ports = wait_until(lambda: self._ports(len(doors)), "the doors are announced")

    def _ports(self, count):
        found = re.findall(r"^lenswire: door open on [^ ]*:(\d+)$", self.log, re.M)
        return [int(port) for port in found] if len(found) == count else None

    def _close(self):
        super()._close()
        self._folder.cleanup()


class Feed:
    """One request to the door, and what comes back. Chunks are taken apart by hand."""

    def __init__(self, port, path=VIDEO, method="GET", version="1.1", tls=True, headers="", buffer=None):
        raw = socket.socket()
        if buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        raw.settimeout(20)
        raw.connect(("127.0.0.1", port))
        self.socket = unverified().wrap_socket(raw) if tls else raw
        self.socket.sendall(f"{method} {path} HTTP/{version}\r\nHost: 127.0.0.1:{port}\r\n{headers}\r\n".encode())
        self.file = self.socket.makefile("rb")

    def head(self):
        """(status line, [(name, value)])"""
        status = self.file.readline().decode().rstrip("\r\n")
        headers = []
        while (line := self.file.readline()) not in (b"\r\n", b""):
            if not line.endswith(b"\r\n"):
                raise AssertionError(f"a line without CRLF: {line!r}")
            name, _, value = line.decode()[:-2].partition(": ")
            headers.append((name, value))
        return status, headers

    def chunk(self):
        size = self.file.readline()
        if not re.fullmatch(rb"[1-9a-f][0-9a-f]*\r\n", size):
            raise AssertionError(f"no chunk: {size!r}")
        data = self.file.read(int(size, 16))
        if self.file.read(2) != b"\r\n":
            raise AssertionError("a chunk is longer than it says")
        return data

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def recorded(section):
    """The recorded bytes of a section of the transcript, as far as they were kept."""
    data, inside = b"", False
    for line in TRANSCRIPT.read_text().splitlines():
        if line.startswith("["):
            inside = line.startswith(section)
        elif inside and re.match(r"    [0-9a-f]{6}  ", line):
            data += bytes.fromhex(line[12:60])
    return data


PART = re.compile(rb"--frame\r\nContent-Type:image/jpeg\r\nContent-Length: (\d+)\r\n\r\n(\xff\xd8.*\xff\xd9)\r\n", re.S)


def picture_of(part):
    """The JPEG of exactly one part."""
    found = PART.fullmatch(part)
    if not found or int(found.group(1)) != len(found.group(2)):
        raise AssertionError(f"no part: {part[:120]!r}")
    return found.group(2)


class Routes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(DoorProcess(
            "--camera", ROOM, doors=["realsense-https:0?gps=fixed:60.169857,24.938379,1.5",
                                     "realsense-https:0?tls=0&boundary=strict&quality=50"]))
        cls.tls, cls.plain = cls.server.door_ports

    def answer(self, path, method="GET", **options):
        with Feed(self.tls, path, method, **options) as feed:
            status, headers = feed.head()
            return status, dict(headers), feed.file.read()

    def test_video_is_byte_for_byte_the_recorded_answer(self):
        with Feed(self.tls, headers="Cookie: a=b\r\n", path=VIDEO + "?ignored=1") as feed:
            status, headers = feed.head()
            self.assertEqual(status, "HTTP/1.1 200 OK")
            self.assertEqual([name for name, _ in headers],
                             ["Server", "Date", "Content-Type", "Transfer-Encoding", "Connection"])
            self.assertRegex(headers[1][1], r"^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$")
            self.assertEqual([value for _, value in headers[2:]],
                             ["multipart/x-mixed-replace; boundary=--frame", "chunked", "close"])
            for _ in range(5):
                picture_of(feed.chunk())  # one chunk is one part

    def test_it_is_what_was_recorded(self):
        """The whole answer up to the first picture, but for name, date and lengths; and what parts two pictures."""
        if not TRANSCRIPT.exists():
            self.skipTest(f"needs {TRANSCRIPT}")

        def without_what_varies(data):
            data = re.sub(rb"(Server|Date): [^\r]*", rb"\1: x", data)
            data = re.sub(rb"(?<=\r\n)[0-9a-f]+(?=\r\n--frame)", b"SIZE", data)
            return re.sub(rb"Content-Length: \d+", b"Content-Length: N", data)

        request, answer = recorded("[client"), recorded("[server")
        middle = recorded("[around")
        with unverified().wrap_socket(socket.create_connection(("127.0.0.1", self.tls), 20)) as peer:
            peer.sendall(request)
            with peer.makefile("rb") as file:
                seen = file.read(400_000)
        start = without_what_varies(answer)
        start = start[:start.index(b"\xff\xd8")]
        self.assertEqual(without_what_varies(seen)[:len(start)], start)
        between = middle[middle.index(b"\xff\xd9\r\n"):]
        between = without_what_varies(between[:between.index(b"\xff\xd8")])
        self.assertIn(between, without_what_varies(seen))

    def test_old_http_gets_no_chunks(self):
        with Feed(self.tls, version="1.0") as feed:
            status, headers = feed.head()
            self.assertEqual(status, "HTTP/1.0 200 OK")
            self.assertNotIn("Transfer-Encoding", dict(headers))
            self.assertEqual(dict(headers)["Connection"], "close")
            for _ in range(3):
                head = b"".join(feed.file.readline() for _ in range(4))
                length = int(re.fullmatch(rb"--frame\r\nContent-Type:image/jpeg\r\nContent-Length: (\d+)\r\n\r\n", head)[1])
                self.assertEqual(feed.file.read(length + 2)[-4:], b"\xff\xd9\r\n")

    def test_head_and_options(self):
        for path, kind in ((VIDEO, "multipart/x-mixed-replace; boundary=--frame"), (LOCATION, "application/json")):
            status, headers, body = self.answer(path, "HEAD")
            self.assertEqual((status, headers["Content-Type"], body), ("HTTP/1.1 200 OK", kind, b""))
            status, headers, body = self.answer(path, "OPTIONS")
            self.assertEqual((status, headers["Allow"], body), ("HTTP/1.1 200 OK", "GET, OPTIONS, HEAD", b""))

    def test_what_is_not_there(self):
        status, headers, body = self.answer("/")
        self.assertEqual(status, "HTTP/1.1 404 Not Found")
        self.assertTrue(headers["Content-Type"].startswith("text/html"))
        self.assertIn(b"<h1>Not Found</h1>", body)
        for method in ("POST", "PUT", "DELETE"):
            status, headers, _ = self.answer(VIDEO, method, headers="Content-Length: 0\r\n")
            self.assertEqual((status, headers["Allow"]), ("HTTP/1.1 405 Method Not Allowed", "GET, OPTIONS, HEAD"))

    def test_location(self):
        _, headers, body = self.answer(LOCATION)
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(body, b'{"latitude":"60.169857","longitude":"24.938379","speed":"1.5"}')
        with Feed(self.plain, LOCATION, tls=False) as feed:
            feed.head()
            self.assertEqual(feed.file.read(), b'{"error":"An error occured when accessing GPS device."}')

    def test_the_certificate_is_made_once(self):
        self.assertTrue((self.server.state / "certificate.pem").exists())
        self.assertEqual((self.server.state / "key.pem").stat().st_mode & 0o777, 0o600)

    def test_plain_http_knows_its_hosts(self):
        with socket.create_connection(("127.0.0.1", self.plain), 20) as peer:
            peer.sendall(f"GET {LOCATION} HTTP/1.1\r\nHost: evil.example\r\n\r\n".encode())
            self.assertTrue(peer.recv(100).startswith(b"HTTP/1.1 421 "))

    def test_requests_that_are_none(self):
        for request, status in ((b"GET\r\n\r\n", b"400"), (b"GET / HTTP/1.1\r\nA: " + b"x" * 9000 + b"\r\n\r\n", b"431"),
                                (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", b"414")):
            with socket.create_connection(("127.0.0.1", self.plain), 20) as peer:
                peer.sendall(request)
                self.assertEqual(peer.recv(100).split()[1], status)
        with socket.create_connection(("127.0.0.1", self.tls), 20) as peer:
            peer.sendall(b"GET / HTTP/1.1\r\n\r\n")  # no TLS
            try:
                self.assertEqual(peer.recv(100)[:5], b"")
            except ConnectionResetError:
                pass

    @unittest.skipUnless(cv2, "needs python3-opencv")
    def test_the_picture_is_colour_beside_clamped_depth(self):
        with tempfile.TemporaryDirectory() as out:
            done = lenswire("grab", f"{self.server.address}/room", "--frames", 1, "--format", "png", "--out", out)
            self.assertEqual(done.returncode, 0, done.stderr)
            color = cv2.imread(str(next(pathlib.Path(out).glob("room-color-*.png"))))
            depth = cv2.imread(str(next(pathlib.Path(out).glob("room-depth-*.png"))), cv2.IMREAD_UNCHANGED)
        with Feed(self.tls) as feed:
            feed.head()
            shown = cv2.imdecode(np.frombuffer(picture_of(feed.chunk()), np.uint8), cv2.IMREAD_COLOR)
        self.assertEqual(shown.shape, (240, 640, 3))
        # Some things move between the two; most of the room does not.
        near = np.abs(shown[:, :320].astype(int) - color).max(2) < 40
        self.assertGreater(near.mean(), 0.8)
        grey = np.minimum(255, depth.astype(np.int64) * 255 // 10000)
        near = np.abs(shown[:, 320:].mean(2) - grey) < 12
        self.assertGreater(near.mean(), 0.8)


class ForeignClients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(DoorProcess(
            "--camera", ROOM, doors=["realsense-https:0", "realsense-https:0?tls=0&boundary=strict", "realsense-https:0?tls=0"]))
        tls, strict, plain = cls.server.door_ports
        cls.url = f"https://127.0.0.1:{tls}{VIDEO}"
        cls.strict_url = f"http://127.0.0.1:{strict}{VIDEO}"
        cls.plain_url = f"http://127.0.0.1:{plain}{VIDEO}"

    @needs("curl")
    def test_curl(self):
        done = subprocess.run(["curl", "-sSk", "--max-time", "2", self.url], capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 28, done.stderr)
        self.assertTrue(done.stdout.startswith(b"--frame\r\nContent-Type:image/jpeg\r\nContent-Length: "))
        self.assertGreater(done.stdout.count(b"\r\n--frame\r\n"), 5)
        trusted = subprocess.run(["curl", "-sS", "--max-time", "2", "--cacert", self.server.state / "certificate.pem",
                                  self.url.replace("127.0.0.1", "localhost")], capture_output=True, timeout=60)
        self.assertEqual(trusted.returncode, 28, trusted.stderr)

    def ffmpeg(self, url, *options):
        return subprocess.run(["ffmpeg", "-v", "error", *options, "-i", url, "-frames:v", "10", "-f", "null", "-"],
                              capture_output=True, text=True, timeout=60)

    @needs("ffmpeg")
    def test_ffmpeg(self):
        for url in (self.url, self.plain_url, self.strict_url):
            done = self.ffmpeg(url)
            self.assertEqual((done.returncode, done.stderr), (0, ""), url)

    @needs("ffmpeg")
    def test_ffmpeg_that_is_strict_needs_the_option(self):
        strict = ("-f", "mpjpeg", "-strict_mime_boundary", "1")
        self.assertEqual(self.ffmpeg(self.strict_url, *strict).returncode, 0)
        self.assertNotEqual(self.ffmpeg(self.plain_url, *strict).returncode, 0)

    @unittest.skipUnless(cv2, "needs python3-opencv")
    def test_opencv(self):
        for url in (self.url, self.plain_url):
            capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
            self.addCleanup(capture.release)
            for _ in range(5):
                taken, picture = capture.read()
                self.assertTrue(taken, url)
                self.assertEqual(picture.shape, (240, 640, 3))


class Start(unittest.TestCase):
    def serve(self, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            return lenswire("serve", "--listen", "127.0.0.1:0", "--state-dir", folder, *arguments)

    def test_a_camera_without_depth_is_named(self):
        done = self.serve("--camera", "ball=synthetic:ball", "--door", "realsense-https:0")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("camera 'ball' has no stream 'depth'", done.stderr)
        done = self.serve("--camera", "room=synthetic:room?color=none", "--door", "realsense-https:0")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("has no stream 'color'", done.stderr)

    def test_options_are_checked(self):
        for options, part in (("quality=0", "quality"), ("boundary=x", "boundary"), ("gps=nowhere", "fixed:"),
                              ("tls=maybe", "tls"), ("colour=1", "known here: quality, tls, boundary, linger, gps")):
            done = self.serve("--camera", ROOM, "--door", f"realsense-https:0?{options}")
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(part, done.stderr)

    def test_the_certificate_may_be_given(self):
        done = self.serve("--camera", ROOM, "--door", "realsense-https:0", "--cert", "/none.pem", "--key", "/none.key")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("/none.pem", done.stderr)


class Demand(unittest.TestCase):
    def state(self, server):
        return server.get("/api/v1/cameras/room").json["state"]

    def test_the_camera_runs_on_for_the_doors_linger_only(self):
        with DoorProcess("--camera", ROOM, "--linger", "0", doors=["realsense-https:0?linger=2"]) as server:
            wait_until(lambda: self.state(server) == "idle", "nobody watches")
            with Feed(server.door_ports[0], LOCATION) as feed:
                feed.head()
            self.assertEqual(self.state(server), "idle", "a position needs no camera")
            with Feed(server.door_ports[0]) as feed:
                feed.head()
                feed.chunk()
                self.assertEqual(self.state(server), "streaming")
            began = time.monotonic()
            wait_until(lambda: self.state(server) == "idle", "the linger is over")
            self.assertGreater(time.monotonic() - began, 1.8)
            with Feed(server.door_ports[0]) as feed:  # and it comes back
                feed.head()
                picture_of(feed.chunk())

    def test_a_request_waits_for_the_first_picture(self):
        with tempfile.TemporaryDirectory() as folder:
            late = pathlib.Path(folder) / "late"
            # Plain, because TLS sends tickets before there is anything to say.
            with DoorProcess("--camera", f"room=replay:{late}", doors=["realsense-https:0?tls=0"]) as server:
                with Feed(server.door_ports[0], tls=False) as feed:
                    self.assertEqual(select.select([feed.socket], [], [], 1)[0], [], "an answer without a picture")
                    if cv2 is None:
                        self.skipTest("needs python3-opencv to make the late recording")
                    made = pathlib.Path(folder) / "made"
                    made.mkdir()
                    cv2.imwrite(str(made / "color_000.png"), np.full((48, 64, 3), 90, np.uint8))
                    cv2.imwrite(str(made / "depth_000.png"), np.full((48, 64), 2000, np.uint16))
                    made.rename(late)
                    self.assertEqual(feed.head()[0], "HTTP/1.1 200 OK")
                    picture_of(feed.chunk())


class Load(unittest.TestCase):
    def test_one_encode_for_everybody(self):
        with DoorProcess("--camera", ROOM, "--io-threads", "2", doors=["realsense-https:0?tls=0"]) as server:
            feeds = [self.enterContext(Feed(server.door_ports[0], tls=False)) for _ in range(8)]
            for feed in feeds:
                feed.head()
                feed.chunk()
            # The same bytes reach clients on both threads.
            seen = [{feed.chunk() for _ in range(10)} for feed in feeds]
            self.assertTrue(all(seen[0] & other for other in seen[1:]))

    def test_who_stops_reading_is_cut_after_five_seconds(self):
        with DoorProcess("--camera", "room=synthetic:room", doors=["realsense-https:0"]) as server:
            stalled = Feed(server.door_ports[0], buffer=4096)
            self.addCleanup(stalled.close)
            good = self.enterContext(Feed(server.door_ports[0]))
            good.head()
            began = time.monotonic()
            while "client_cut" not in server.log:
                good.chunk()
                self.assertLess(time.monotonic() - began, 20, "the stalled client is not cut")
            self.assertGreater(time.monotonic() - began, 4)
            good.chunk()

    def test_who_asks_for_nothing_is_shown_out(self):
        with DoorProcess("--camera", ROOM, doors=["realsense-https:0", "realsense-https:0?tls=0"]) as server:
            began = time.monotonic()
            peers = []
            for port, begin in ((server.door_ports[0], b""), (server.door_ports[0], b"\x16\x03\x01\x02\x00\x01"),
                                (server.door_ports[1], b"GET " + VIDEO.encode())):
                peer = self.enterContext(socket.create_connection(("127.0.0.1", port), 14))
                peer.sendall(begin)
                peers.append(peer)
            for peer in peers:
                self.assertEqual(peer.recv(1), b"")
            self.assertGreater(time.monotonic() - began, 9)

    def test_two_hundred_that_vanish_leave_nothing(self):
        with DoorProcess("--camera", ROOM, "--linger", "0", doors=["realsense-https:0?linger=0"]) as server:
            port = server.door_ports[0]

            def round_of(count):
                def one(number):
                    try:
                        feed = Feed(port, LOCATION if number % 4 == 3 else VIDEO)
                        if number % 4 == 0:
                            feed.head()
                            feed.chunk()
                        if number % 4 == 1:  # as if the machine had lost its power
                            feed.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        feed.close()
                    except OSError:
                        pass

                for first in range(0, count, 20):
                    threads = [threading.Thread(target=one, args=(first + i,)) for i in range(20)]
                    for thread in threads:
                        thread.start()
                    for thread in threads:
                        thread.join()

            def settled():
                status = server.get("/api/v1/cameras/room").json["state"]
                return status == "idle" and server.descriptors()

            round_of(40)  # what is made once is made now
            before = wait_until(settled, "the first have gone")
            wait_until(lambda: server.descriptors() <= before, "descriptors settle")
            memory = server.resident_bytes()
            round_of(200)
            wait_until(settled, "all have gone")
            wait_until(lambda: server.descriptors() <= before, f"descriptors are back at {before}")
            if not SANITIZED:
                self.assertLess(server.resident_bytes() - memory, 24 << 20)
            with Feed(port) as feed:
                feed.head()
                picture_of(feed.chunk())


if __name__ == "__main__":
    unittest.main()
