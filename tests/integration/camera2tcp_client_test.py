#!/usr/bin/python3
"""`lenswire grab` and `serve` against a Camera2TCP server as the originals are, written from their description:
one read, one comparison, one send().

Environment: LENSWIRE_BINARY, the program to test."""

import gzip
import json
import pathlib
import socket
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from server_process import ServerProcess, lenswire, wait_until  # noqa: E402

ROWS, COLUMNS = 48, 64


def webcam(number):
    """The recordings' stand-in camera: a ramp whose first byte counts the pictures."""
    picture = bytearray((i * 7) % 256 for i in range(ROWS * COLUMNS * 3))
    picture[0] = number % 256
    return bytes(picture)


def kinect_depth(number):
    """Pixel i is i mod 5000 mm, the first one counts; high byte first."""
    values = [number] + [i % 5000 for i in range(1, 512 * 424)]
    return b"".join(value.to_bytes(2, "big") for value in values)


def kinect_color(number):
    return bytes([number % 256, 2, 3]) * (1080 * 1920)


class OriginalServer:
    """`packed`: the newest one, which sends Kinect pictures as gzip. `cut`: no send() takes more bytes than this.
    `no_frames`: so many times a Kinect has no new frame. `dead`: its webcam fails, so it says nothing."""

    def __init__(self, packed=False, cut=None, no_frames=0, dead=False, kinect=True):
        self.packed, self.cut, self.no_frames, self.dead, self.kinect = packed, cut, no_frames, dead, kinect
        self.requests = []
        self.numbers = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._peers = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self._peers.append(peer)
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        try:
            while word := peer.recv(1024).decode():  # one read, one comparison
                self.requests.append(word)
                answer = self._answer(word)
                if answer is None:
                    continue
                if answer == "close":
                    peer.close()
                    return
                peer.sendall(answer[:self.cut])
        except OSError:
            pass

    def _answer(self, word):
        texts = {"Connecting2RGBWebcam": b"48,64,3", "Connecting2SimpleImage": b"48,64,3",
                 "Connecting2KinectWebcam": b"1080,1920,3", "Connecting2KinectDepth": b"512,424,1",
                 "Connecting2KinectSkeleton": b"6"}
        if word in texts:
            return texts[word]
        number = self.numbers[word] = self.numbers.get(word, -1) + 1
        if word in ("RGBWebcam", "SimpleImage"):
            return None if self.dead else webcam(number)
        if word == "RGB":
            return bytes([number % 256, 9, 9]) * (240 * 424)
        if word in ("KinectDepth", "KinectWebcam"):
            if not self.kinect:
                return "close"
            if number < self.no_frames:
                return b"no depth frame" if word == "KinectDepth" else b"no frame"
            picture = kinect_depth(number) if word == "KinectDepth" else kinect_color(number)
            return gzip.compress(picture, 1) if self.packed else picture
        return b"Invalid request"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self._peers:
            peer.close()


