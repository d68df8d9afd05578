#!/usr/bin/python3
"""What others than us see: curl, ffmpeg, OpenCV and Python's http.client against the real server.

Environment: LENSWIRE_BINARY, the program to test. A foreign program that is missing skips its test."""

import http.client
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from server_process import PartReader, ServerProcess  # noqa: E402

try:
    import cv2
    import numpy as np
except ImportError:
    cv2 = None

needs_opencv = unittest.skipUnless(cv2, "needs python3-opencv")


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"needs {program}")


def picture(answer):
    return cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_UNCHANGED)


class Served(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(ServerProcess(
            "--name", "bench", "--camera", "ball=synthetic:ball", "--camera", "room=synthetic:room?size=320x240"))

    def get(self, path, **options):
        return self.server.get(path, **options)


class Urls(Served):
    def assert_kind(self, path, content_type):
        answer = self.get(path)
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, content_type), path)
        self.assertEqual(int(answer.headers["Content-Length"]), len(answer.body))
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertIn("frame-ancestors", answer.headers["Content-Security-Policy"])
        return answer

    def test_page_and_health(self):
        self.assertIn("<html", self.assert_kind("/", "text/html; charset=utf-8").text)
        self.assertEqual(self.assert_kind("/healthz", "text/plain").text, "ok\n")

    def test_api(self):
        server = self.assert_kind("/api/v1/server", "application/json").json
        self.assertEqual((server["name"], server["cameras"]), ("bench", 2))
        self.assertGreaterEqual(server["clients"], 1)
        listed = self.assert_kind("/api/v1/cameras", "application/json").json["cameras"]
        self.assertEqual([c["name"] for c in listed], ["ball", "room"])
        room = self.assert_kind("/api/v1/cameras/room", "application/json").json
        self.assertEqual(room["name"], "room")
        depth = next(s for s in room["streams"] if s["stream"] == "depth")
        self.assertEqual((depth["width"], depth["height"], depth["format"]), (320, 240, "z16"))
        self.assertGreater(depth["intrinsics"]["fx"], 0)

    def test_openapi_lists_every_url_of_the_contract(self):
        paths = self.assert_kind("/api/v1/openapi.json", "application/json").json["paths"]
        for path in ("/", "/healthz", "/metrics", "/api/v1/server", "/api/v1/openapi.json", "/api/v1/cameras",
                     "/api/v1/cameras/{camera}", "/ws", "/cameras/{camera}/{stream}.mjpeg",
                     "/cameras/{camera}/{stream}.jpg", "/cameras/{camera}/{stream}.png"):
            self.assertIn("get", paths[path])
        self.assertEqual(set(paths["/api/v1/cameras/{camera}/controls"]), {"get", "patch"})

    def test_metrics_are_well_formed_and_count(self):
        self.get("/cameras/ball/color.jpg")
        text = self.assert_kind("/metrics", "text/plain; version=0.0.4; charset=utf-8").text
        sample = re.compile(r'[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[0-9.e+-]+')
        named = set()
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                named.add(line.split()[2])
            elif not line.startswith("#"):
                self.assertRegex(line, sample)
                self.assertIn(re.match(r"[a-z_]+", line).group(), named, "a sample comes after its TYPE")
        metrics = self.server.metrics()
        self.assertGreater(metrics['lenswire_stream_encodes_total{camera="ball",stream="color"}'], 0)
        self.assertGreaterEqual(metrics["lenswire_connections"], 1)

    def test_what_is_not_there_names_what_is(self):
        answer = self.get("/cameras/kitchen/color.jpg")
        self.assertEqual(answer.status, 404)
        self.assertIn("ball", answer.json["message"])
        self.assertIn("room", answer.json["message"])
        answer = self.get("/cameras/ball/depth.png")
        self.assertEqual(answer.status, 404)
        self.assertIn("color", answer.json["message"])

    def test_snapshots_tell_time_and_sequence(self):
        for path, kind in (("/cameras/ball/color.jpg", "image/jpeg"), ("/cameras/room/depth.png", "image/png"),
                           ("/cameras/room/depth.jpg", "image/jpeg"), ("/cameras/room/color.png", "image/png")):
            answer = self.assert_kind(path, kind)
            self.assertRegex(answer.headers["X-Timestamp"], r"^\d+\.\d{6}$")
            self.assertLess(abs(float(answer.headers["X-Timestamp"]) - time.time()), 10)
            self.assertRegex(answer.headers["X-Sequence"], r"^\d+$")

    def test_head_has_the_headers_and_no_body(self):
        for path in ("/", "/api/v1/cameras", "/cameras/ball/color.jpg", "/cameras/ball/color.mjpeg"):
            answer = self.server.http("HEAD", path)
            self.assertEqual((answer.status, answer.body), (200, b""), path)
        kind = self.server.http("HEAD", "/cameras/ball/color.mjpeg").headers["Content-Type"]
        self.assertTrue(kind.startswith("multipart/x-mixed-replace"))


