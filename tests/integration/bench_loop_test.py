#!/usr/bin/python3
"""`lenswire bench-loop` over every transport: exact pictures have no error, JPEG has a small one.

Environment: LENSWIRE_BINARY, the program to test."""

import json
import pathlib
import re
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from server_process import PartReader, ServerProcess, lenswire  # noqa: E402

FRAMES = 15


class BenchLoop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(ServerProcess(
            "--camera", "ball=synthetic:ball?fps=60", "--camera", "room=synthetic:room?size=160x120"))

    def bench(self, camera, *arguments):
        ended = lenswire("bench-loop", f"{self.server.address}/{camera}", "--frames", FRAMES, "--json", *arguments, timeout=240)
        return ended, [json.loads(line) for line in ended.stdout.splitlines()]

    def check_times(self, line):
        self.assertEqual(line["frames"], FRAMES)
        self.assertEqual(line["repeated"], 0)
        self.assertEqual(line["not_found"], 0)
        latency = line["latency_ms"]
        self.assertGreater(latency["p50"], -line["latency_uncertainty_ms"] - 1)
        self.assertTrue(latency["p50"] <= latency["p99"] <= latency["max"], latency)

    def test_exact_pictures_have_no_error_over_any_transport(self):
        ended, lines = self.bench("ball", "--transport", "native", "--transport", "websocket", "--codec", "raw", "--codec", "png")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertEqual([(x["transport"], x["codec"]) for x in lines],
                         [("native", "raw"), ("native", "png"), ("websocket", "raw"), ("websocket", "png")])
        for line in lines:
            self.check_times(line)
            self.assertEqual(line["error_px"], {"mean": 0, "p50": 0, "p99": 0, "max": 0}, line)
            self.assertIsNone(line["quality"])

    def test_jpeg_costs_some_accuracy_and_saves_bytes(self):
        ended, lines = self.bench("ball", "--transport", "native", "--transport", "websocket", "--transport", "mjpeg",
                                  "--quality", "95", "--quality", "10", "--scale", "1")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertEqual([(x["transport"], x["quality"]) for x in lines],
                         [(t, q) for t in ("native", "websocket", "mjpeg") for q in (95, 10)])
        for line in lines:
            self.check_times(line)
            self.assertTrue(0 < line["error_px"]["max"] < 1, line)
        for good, poor in zip(lines[::2], lines[1::2]):
            self.assertLess(poor["bytes_per_frame"], good["bytes_per_frame"])

    def test_scaled_pictures_are_measured_in_pixels_of_the_camera(self):
        _, lines = self.bench("ball", "--transport", "native", "--transport", "mjpeg", "--scale", "0.5", "--quality", "95")
        for line in lines:
            self.check_times(line)
            self.assertLess(line["error_px"]["max"], 1, line)

    def test_says_what_cannot_be_measured(self):
        ended, lines = self.bench("room", "--quality", "80")
        self.assertNotEqual(ended.returncode, 0)
        self.assertEqual(lines[0]["failed"]["error"], "unsupported")
        self.assertIn("synthetic:ball", ended.stderr)

    def test_parts_tell_where_the_ball_is(self):
        with PartReader(self.server, "/cameras/ball/color.mjpeg?scale=0.5") as reader:
            headers, _ = reader.part()
        x, y, radius = map(float, headers["x-ball"].split())
        self.assertEqual(radius, 10)
        self.assertTrue(9 <= x <= 191 and 9 <= y <= 191)
        self.assertGreater(int(headers["x-capture-time-ns"]), 0)

    def test_a_websocket_url_is_good_for_every_command(self):
        ended = lenswire("stat", f"ws://{self.server.address}/ball", "--count", "1", "--interval", "0.5", "--json")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertEqual(json.loads(ended.stdout)["stream"], "color")


class OverTls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.server = cls.enterClassContext(ServerProcess(
            "--camera", "ball=synthetic:ball?fps=60", "--auth", "always", "--state-dir", folder))
        cls.token = ("--token-file", folder / "token")
        cls.pin = re.search("sha256=([0-9a-f]{64})", cls.server.log).group(1)

    def test_every_transport_is_measured(self):
        ended = lenswire("bench-loop", f"lenswires://{self.server.address}/ball", "--frames", FRAMES, "--json", "--transport", "native",
                         "--transport", "websocket", "--transport", "mjpeg", "--pin-sha256", self.pin, *self.token, timeout=240)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        lines = [json.loads(line) for line in ended.stdout.splitlines()]
        self.assertEqual([(x["transport"], x["frames"]) for x in lines], [(t, FRAMES) for t in ("native", "websocket", "mjpeg")])

    def test_a_websocket_checks_the_certificate(self):
        def stat(*arguments):
            return lenswire("stat", f"wss://{self.server.address}/ball", "--count", "1", "--interval", "0.5", *self.token, *arguments)
        self.assertEqual(stat("--insecure").returncode, 0)
        self.assertEqual(stat("--pin-sha256", self.pin).returncode, 0)
        for arguments, reason in (((), "is not trusted"), (("--pin-sha256", "0" * 64), "is not the pinned one"),
                                  (("--pin-sha256", "0"), "64 hexadecimal digits")):
            ended = stat(*arguments)
            self.assertNotEqual(ended.returncode, 0)
            self.assertIn(reason, ended.stderr)
        without = lenswire("stat", f"wss://{self.server.address}/ball", "--insecure")
        self.assertEqual(without.returncode, 4)
        self.assertIn("--token-file", without.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