class Grab(unittest.TestCase):
    def setUp(self):
        self.out = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "out"

    def grab(self, server, service, *arguments, options="?fps=1000"):
        return lenswire("grab", f"camera2tcp://127.0.0.1:{server.port}/{service}{options}", "--out", self.out, *arguments)

    def grabbed(self, server, service, *arguments, **options):
        result = self.grab(server, service, "--format", "raw", *arguments, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = [json.loads(line) for line in (self.out / "frames.jsonl").read_text().splitlines()]
        return lines, [(self.out / line["file"]).read_bytes() for line in lines]

    def fails(self, code, part, server, service, *arguments, **options):
        began = time.monotonic()
        result = self.grab(server, service, *arguments, **options)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.assertIn(part, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        return time.monotonic() - began

    def test_webcam(self):
        for service in ("RGBWebcam", "SimpleImage"):
            with OriginalServer() as server:
                lines, pictures = self.grabbed(server, service, "--frames", "12")
            self.assertEqual(pictures, [webcam(i) for i in range(12)])
            self.assertEqual(lines[0]["profile"]["format"], "bgr8")
            self.assertEqual((lines[0]["profile"]["width"], lines[0]["profile"]["height"]), (64, 48))
            self.assertEqual(server.requests[:2], [f"Connecting2{service}", service])

    def test_kinect_depth_raw_and_gzip(self):
        for packed in (False, True):
            with OriginalServer(packed=packed) as server:
                lines, pictures = self.grabbed(server, "KinectDepth", "--frames", "3")
            expected = [b"".join(depth[i + 1:i + 2] + depth[i:i + 1] for i in range(0, len(depth), 2))
                        for depth in map(kinect_depth, range(3))]
            self.assertEqual(pictures, expected)
            profile = lines[0]["profile"]
            self.assertEqual((profile["format"], profile["width"], profile["height"]), ("z16", 512, 424))
            self.assertEqual(profile["depth_unit_m"], 0.001)

    def test_kinect_colour_raw_and_gzip(self):
        for packed in (False, True):
            with OriginalServer(packed=packed) as server:
                _, pictures = self.grabbed(server, "KinectWebcam", "--frames", "2")
            self.assertEqual(pictures, [kinect_color(0), kinect_color(1)])

    def test_png_as_the_original_client_saved(self):
        with OriginalServer() as server:
            result = self.grab(server, "RGBWebcam", "--format", "png", "--frames", "2")
        self.assertEqual(result.returncode, 0, result.stderr)
        try:
            import cv2
        except ImportError:
            self.skipTest("python3-opencv is not installed")
        pictures = sorted(self.out.glob("*.png"))
        self.assertEqual(len(pictures), 2)
        self.assertEqual(cv2.imread(str(pictures[1])).tobytes(), webcam(1))

    def test_words_of_the_first_version(self):
        with OriginalServer() as server:
            _, pictures = self.grabbed(server, "RGB", "--frames", "2")
        self.assertEqual(pictures[1], bytes([1, 9, 9]) * (240 * 424))
        self.assertNotIn("Connecting2RGBWebcam", server.requests)

    def test_a_kinect_without_a_new_frame_is_asked_again(self):
        with OriginalServer(no_frames=3) as server:
            _, pictures = self.grabbed(server, "KinectWebcam", "--frames", "1")
        self.assertEqual(pictures, [kinect_color(3)])

    def test_a_send_that_was_cut_short(self):
        with OriginalServer(cut=7964) as server:
            took = self.fails(10, "7964 of 9216 bytes", server, "RGBWebcam", options="?timeout=1")
        self.assertLess(took, 8)
        with OriginalServer(packed=True, cut=20) as server:
            self.fails(10, "gzip picture", server, "KinectDepth", options="?timeout=1")

    def test_what_goes_wrong_is_told(self):
        with OriginalServer(dead=True) as server:
            self.fails(7, "does not answer RGBWebcam", server, "RGBWebcam", options="?timeout=1")
        with OriginalServer(kinect=False) as server:
            self.fails(6, "without a Kinect", server, "KinectDepth")
        with OriginalServer() as server:
            self.fails(8, "does not know Depth", server, "Depth")
            self.fails(2, "which is no service", server, "Webcam")
            self.fails(2, "--scale is for cameras of a lenswire server", server, "RGBWebcam", "--scale", "0.5")
            port = server.port
        result = lenswire("grab", f"camera2tcp://127.0.0.1:{port}/RGBWebcam", "--out", self.out)
        self.assertEqual(result.returncode, 6, result.stderr)

    def test_our_own_door_is_such_a_server(self):
        with ServerProcess("--camera", "r=synthetic:room?size=320x240", "--door", "camera2tcp:0",
                           "--door", "camera2tcp:0?gzip=1") as server:
            wait_until(lambda: "lenswire: camera r" in server.log, "the doors are announced")
            ports = [int(line.rsplit(":", 1)[1]) for line in server.lines if "door open" in line]
            for port in ports:
                for service, size in (("RGBWebcam", 230400), ("KinectDepth", 434176), ("KinectWebcam", 6220800),
                                      ("SimpleImage", 786432)):
                    door = type("Door", (), {"port": port})
                    _, pictures = self.grabbed(door, service, "--frames", "3", options="")
                    self.assertEqual([len(picture) for picture in pictures], [size] * 3)

    def test_interrupted(self):
        import signal
        import subprocess
        from server_process import BINARY
        with OriginalServer(dead=True) as server:
            process = subprocess.Popen([BINARY, "grab", f"camera2tcp://127.0.0.1:{server.port}/RGBWebcam?timeout=60",
                                        "--out", self.out, "--timeout", "60"], stderr=subprocess.PIPE)
            wait_until(lambda: "RGBWebcam" in server.requests, "a picture is asked for")
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(10), 130, process.stderr.read())
            process.stderr.close()


class Relay(unittest.TestCase):
    def test_an_old_server_becomes_a_camera(self):
        with OriginalServer() as old:
            uri = f"camera2tcp://127.0.0.1:{old.port}/KinectDepth"
            with ServerProcess("--camera", "old=" + uri) as server:
                png = wait_until(lambda: (lambda a: a.status == 200 and a.body)(server.get("/cameras/old/depth.png")),
                                 "a depth picture")
                self.assertEqual(png[:4], b"\x89PNG")
                self.assertEqual(int.from_bytes(png[16:20], "big"), 512)

    def test_a_server_that_comes_back(self):
        with OriginalServer(cut=100) as old:
            with ServerProcess("--camera", f"old=camera2tcp://127.0.0.1:{old.port}/RGBWebcam?timeout=0.3", "--always-on",
                               "old") as server:
                wait_until(lambda: "100 of 9216 bytes" in server.get("/api/v1/cameras/old").json["reason"],
                           "the reason is shown")
                old.cut = None
                wait_until(lambda: server.get("/api/v1/cameras/old").json["state"] == "streaming", "it streams")


if __name__ == "__main__":
    unittest.main(verbosity=2)