class Connections(Served):
    def test_one_connection_serves_many_requests(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        self.addCleanup(connection.close)
        sockets = set()
        for path in ("/healthz", "/api/v1/cameras", "/cameras/ball/color.jpg", "/nothing", "/healthz"):
            connection.request("GET", path)
            sockets.add(connection.sock.fileno())
            connection.getresponse().read()
            self.assertIsNotNone(connection.sock, f"closed after {path}")
        self.assertEqual(len(sockets), 1)

    def test_pipelined_requests_are_answered_in_order(self):
        request = "GET {} HTTP/1.1\r\nHost: " + self.server.address + "\r\n\r\n"
        last = request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
        with self.server.connect() as peer:
            peer.sendall((request.format("/healthz") + request.format("/cameras/ball/color.jpg") +
                          request.format("/api/v1/server") + last.format("/nothing")).encode())
            with peer.makefile("rb") as answers:
                data = answers.read()
        kinds = [kind.decode() for kind in re.findall(rb"^Content-Type: (\S+)\r$", data, re.M)]
        self.assertEqual(kinds, ["text/plain", "image/jpeg", "application/json", "application/json"])
        self.assertTrue(data.split(b"\r\n\r\n")[-2].count(b"HTTP/1.1 404"))

    def test_a_request_byte_by_byte(self):
        with self.server.connect() as peer:
            for byte in f"GET /healthz HTTP/1.1\r\nHost: {self.server.address}\r\nConnection: close\r\n\r\n".encode():
                peer.sendall(bytes([byte]))
            with peer.makefile("rb") as answer:
                self.assertTrue(answer.read().endswith(b"\r\n\r\nok\n"))

    def test_a_client_that_closes_its_side_still_gets_its_answer(self):
        for path in ("/healthz", "/cameras/ball/color.jpg", "/api/v1/cameras/room/controls"):
            with self.server.connect() as peer:
                peer.sendall(f"GET {path} HTTP/1.1\r\nHost: {self.server.address}\r\n\r\n".encode())
                peer.shutdown(socket.SHUT_WR)
                with peer.makefile("rb") as answer:
                    self.assertTrue(answer.read().startswith(b"HTTP/1.1 200 OK\r\n"), path)

    def test_http_1_0_is_answered_and_closed(self):
        with self.server.connect() as peer:
            peer.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            with peer.makefile("rb") as answer:
                data = answer.read()
        self.assertIn(b" 200 OK\r\n", data)
        self.assertIn(b"Connection: close\r\n", data)


class Streams(Served):
    def test_parts_are_framed_stamped_and_numbered(self):
        with PartReader(self.server, "/cameras/ball/color.mjpeg?policy=every") as stream:
            self.assertEqual(stream.status, 200)
            sequences, times = [], []
            for _ in range(20):
                headers, body = stream.part()
                self.assertEqual(headers["content-type"], "image/jpeg")
                self.assertRegex(headers["x-timestamp"], r"^\d+\.\d{6}$")
                self.assertEqual((body[:2], body[-2:]), (b"\xff\xd8", b"\xff\xd9"))
                sequences.append(int(headers["x-sequence"]))
                times.append(float(headers["x-timestamp"]))
        self.assertEqual(sequences, list(range(sequences[0], sequences[0] + 20)))
        self.assertAlmostEqual(times[-1] - times[0], 19 / 30, delta=0.01)

    def test_fps_option_thins_the_stream(self):
        with PartReader(self.server, "/cameras/ball/color.mjpeg?fps=10") as stream:
            heads = [stream.part()[0] for _ in range(8)]
        steps = [int(b["x-sequence"]) - int(a["x-sequence"]) for a, b in zip(heads, heads[1:])]
        self.assertGreaterEqual(min(steps), 2)
        self.assertGreaterEqual(sum(steps) / len(steps), 2.8)

    @needs_opencv
    def test_scale_and_quality_options_act(self):
        self.assertEqual(picture(self.get("/cameras/room/color.jpg?scale=0.5")).shape, (120, 160, 3))
        self.assertEqual(picture(self.get("/cameras/room/depth.png?scale=0.25")).shape, (60, 80))
        self.assertEqual(picture(self.get("/cameras/room/depth.png?region=10,20,64,48")).shape, (48, 64))
        coarse, fine = (len(self.get(f"/cameras/room/color.jpg?quality={q}").body) for q in (10, 95))
        self.assertLess(2 * coarse, fine)
        with PartReader(self.server, "/cameras/room/color.mjpeg?scale=0.5&quality=30") as stream:
            _, body = stream.part()
            self.assertEqual(cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR).shape, (120, 160, 3))

    def test_wrong_options_are_named(self):
        for query, part in (("quality=101", "quality"), ("scale=2", "scale"), ("fps=many", "fps"),
                            ("speed=1", "speed"), ("policy=all", "policy=all")):
            answer = self.get("/cameras/ball/color.mjpeg?" + query)
            self.assertEqual(answer.status, 400, query)
            self.assertIn(part, answer.json["message"])

    @needs("ffmpeg")
    def test_ffmpeg_reads_the_stream(self):
        done = subprocess.run(
            ["ffmpeg", "-v", "error", "-f", "mpjpeg", "-i", self.server.url + "/cameras/ball/color.mjpeg",
             "-frames:v", "10", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout), 10 * 400 * 400 * 3)
        blue = done.stdout[2::3]
        self.assertGreater(max(blue), 200, "the ball is in the picture")

    @needs_opencv
    def test_opencv_reads_the_stream(self):
        capture = cv2.VideoCapture(self.server.url + "/cameras/ball/color.mjpeg")
        self.addCleanup(capture.release)
        for number in range(20):
            got, image = capture.read()
            self.assertTrue(got, f"frame {number}")
            self.assertEqual(image.shape, (400, 400, 3))
            self.assertGreater(int(image[:, :, 0].max()), 200)

    @needs("curl")
    def test_curl_reads_everything(self):
        with tempfile.TemporaryDirectory() as folder:
            for path, start in (("color.jpg", b"\xff\xd8"), ("depth.png", b"\x89PNG")):
                out = pathlib.Path(folder) / path
                done = subprocess.run(["curl", "-sS", "--fail", "--max-time", "20", "-o", out,
                                       f"{self.server.url}/cameras/room/{path}"], capture_output=True, timeout=60)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(out.read_bytes().startswith(start))
        done = subprocess.run(["curl", "-sS", "--max-time", "1", self.server.url + "/cameras/ball/color.mjpeg"],
                              capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 28, "curl ends by its own time limit")
        self.assertGreater(done.stdout.count(b"\xff\xd8\xff"), 5)


