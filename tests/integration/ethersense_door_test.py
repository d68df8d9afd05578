#!/usr/bin/python3
"""The EtherSense door over loopback, with viewers that have the original client's habits.

Environment: LENSWIRE_BINARY, the program to test."""

import os
import pathlib
import pickle
import re
import select
import socket
import struct
import sys
import tempfile
import threading
import time
import unittest
import zlib

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from ethersense_peers import PING, FrameReader, Viewer, free_port, raw_socket, udp_packet  # noqa: E402
from server_process import ServerProcess, lenswire, wait_until  # noqa: E402

SANITIZED = bool(os.environ.get("LENSWIRE_SANITIZE"))


def png16(path, array):
    """A 16-bit grey PNG, without a library."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    height, width = array.shape
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def scene():
    """640x480 with every kind of byte in it."""
    return (np.arange(480 * 640, dtype="u4") * 40503 % 65536).astype("u2").reshape(480, 640)


class Door(ServerProcess):
    def __init__(self, camera="synthetic:room", options="", *arguments):
        self.viewer_port = free_port()
        text = f"ethersense:0?viewer-port={self.viewer_port}" + options
        super().__init__("--camera", f"cam={camera}", "--door", text, *arguments)
        self.ping_port = wait_until(self._udp_port, "the door says where it hears pings")

    def _udp_port(self):
        found = re.search(r"ethersense_open .*udp=127\.0\.0\.1:(\d+)", self.log)
        return int(found.group(1)) if found else None

    def viewer(self, address="127.0.0.1", listen=True):
        return Viewer(self.viewer_port, self.ping_port, address, listen)


class Scene(unittest.TestCase):
    """A camera that costs next to nothing, so that a loaded machine and a sanitizer keep its rate, too."""

    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.picture = scene()
        png16(pathlib.Path(folder) / "scene.png", cls.picture)
        cls.uri = f"image:{folder}/scene.png?fps=30"


class Pictures(Scene):

    def one_frame(self, options, loads=pickle.loads):
        with Door(self.uri, options) as door, door.viewer() as viewer:
            reader = viewer.connect()
            with FrameReader(reader.connection, loads) as connection:
                return connection.frame()

    def test_every_pixel_is_exact_and_python_2_could_read_it_too(self):
        _, array, payload = self.one_frame("")
        self.assertEqual((array.dtype, array.shape), (np.dtype("<u2"), (240, 320)))
        self.assertTrue(array.flags.c_contiguous)
        # The nearest pixel to the middle of each 2x2 block, ties to the right and below.
        np.testing.assert_array_equal(array, self.picture[1::2, 1::2])
        self.assertEqual(payload[:2], b"\x80\x02")
        self.assertIn(b"c_codecs\nencode\nX", payload)

    def test_without_decimation_all_pixels_come(self):
        np.testing.assert_array_equal(self.one_frame("&decimate=1")[1], self.picture)

    def test_other_decimation(self):
        array = self.one_frame("&decimate=4")[1]
        np.testing.assert_array_equal(array, self.picture[2::4, 2::4])

    def test_python_3_dialect(self):
        _, array, payload = self.one_frame("&pickle=py3")
        np.testing.assert_array_equal(array, self.picture[1::2, 1::2])
        self.assertEqual(payload[:2], b"\x80\x03")
        self.assertLess(len(payload), 153600 + 200)

    def test_python_2_dialect(self):
        # Its strings are bytes; a Python 3 must be told.
        _, array, payload = self.one_frame("&pickle=py2", lambda data: pickle.loads(data, encoding="latin1"))
        np.testing.assert_array_equal(array, self.picture[1::2, 1::2])
        self.assertIn(b"T" + struct.pack("<I", 153600), payload)

    def test_eight_bits(self):
        array = self.one_frame("&bits=8&max_m=20")[1]
        self.assertEqual((array.dtype, array.shape), (np.dtype("u1"), (240, 320)))
        depth = self.picture[1::2, 1::2].astype(float)
        np.testing.assert_array_equal(array, np.minimum(255, np.floor(depth * 255 / 20000 + 0.5)))

    def test_colour_becomes_grey(self):
        with Door("synthetic:ball", "&stream=color") as door, door.viewer() as viewer, viewer.connect() as reader:
            array = reader.frame()[1]
        self.assertEqual((array.dtype, array.shape), (np.dtype("u1"), (200, 200)))
        self.assertGreater(array.max(), array.min())


class Viewers(Scene):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.door = cls.enterClassContext(Door(cls.uri))

    def test_original_viewer_lives_through_hundreds_of_frames(self):
        with self.door.viewer() as viewer, viewer.connect() as reader:
            stamps = [reader.frame()[0] for _ in range(90 if SANITIZED else 240)]
        steps = np.diff(stamps)
        self.assertTrue(np.all(steps > 30), steps.min())
        # Milliseconds; none is lost on an idle machine, some may be on a busy one.
        self.assertLess(np.median(steps), 70)
        self.assertLess(abs(stamps[-1] / 1000 - time.time()), 600)

    def test_viewer_that_listens_only_a_second_after_its_ping(self):
        with self.door.viewer("127.0.0.11", listen=False) as viewer:
            viewer.ping()
            threading.Event().wait(1)  # the original's slow start is what is tested
            viewer.listen()
            with viewer.accept() as reader:
                self.assertEqual(reader.frame()[1].shape, (240, 320))

    def test_ping_may_end_in_a_line_end_or_a_zero(self):
        for number, end in enumerate((b"\n", b"\r\n", b"\0")):
            with self.door.viewer(f"127.0.0.{20 + number}") as viewer:
                viewer.ping(PING + end)
                with viewer.accept() as reader:
                    reader.frame()

    def test_other_datagrams_are_no_pings(self):
        with self.door.viewer("127.0.0.12") as viewer:
            for data in (b"x", b"", PING[:-1], PING + b"!", PING * 100, b"\xff" * 60000):
                viewer.ping(data)
            self.assertFalse(viewer.called_within(1))
            viewer.ping()
            viewer.accept().close()

    def test_second_ping_makes_no_second_connection(self):
        with self.door.viewer("127.0.0.13") as viewer, viewer.connect() as reader:
            for _ in range(20):
                viewer.ping()
                reader.frame()
            self.assertFalse(viewer.called_within(0.3))

    def test_viewer_that_has_gone_comes_again_with_one_ping(self):
        with self.door.viewer("127.0.0.14") as viewer:
            for _ in range(3):
                # The server may not have noticed yet that the last one has gone.
                viewer.ping()
                with viewer.accept() as reader:
                    reader.frame()

    def test_many_viewers_share_camera_and_encoding(self):
        addresses = [f"127.0.1.{n}" for n in range(1, 9)]
        viewers = [self.enterContext(self.door.viewer(a)) for a in addresses]
        readers = [self.enterContext(v.connect()) for v in viewers]
        before = self.door.metrics()
        stamps = [[] for _ in readers]
        while min(len(one) for one in stamps) < 30:
            for connection in select.select([r.connection for r in readers], [], [], 20)[0]:
                number = next(n for n, r in enumerate(readers) if r.connection is connection)
                if whole := readers[number].read_some():
                    stamps[number].append(whole[0])
        after = self.door.metrics()
        common = set(stamps[0]).intersection(*stamps[1:])
        self.assertGreater(len(common), 10)
        labels = '{camera="cam",stream="depth"}'
        made = after["lenswire_stream_encodes_total" + labels] - before["lenswire_stream_encodes_total" + labels]
        published = after["lenswire_stream_frames_total" + labels] - before["lenswire_stream_frames_total" + labels]
        self.assertLessEqual(made, published + 1)
        self.assertEqual(after['lenswire_stream_sinks' + labels], 1)
        self.assertEqual(after['lenswire_camera_opens_total{camera="cam"}'], 1)

    def test_slow_viewer_misses_whole_frames_and_holds_up_nobody(self):
        quick = self.enterContext(self.door.viewer("127.0.0.15"))
        slow = self.enterContext(self.door.viewer("127.0.0.16"))
        slow.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        quick_reader = self.enterContext(quick.connect())
        slow_reader = self.enterContext(slow.connect())
        stamps = []
        quick_stamps = []
        while len(stamps) < 4:
            # A few kB at a time, and only between two frames of the quick one.
            quick_stamps.append(quick_reader.frame()[0])
            for _ in range(4):
                if socket_ready(slow_reader.connection) and (whole := slow_reader.read_some()):
                    stamps.append(whole[0])
                    break
        self.assertGreater(np.diff(stamps).max(), 60)
        self.assertLess(np.median(np.diff(quick_stamps)), 70)

    def test_viewer_that_never_reads_is_cut_and_the_others_see_nothing_of_it(self):
        stuck = self.enterContext(self.door.viewer("127.0.0.17"))
        other = self.enterContext(self.door.viewer("127.0.0.18"))
        stuck_reader = self.enterContext(stuck.connect())
        other_reader = self.enterContext(other.connect())
        cut = self.door.metrics()["lenswire_slow_clients_cut_total"]
        began = time.monotonic()
        stamps = []
        while self.door.metrics()["lenswire_slow_clients_cut_total"] == cut:
            stamps.append(other_reader.frame()[0])
            self.assertLess(time.monotonic() - began, 25)
        self.assertGreater(time.monotonic() - began, 9)
        self.assertLess(np.median(np.diff(stamps)), 70)
        # What had been sent is whole up to the cut, so the viewer sees frames, then the end.
        with self.assertRaises((EOFError, ConnectionResetError)):
            while True:
                stuck_reader.frame()


def socket_ready(connection):
    return bool(select.select([connection], [], [], 0)[0])


class Rate(Scene):
    def test_fps_is_kept(self):
        with Door(self.uri, "&fps=5") as door, door.viewer() as viewer, viewer.connect() as reader:
            stamps = [reader.frame()[0] for _ in range(6)]
        self.assertLess(abs(np.median(np.diff(stamps)) - 200), 20)


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.door = cls.enterClassContext(Door("synthetic:room?size=96x64"))

    def settled(self, want):
        """The descriptors, once there are no more than `want`."""
        return wait_until(lambda: self.door.descriptors() <= want and self.door.descriptors(),
                          f"at most {want} descriptors", 30)

    def test_two_hundred_viewers_come_and_vanish(self):
        def round_of_viewers():
            viewers = [self.door.viewer(f"127.0.2.{n}") for n in range(1, 201)]
            readers = []
            try:
                for number, viewer in enumerate(viewers):
                    readers.append(viewer.connect(60))
                    if number % 3 == 0:
                        readers[-1].frame()
                for number, reader in enumerate(readers):
                    if number % 2:  # reset instead of goodbye
                        reader.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    reader.close()
            finally:
                for viewer in viewers:
                    viewer.close()

        with self.door.viewer("127.0.3.1") as first, first.connect() as reader:
            reader.frame()
            before = self.door.descriptors()
            round_of_viewers()
            self.settled(before)
            memory = self.door.resident_bytes()
            round_of_viewers()
            self.settled(before)
            wait_until(lambda: self.door.metrics()["lenswire_connections"] <= 2, "only the first is left")
            if not SANITIZED:
                self.assertLess(self.door.resident_bytes() - memory, 2 << 20)
            reader.frame()

    def test_flood_of_pings_from_forged_neighbours(self):
        with self.door.viewer("127.0.3.2") as viewer, viewer.connect() as reader:
            before = self.door.descriptors()
            most = 0
            with raw_socket(self) as raw:
                for n in range(20000):
                    source = f"127.{10 + n // 60000}.{n // 250 % 240}.{1 + n % 250}"
                    raw.sendto(udp_packet(source, "127.0.0.1", self.door.ping_port, PING), ("127.0.0.1", 0))
                    if n % 1000 == 0:
                        reader.frame()
                        most = max(most, self.door.descriptors())
            # Each call is one descriptor; there are never more than 128.
            self.assertLessEqual(most, before + 130)
            for _ in range(10):
                reader.frame()
            self.assertEqual(self.door.get("/healthz").status, 200)
            self.settled(before)

    def test_one_source_cannot_make_it_connect_often(self):
        accepted = 0
        with self.door.viewer("127.0.3.3") as viewer:
            end = time.monotonic() + 2
            while time.monotonic() < end:
                viewer.ping()
                if viewer.called_within(0.005):
                    viewer.accept().close()
                    accepted += 1
        self.assertGreaterEqual(accepted, 1)
        self.assertLessEqual(accepted, 5 + 2 + 1)


class Trouble(unittest.TestCase):
    def test_mistakes_in_options_are_named(self):
        for options, words in (("decimate=0", "decimate=0"), ("bits=9", "8 or 16"), ("max_m=3", "bits=8"),
                               ("pickle=4", "universal, py3 or py2"), ("colour=1", "unknown option 'colour'"),
                               ("viewer-port=0", "viewer-port=0"), ("fps=-1", "fps=-1")):
            done = lenswire("serve", "--listen", "127.0.0.1:0", "--camera", "a=synthetic:ball", "--door",
                            f"ethersense:0?{options}")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(words, done.stderr)

    def test_ipv6_is_refused_and_so_is_the_lan_without_a_word(self):
        for host, words in (("[::1]", "IPv4"), ("0.0.0.0", "--insecure-lan")):
            done = lenswire("serve", "--listen", "127.0.0.1:0", "--camera", "a=synthetic:ball", "--door",
                            f"ethersense:{host}:1024")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(words, done.stderr)

    def test_port_in_use_is_named(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            port = other.getsockname()[1]
            done = lenswire("serve", "--listen", "127.0.0.1:0", "--camera", "a=synthetic:ball", "--door",
                            f"ethersense:{port}?stream=color")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f"UDP 127.0.0.1:{port} is in use", done.stderr)

    def test_camera_without_the_stream_says_so(self):
        with Door("synthetic:ball") as door, door.viewer() as viewer:
            viewer.ping()
            wait_until(lambda: "ethersense_no_stream" in door.log, "the reason in the log")
            self.assertIn("color", door.log.split("ethersense_no_stream")[1])
            self.assertFalse(viewer.called_within(0.3))

    def test_camera_that_comes_later_is_sent_then(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "late.png"
            with Door(f"image:{path}?fps=30") as door, door.viewer() as viewer, viewer.connect() as reader:
                self.assertFalse(socket_ready(reader.connection))
                png16(path, scene())
                np.testing.assert_array_equal(reader.frame()[1], scene()[1::2, 1::2])

    def test_server_stops_while_viewers_are_called_and_served(self):
        with Door() as door:
            viewer = self.enterContext(door.viewer())
            reader = self.enterContext(viewer.connect())
            reader.frame()
            for n in range(2, 40):
                with door.viewer(f"127.0.4.{n}", listen=False) as silent:
                    silent.ping()
        # Leaving the context has waited for its end.
        with self.assertRaises((EOFError, ConnectionResetError)):
            while True:
                reader.frame()


if __name__ == "__main__":
    unittest.main(verbosity=2)
