#!/usr/bin/python3
"""The rpiasgige door in front of a real V4L2 camera: sizes, formats and controls are the driver's. Run inside the VM
by run_in_vm.sh.

Environment: LENSWIRE_BINARY, the program to test."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
from rpiasgige_client import (  # noqa: E402
    BRIGHTNESS, FOCUS, FOURCC, HEIGHT, MJPG, RATE, WIDTH, DoorProcess, TcpClient, number, packet, question, setting,
    shape)
from server_process import wait_until  # noqa: E402

YUYV = float(int.from_bytes(b"YUYV", "little"))
SLOW = 60  # the VM's CPU is emulated, and a late answer is NOPE


class Camera(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = DoorProcess("--camera", "cam=v4l2:/dev/video0", doors=("rpiasgige:0",), stop_limit=20.0)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.client = TcpClient(self.server.doors[0], timeout=SLOW)
        self.addCleanup(self.client.close)
        self.until_granted(packet(b"OPEN", b"1"))

    def ask(self, request):
        try:
            return self.client.ask(request)
        except ConnectionError:  # three seconds pass quickly in here
            self.client = TcpClient(self.server.doors[0], timeout=SLOW)
            return self.client.ask(request)

    def until_granted(self, request):
        wait_until(lambda: self.ask(request) == packet(b"0200", b"1"), f"{request!r} is granted", SLOW)

    def grab(self):
        answer = wait_until(lambda: (a := self.ask(packet(b"GRAB", b"1")))[:4] == b"0200" and a, "a picture", SLOW)
        return shape(answer)

    def camera(self):
        return self.server.get("/api/v1/cameras/cam").json

    def test_sizes_are_those_that_the_driver_offers(self):
        for width, height in ((320, 180), (640, 360), (640, 480)):
            self.until_granted(setting(WIDTH, float(width), b"1"))
            self.until_granted(setting(HEIGHT, float(height), b"1"))
            self.assertEqual(self.ask(question(WIDTH, b"1")), number(float(width), b"1"))
            self.assertEqual(self.grab()[:3], (height, width, 16))
        failures = self.camera()["counters"]["failures"]
        for property_id, value in ((WIDTH, 333.0), (HEIGHT, 100.0)):
            self.assertEqual(self.ask(setting(property_id, value, b"1")), packet(b"NOPE", b"1"))
        self.assertEqual(self.camera()["counters"]["failures"], failures, "known beforehand, so not even tried")
        self.assertEqual(self.grab()[:2], (480, 640))

    def test_a_format_that_it_lacks_leaves_it_as_it_was(self):
        self.until_granted(setting(FOURCC, YUYV, b"1"))
        uri = self.camera()["uri"]
        self.assertEqual(self.ask(setting(FOURCC, MJPG, b"1")), packet(b"NOPE", b"1"))  # vivid has no MJPEG
        wait_until(lambda: self.camera()["uri"] == uri, "the old options are back", SLOW)
        self.assertEqual(self.ask(question(FOURCC, b"1")), number(YUYV, b"1"))
        self.grab()
        self.until_granted(setting(FOURCC, float(int.from_bytes(b"BGR3", "little")), b"1"))
        self.grab()
        # While nobody watches, a setting is granted at once and the camera opens later.
        wait_until(lambda: self.camera()["streams"][0]["format"] == "bgr8", "the new format is told", SLOW)
        self.until_granted(setting(RATE, 10.0, b"1"))
        self.grab()

    def test_properties_are_the_drivers_controls(self):
        def brightness():
            controls = self.server.get("/api/v1/cameras/cam/controls").json["controls"]
            return next(control["value"] for control in controls if control["name"] == "brightness")
        for value in (100.0, 128.0):
            self.until_granted(setting(BRIGHTNESS, value, b"1"))
            self.assertEqual(brightness(), value)
            self.assertEqual(self.ask(question(BRIGHTNESS, b"1")), number(value, b"1"))
        self.assertEqual(self.ask(setting(BRIGHTNESS, 1e6, b"1")), packet(b"NOPE", b"1"))
        self.assertEqual(self.ask(setting(FOCUS, 10.0, b"1")), packet(b"NOPE", b"1"), "vivid has no focus")


if __name__ == "__main__":
    unittest.main(verbosity=2)