class DepthPictures(unittest.TestCase):
    """Depth whose every value is known, as the pictures for eyes."""

    @classmethod
    def setUpClass(cls):
        if not cv2:
            raise unittest.SkipTest("needs python3-opencv")
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        # Flat blocks of 32 pixels, which JPEG keeps.
        cls.depth = np.repeat(np.array([0, 500, 1000, 2500, 5000, 7500, 9999, 20000], np.uint16), 32)[None].repeat(64, 0)
        cv2.imwrite(str(folder / "wedge.png"), cls.depth)
        cls.server = cls.enterClassContext(ServerProcess("--camera", f"wedge=image:{folder}/wedge.png?fps=10"))

    def blocks(self, query):
        answer = self.server.get("/cameras/wedge/depth.jpg" + query)
        self.assertEqual(answer.status, 200, answer.body)
        return picture(answer)[32, 16::32]

    def test_png_is_exact(self):
        self.assertTrue((picture(self.server.get("/cameras/wedge/depth.png")) == self.depth).all())

    def test_gray8_is_linear(self):
        gray = self.blocks("?colormap=gray8&max_m=10")
        self.assertEqual(gray.shape, (8,), "one channel")
        for got, expected in zip(gray.tolist(), (0, 13, 26, 64, 128, 191, 255, 255)):
            self.assertAlmostEqual(got, expected, delta=2)

    def test_colours_run_from_red_to_violet_and_no_depth_is_black(self):
        colors = self.blocks("?quality=95").astype(int)  # blue, green, red
        self.assertEqual(colors.shape, (8, 3))
        self.assertLess(colors[0].max(), 12)
        self.assertEqual(colors[1].argmax(), 2, "near is red")
        self.assertEqual(colors[4].argmax(), 1, "the middle is green")
        self.assertEqual(colors[7].argmax(), 0, "far is violet")
        self.assertGreater(abs(self.blocks("?max_m=4&quality=95").astype(int)[3] - colors[3]).max(), 50)


class Controls(Served):
    PATH = "/api/v1/cameras/room/controls"

    def value(self, name):
        return next(c["value"] for c in self.get(self.PATH).json["controls"] if c["name"] == name)

    def test_patch_applies_a_group_and_reads_back(self):
        answer = self.server.patch(self.PATH, {"settings": {"noise": 2, "holes": False}})
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual({c["name"]: c["value"] for c in answer.json["controls"]}, {"noise": 2, "holes": False})
        self.assertEqual((self.value("noise"), self.value("holes")), (2, False))
        answer = self.server.patch(self.PATH, {"settings": {"noise": 1, "holes": True}})
        self.assertEqual((self.value("noise"), self.value("holes")), (1, True))

    def test_wrong_settings_are_named_and_nothing_is_changed(self):
        before = self.value("noise")
        for settings, status, part in (({"zoom": 1}, 404, "zoom"), ({"noise": 99}, 400, "noise"),
                                       ({"noise": "much"}, 400, "noise"), ({"frames_made": 1}, (400, 403), "frames_made")):
            answer = self.server.patch(self.PATH, {"settings": settings})
            self.assertIn(answer.status, status if isinstance(status, tuple) else (status,), answer.body)
            self.assertIn(part, answer.json["message"])
        self.assertEqual(self.value("noise"), before)
        for body in ("", "[]", "{", json.dumps({"settings": 1}), "[" * 5000):
            answer = self.server.http("PATCH", self.PATH, body, {"Content-Type": "application/json"})
            self.assertEqual(answer.status, 400, body[:20])
            self.assertTrue(answer.json["message"])
        self.assertEqual(self.server.patch("/api/v1/cameras/nobody/controls", {"settings": {}}).status, 404)


if __name__ == "__main__":
    unittest.main()
