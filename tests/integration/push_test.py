#!/usr/bin/python3
"""`lenswire push` against a listener written from the protocol's description, ffmpeg and gpsd, and the source
`push-listen:` against senders of all kinds.

Environment: LENSWIRE_BINARY, the program to test. A foreign program that is missing skips its test."""

import contextlib
import http.client
import os
import pathlib
import pty
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import tty
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from server_process import BINARY, ROOT, ServerProcess, lenswire, wait_until  # noqa: E402

try:
    import cv2
    import numpy as np
except ImportError:
    cv2 = None

ROOM = "room=synthetic:room?size=160x120"
TRANSCRIPT = ROOT.parent / "shared" / "protocols" / "transcripts" / "realsense-https-push.txt"


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"needs {program}")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def make_certificate(folder):
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    key.chmod(0o600)
    return certificate, key


class Push:
    """`lenswire push` as a process; leaving the context interrupts it, as Ctrl-C would."""

    def __init__(self, *arguments, camera=ROOM):
        self.process = subprocess.Popen([BINARY, "push", *map(str, arguments), "--camera", camera],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        self.lines = []
        self.reader = threading.Thread(target=lambda: self.lines.extend(iter(self.process.stderr.readline, "")), daemon=True)
        self.reader.start()

    @property
    def log(self):
        return "".join(self.lines)

    def stop(self):
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.reader.join(5)
        self.process.stderr.close()
        if code != 0:
            raise AssertionError(f"push ended with {code}: {self.log}")
        return time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
        else:
            self.process.stderr.close()


class Listener:
    """A port that takes one connection after the other; with a certificate it speaks TLS."""

    def __init__(self, certificate=None, backlog=16):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.socket.settimeout(40)
        self.port = self.socket.getsockname()[1]
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"

    def accept(self):
        peer, _ = self.socket.accept()
        peer.settimeout(20)
        return self.context.wrap_socket(peer, server_side=True) if self.context else peer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def read_head(file):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = file.readline()
        if not line:
            raise AssertionError(f"the head ends early: {head!r}")
        head += line
    return head


def read_part(file):
    """The JPEG of one part, which is one chunk."""
    size = int(file.readline(), 16)
    part = file.read(size)
    found = re.fullmatch(rb"--frame\r\nContent-Type:image/jpeg\r\nContent-Length: (\d+)\r\n\r\n(\xff\xd8.*\xff\xd9)\r\n", part, re.S)
    if not found or int(found[1]) != len(found[2]) or file.read(2) != b"\r\n":
        raise AssertionError(f"no part: {part[:100]!r}")
    return found[2]


def recorded(section):
    """The recorded bytes of a section, as far as they were kept."""
    data, inside = b"", False
    for line in TRANSCRIPT.read_text().splitlines():
        if line.startswith("["):
            inside = line.startswith(section)
        elif inside and re.match(r"    [0-9a-f]{6}  ", line):
            data += bytes.fromhex(line[12:60])
    return data


@unittest.skipUnless(shutil.which("openssl"), "needs openssl")
class Sending(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.certificate = make_certificate(cls.folder)

    def listen(self, **options):
        return self.enterContext(Listener(**options))

    def test_the_bytes_are_the_recorded_ones(self):
        if not TRANSCRIPT.exists():
            self.skipTest(f"needs {TRANSCRIPT}")
        listener = self.listen(certificate=self.certificate)
        with Push(listener.url, "--ca", self.certificate[0], "-s", "cam-7", "-r", 0.1, camera="synthetic:room?size=320x240"):
            with listener.accept() as peer, peer.makefile("rb") as file:
                head = read_head(file)
                original = recorded("[video")
                end = original.index(b"\r\n\r\n") + 4
                self.assertEqual(head, original[:end].replace(b":5038", b":%d" % listener.port))
                for _ in range(3):
                    read_part(file)

    def test_sizes_rates_and_names(self):
        listener = self.listen()
        with Push(listener.url + "/in/1?x=y", "-x", 80, "-f", 5, "--quality", 50):
            with listener.accept() as peer, peer.makefile("rb") as file:
                head = read_head(file).decode()
                self.assertTrue(head.startswith("POST /in/1?x=y HTTP/1.1\r\n"))
                self.assertIn("\r\nContent-Resolution: 160x60x3\r\nStream-ID: default-streamID\r\n", head)
                picture = read_part(file)
                began = time.monotonic()
                for _ in range(4):
                    read_part(file)
                self.assertGreater(time.monotonic() - began, 0.6)
                if cv2 is not None:
                    self.assertEqual(cv2.imdecode(np.frombuffer(picture, np.uint8), 1).shape, (60, 160, 3))

    def test_certificates_are_checked(self):
        listener = self.listen(certificate=self.certificate)
        with Push(listener.url, "-r", 0.1) as push:
            for _ in range(2):  # it tries again
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    with listener.accept() as peer:
                        peer.recv(1)
            wait_until(lambda: "certificate" in push.log, "it says what is wrong")
            self.assertNotIn("push_begun", push.log)
        pin = subprocess.run(["openssl", "x509", "-in", self.certificate[0], "-noout", "-fingerprint", "-sha256"],
                             capture_output=True, text=True, check=True).stdout.split("=")[1].strip().replace(":", "")
        for options in (("--insecure",), ("--ca", self.certificate[0]), ("--pin-sha256", pin)):
            with Push(listener.url, *options):
                with listener.accept() as peer, peer.makefile("rb") as file:
                    read_head(file)
                    read_part(file)

    def test_it_survives_any_receiver(self):
        """Each connection meets another misbehaviour; the last one is well."""
        listener = self.listen(certificate=self.certificate)
        accepted = []

        def closed_at_once(peer):
            pass

        def refused(peer):
            peer.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")

        def reset(peer):
            peer.recv(100)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        def garbage(peer):
            peer.sendall(b"\0" * 1000)

        def early_and_half_closed(peer):
            peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with peer.makefile("rb") as file:
                read_head(file)
                for _ in range(10):
                    read_part(file)

        behaviours = [closed_at_once, refused, reset, garbage, early_and_half_closed]
        with Push(listener.url, "--insecure", "-r", 0.2) as push:
            for behave in behaviours:
                with listener.accept() as peer:
                    accepted.append(time.monotonic())
                    behave(peer)
            with contextlib.closing(listener.socket.accept()[0]) as peer:  # no TLS at all
                accepted.append(time.monotonic())
                peer.sendall(b"HTTP/1.0 400 no\r\n\r\n")
            with listener.accept() as peer, peer.makefile("rb") as file:
                accepted.append(time.monotonic())
                read_head(file)
                read_part(file)
                self.assertLess(push.stop(), 3)
        for earlier, later in zip(accepted, accepted[1:]):
            self.assertGreater(later - earlier, 0.19, "the interval is kept")

    def test_silent_receivers_are_left(self):
        listener = self.listen(certificate=self.certificate)
        with Push(listener.url, "--insecure", "-r", 0.1):
            with contextlib.closing(listener.socket.accept()[0]):  # never answers the TLS hello
                with contextlib.closing(listener.accept()):  # never reads
                    with listener.accept() as peer, peer.makefile("rb") as file:
                        read_head(file)
                        read_part(file)

    def test_it_waits_for_a_receiver_that_comes_later(self):
        port = free_port()
        with Push(f"http://127.0.0.1:{port}", "-r", 0.1) as push:
            wait_until(lambda: "push_failed" in push.log, "it says that nobody is there")
            with socket.create_server(("127.0.0.1", port)) as late:
                late.settimeout(20)
                peer, _ = late.accept()
                with peer, peer.makefile("rb") as file:
                    read_head(file)
                    read_part(file)

    def test_mistakes_are_told(self):
        for arguments, code, part in (
                (("ftp://h", "--camera", ROOM), 2, "https://HOST:PORT/PATH"),
                (("https://h", "--camera", "nothing:"), 8, "nothing"),
                (("https://h", "--camera", ROOM, "--gps-source", "fixed:1,2"), 2, "--gps"),
                (("https://h", "--camera", ROOM, "--gps", "https://h", "--gps-source", "x"), 2, "fixed:"),
                (("https://h", "--camera", ROOM, "-s", "a\r\nb: c"), 2, "--stream-id"),
                (("https://127.0.0.1:1", "--camera", "synthetic:ball"), 3, "has no stream 'depth'"),
                (("https://127.0.0.1:1", "--camera", ROOM, "-x", "100", "-y", "100"), 2, "160x120"),
                (("https://127.0.0.1:1", "--camera", ROOM, "-r", "-1"), 2, "retry")):
            done = lenswire("push", *arguments)
            self.assertEqual(done.returncode, code, (arguments, done.stderr))
            self.assertIn(part, done.stderr)
        with Listener() as listener:
            done = lenswire("push", listener.url.replace("http", "https"), "--camera", ROOM, "--ca", "/none.pem")
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("/none.pem", done.stderr)

    @needs("ffmpeg")
    def test_ffmpeg_listens(self):
        port = free_port()
        ffmpeg = subprocess.Popen(["ffmpeg", "-v", "error", "-listen", "1", "-cert_file", self.certificate[0],
                                   "-key_file", self.certificate[1], "-i", f"https://127.0.0.1:{port}",
                                   "-frames:v", "15", "-f", "framecrc", "-"], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with Push(f"https://127.0.0.1:{port}", "--ca", self.certificate[0], "-r", 0.2):
            out, errors = ffmpeg.communicate(timeout=60)
        self.assertEqual((ffmpeg.returncode, errors), (0, ""))
        self.assertEqual(len([line for line in out.splitlines() if line.startswith("0,")]), 15)
        self.assertIn("#dimensions 0: 320x120", out)


def nmea(body):
    checksum = 0
    for byte in body.encode():
        checksum ^= byte
    return f"${body}*{checksum:02X}\r\n".encode()


class Receiver:
    """A GPS receiver at the other end of a pseudo-terminal; says where it is four times a second, once it may."""

    def __init__(self):
        self.fd, slave = pty.openpty()
        tty.setraw(slave)
        self.device = os.ttyname(slave)
        os.chmod(self.device, 0o666)
        self.slave = slave
        self.talks = threading.Event()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._talk, daemon=True)
        self.thread.start()

    def _talk(self):
        self.talks.wait()
        while not self.ended.wait(0.25):
            now = time.gmtime()
            os.write(self.fd, nmea(f"GPRMC,{time.strftime('%H%M%S', now)},A,6010.19142,N,02456.30274,E,1.5,084.4,"
                                   f"{time.strftime('%d%m%y', now)},,,A"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.talks.set()
        self.thread.join()
        os.close(self.fd)
        os.close(self.slave)


class Positions(unittest.TestCase):
    FIX = b'{"latitude": "60.169857", "longitude": "24.938379", "speed": "1.5"}'

    def read_post(self, listener):
        with listener.accept() as peer, peer.makefile("rb") as file:
            head = read_head(file)
            body = file.read(int(re.search(rb"Content-Length: (\d+)\r\n", head)[1]))
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            return head, body

    def pushing(self, listener, source):
        return Push(f"http://127.0.0.1:{free_port()}", "-r", 0.2, "--gps", listener.url, "--gps-source", source)

    def test_a_fixed_position_is_the_recorded_post(self):
        with Listener() as listener, self.pushing(listener, "fixed:60.169857,24.938379,1.5"):
            head, body = self.read_post(listener)
            if TRANSCRIPT.exists():
                self.assertEqual(head + body, recorded("[gps").replace(b":5039", b":%d" % listener.port))
            began = time.monotonic()
            self.assertEqual(self.read_post(listener)[1], self.FIX)
            self.assertGreater(time.monotonic() - began, 0.9)

    def test_a_serial_receiver(self):
        with Receiver() as receiver, Listener() as listener, self.pushing(listener, receiver.device):
            self.assertEqual(self.read_post(listener)[1], b"null")
            receiver.talks.set()
            wait_until(lambda: self.read_post(listener)[1] == self.FIX, "the position arrives")

    def test_no_receiver(self):
        with Listener() as listener, self.pushing(listener, "/dev/there-is-none"):
            wait_until(lambda: self.read_post(listener)[1] == b'{"error": "An error occured when accessing GPS device."}',
                       "the error object arrives")

    @needs("gpsd")
    def test_gpsd(self):
        port = free_port()
        with Receiver() as receiver, Listener() as listener:
            receiver.talks.set()
            gpsd = subprocess.Popen(["gpsd", "-N", "-n", "-S", str(port), receiver.device], stderr=subprocess.DEVNULL)
            try:
                with self.pushing(listener, f"gpsd://127.0.0.1:{port}"):
                    wait_until(lambda: self.read_post(listener)[1] == self.FIX, "the position arrives", limit=40)
            finally:
                gpsd.terminate()
                gpsd.wait()


def jpeg(width=64, height=32, shade=90):
    picture = np.full((height, width, 3), shade, np.uint8)
    return cv2.imencode(".jpg", picture)[1].tobytes()


def parts(pictures, boundary=b"--frame", header=b"Content-Type:image/jpeg"):
    for picture in pictures:
        yield boundary + b"\r\n" + header + b"\r\nContent-Length: %d\r\n\r\n" % len(picture) + picture + b"\r\n"


@unittest.skipUnless(cv2, "needs python3-opencv")
class Receiving(unittest.TestCase):
    def setUp(self):
        self.port = free_port()

    def serve(self, *options):
        cameras = [word for name, query in options for word in ("--camera", f"{name}=push-listen:{self.port}{query}")]
        server = self.enterContext(ServerProcess(*cameras, "--linger", "0"))
        wait_until(lambda: "push_listening" in server.log, "the port is open")
        return server

    def streams(self, server, camera):
        return {s["stream"]: s for s in server.get(f"/api/v1/cameras/{camera}").json.get("streams", [])}

    def push(self, head, chunks, tls=False):
        """A sender that goes on until the connection or the pictures end; its answer."""
        peer = socket.create_connection(("127.0.0.1", self.port), 20)
        self.addCleanup(peer.close)
        if tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            peer = context.wrap_socket(peer)
            self.addCleanup(peer.close)
        peer.sendall(head + b"".join(chunks))
        return peer

    def test_every_version_of_the_senders(self):
        versions = [
            b"Content-Type: multipart/x-mixed-replace; boundary=--frame\r\n",
            b"Content-Type: multipart/x-mixed-replace; boundary=--frame;\r\nContent-Resolution: 1280x480x3\r\n",
            b"Content-Type: multipart/x-mixed-replace; boundary=--frame;\r\nContent-Resolution: 64x32x3\r\nStream-ID: default-streamID\r\n",
            b"content-type: multipart/x-mixed-replace; boundary=\"--frame\"\r\n",
            b"",
        ]
        server = self.serve(("cam", ""))
        for number, headers in enumerate(versions):
            for tls in (False, True):
                picture = jpeg(64 + 2 * number + 32 * tls)
                chunks = [b"%x\r\n" % len(part) + part + b"\r\n" for part in parts([picture])]
                peer = self.push(b"POST /v%d HTTP/1.1\r\nHost: h\r\n" % number + headers +
                                 b"Transfer-Encoding: chunked\r\n\r\n", chunks, tls)
                shown = wait_until(lambda: (a := server.get("/cameras/cam/color.jpg")).status == 200 and a.body == picture and a,
                                   f"version {number} with TLS {tls}")
                self.assertEqual(shown.body, picture)
                peer.close()
                wait_until(lambda: server.get("/api/v1/cameras/cam").json["state"] != "streaming", "its end is seen")

    def test_a_python_client_that_streams(self):
        """As the requests library does it: a generator as the body, each item a chunk."""
        server = self.serve(("cam", "?stream-id=cam-7"))
        ended = threading.Event()

        def endless():
            number = 0
            while not ended.wait(0.02):
                number += 1
                yield from parts([jpeg(shade=number % 200)])

        def send():
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=context)
            connection.request("POST", "/", body=endless(), encode_chunked=True,
                               headers={"Content-Type": "multipart/x-mixed-replace; boundary=--frame;",
                                        "Stream-ID": "cam-7", "Transfer-Encoding": "chunked"})
            self.answer = connection.getresponse()
            self.answer.read()
            connection.close()

        sender = threading.Thread(target=send)
        sender.start()
        try:
            wait_until(lambda: self.streams(server, "cam").get("color", {}).get("width") == 64, "the pictures arrive")
            with tempfile.TemporaryDirectory() as out:
                done = lenswire("grab", f"{server.address}/cam", "--frames", 20, "--out", out)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(len(list(pathlib.Path(out).glob("*.jpg"))), 20)
        finally:
            ended.set()
            sender.join()
        self.assertEqual(self.answer.status, 200, "the answer to a body that ended")

    def test_a_sender_is_answered_when_the_server_stops(self):
        server = self.serve(("cam", ""))
        peer = self.push(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
                         [b"%x\r\n" % len(p) + p + b"\r\n" for p in parts([jpeg()])])
        wait_until(lambda: server.get("/cameras/cam/color.jpg").status == 200, "the picture arrives")
        peer.setblocking(False)
        with self.assertRaises(BlockingIOError):
            peer.recv(1)  # nothing is answered while it runs
        peer.settimeout(20)
        server.stop()
        server.stop = lambda: None
        self.assertTrue(peer.recv(100).startswith(b"HTTP/1.1 200 OK\r\n"))

    def test_our_own_sender_and_both_halves(self):
        server = self.serve(("seven", "?stream-id=cam-7"), ("split", "?stream-id=cam-8&split=1"))
        with Push(f"https://127.0.0.1:{self.port}", "--insecure", "-s", "cam-7", "-r", 0.2), \
                Push(f"http://127.0.0.1:{self.port}", "-s", "cam-8", "-r", 0.2):
            wait_until(lambda: "color" in self.streams(server, "seven") and "depth" in self.streams(server, "split"),
                       "both cameras are there")
            self.assertEqual(self.streams(server, "seven")["color"]["width"], 320)
            depth = self.streams(server, "split")["depth"]
            self.assertEqual((depth["width"], depth["height"], depth["format"]), (160, 120, "z16"))
            with tempfile.TemporaryDirectory() as out:
                done = lenswire("grab", f"{server.address}/split/depth", "--frames", 1, "--out", out)
                self.assertEqual(done.returncode, 0, done.stderr)
                raw = cv2.imread(str(next(pathlib.Path(out).glob("*.png"))), cv2.IMREAD_UNCHANGED)
            metres = raw * depth["depth_unit_m"]
            self.assertTrue(0.5 < np.median(metres) < 8, np.median(metres))

    def test_deadlines_and_the_number_of_senders(self):
        """Who says nothing is shown out: 10 s for the head, 30 s between pictures. The 65th takes the place of the oldest of them."""
        server = self.serve(("cam", ""))
        began = time.monotonic()
        chunk = next(parts([jpeg()]))
        sender = self.push(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", [b"%x\r\n" % len(chunk) + chunk + b"\r\n"])
        wait_until(lambda: server.get("/cameras/cam/color.jpg").status == 200, "the picture arrives")
        silent = [self.push(begin, []) for begin in [b"", b"\x16\x03\x01\x02\x00\x01", b"POST / HTTP/1.1\r\n"] * 21]
        one_more = self.push(b"", [])
        self.assertEqual(silent[0].recv(1), b"")
        self.assertLess(time.monotonic() - began, 9, "the oldest that says nothing was closed at once")
        for peer in [*silent[1:], one_more]:
            peer.settimeout(14)
            self.assertEqual(peer.recv(1), b"")
        took = time.monotonic() - began
        self.assertTrue(9 < took < 14, took)
        sender.settimeout(34)
        self.assertEqual(sender.recv(1), b"")
        took = time.monotonic() - began
        self.assertTrue(29 < took < 34, took)

    def test_hostile_senders_leave_nothing(self):
        server = self.serve(("cam", ""))
        hostile = [b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\n" + b"a: b\r\n" * 200,
                   b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n--frame\r\nContent-Length: 33554432\r\n\r\nx",
                   b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", os.urandom(2000)]

        def round_of(count):
            for number in range(count):
                try:
                    with socket.create_connection(("127.0.0.1", self.port), 20) as peer:
                        peer.sendall(hostile[number % len(hostile)])
                        if number % 3 == 0:
                            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                except OSError:
                    pass

        round_of(20)
        before = wait_until(server.descriptors, "a number")
        memory = server.resident_bytes()
        round_of(200)
        wait_until(lambda: server.descriptors() <= before, f"descriptors are back at {before}")
        if not os.environ.get("LENSWIRE_SANITIZE"):
            self.assertLess(server.resident_bytes() - memory, 16 << 20)
        self.push(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
                  [b"%x\r\n" % len(p) + p + b"\r\n" for p in parts([jpeg()])])
        wait_until(lambda: server.get("/cameras/cam/color.jpg").status == 200, "a good sender gets through")


if __name__ == "__main__":
    unittest.main()
