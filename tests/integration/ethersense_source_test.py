#!/usr/bin/python3
"""The `ethersense:` source against servers that behave as the originals do, the second ping's effect included.

Environment: LENSWIRE_BINARY, the program to test."""

import pathlib
import re
import socket
import struct
import sys
import threading
import unittest
import zlib

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from ethersense_peers import (PING, OriginalServer, ReplayServer, frame_bytes, free_port,  # noqa: E402
                              python2_pickle, python3_pickle, recorded_stream)
from server_process import ROOT, ServerProcess, lenswire, wait_until  # noqa: E402

RECORDINGS = ROOT.parent / "shared" / "protocols" / "transcripts"


def png_pixels(data):
    """A grey PNG of 8 or 16 bits as an array."""
    at, body, head = 8, b"", None
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IHDR":
            head = struct.unpack_from(">IIBB", data, at + 8)
        elif kind == b"IDAT":
            body += data[at + 8:at + 8 + size]
        at += 12 + size
    width, height, bits, colour = head
    assert colour == 0, "not grey"
    step = bits // 8
    raw = np.frombuffer(zlib.decompress(body), "u1").reshape(height, 1 + width * step).astype("i4")
    rows, above = [], np.zeros(width * step, "i4")
    for line in raw:
        kind, now = line[0], line[1:].copy()
        for i in range(len(now)):
            a = now[i - step] if i >= step else 0
            b = above[i]
            c = above[i - step] if i >= step else 0
            p = a + b - c
            paeth = a if abs(p - a) <= abs(p - b) and abs(p - a) <= abs(p - c) else b if abs(p - b) <= abs(p - c) else c
            now[i] = (now[i] + (0, a, b, (a + b) // 2, paeth)[kind]) & 255
        rows.append(now)
        above = now
    return np.array(rows).astype("u1").view(f">u{step}")


class Relay(ServerProcess):
    """lenswire with one camera per place, all on one port of their own."""

    def __init__(self, *places, options=""):
        self.viewer_port = free_port()
        self.ping_port = free_port(socket.SOCK_DGRAM)
        cameras = []
        for number, place in enumerate(places):
            uri = f"ethersense:{place}?port={self.viewer_port}&ping-port={self.ping_port}{options}"
            cameras += ["--camera", f"cam{number}={uri}", "--always-on", f"cam{number}"]
        super().__init__(*cameras)

    def state(self, camera="cam0"):
        return self.get(f"/api/v1/cameras/{camera}").json

    def depth(self, camera="cam0"):
        """The newest picture, once there is one."""
        def ask():
            answer = self.get(f"/cameras/{camera}/depth.png")
            return answer if answer.status == 200 else None
        return png_pixels(wait_until(ask, f"a depth picture of {camera}").body)


class Dialects(unittest.TestCase):
    def check(self, dump):
        with Relay("127.0.0.2", options="&ping=0.5") as relay:
            with OriginalServer("127.0.0.2", relay.ping_port, relay.viewer_port, dump) as server:
                picture = relay.depth()
                wait_until(lambda: server.sent > 20, "twenty frames")
                self.assertFalse(server.dead)
                self.assertEqual(server.connections, 1)
                self.assertEqual(set(server.pings), {PING})
            # Which frame it was shows in its first pixel; all the others must follow from that.
            number = next(n for n in range(5000) if server.picture(n)[0, 0] == picture[0, 0])
            np.testing.assert_array_equal(picture, server.picture(number))

    def test_python_2_server(self):
        self.check(python2_pickle)

    def test_python_3_servers(self):
        for protocol in (3, 4, 5):
            with self.subTest(protocol=protocol):
                self.check(python3_pickle(protocol))


class Recordings(unittest.TestCase):
    """The bytes that original servers sent, in pieces of an odd size."""

    def test_python_2_original(self):
        path = RECORDINGS / "ethersense-py2-original.txt"
        if not path.exists():
            self.skipTest(f"no recording at {path}")
        with Relay("127.0.0.3") as relay:
            with ReplayServer("127.0.0.3", relay.ping_port, relay.viewer_port, recorded_stream(path)):
                wait_until(lambda: relay.metrics()['lenswire_camera_frames_total{camera="cam0"}'] == 3, "three frames")
                picture = relay.depth()
        # The third: bytes 300 & 255, 1, 301 & 255, 2, and so on.
        np.testing.assert_array_equal(picture, (300 + 257 * np.arange(32)).reshape(4, 8))


class Pings(unittest.TestCase):
    def test_connected_server_never_hears_a_second_one(self):
        with Relay("127.0.0.4", options="&ping=0.2") as relay:
            with OriginalServer("127.0.0.4", relay.ping_port, relay.viewer_port, python3_pickle(4)) as server:
                relay.depth()
                # Ten times as long as it would take to ping again.
                wait_until(lambda: server.sent > 130, "130 frames")
                self.assertFalse(server.dead)
                self.assertEqual(len(server.pings), 1)

    def test_the_servers_of_this_test_do_die_of_a_second_ping(self):
        with Relay("127.0.0.4") as relay:
            with OriginalServer("127.0.0.4", relay.ping_port, relay.viewer_port, python3_pickle(4)) as server:
                relay.depth()
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                    other.sendto(PING, ("127.0.0.4", relay.ping_port))
                wait_until(lambda: server.dead, "the server's death")

    def test_server_that_starts_later_is_found(self):
        with Relay("127.0.0.5", options="&ping=0.5") as relay:
            wait_until(lambda: relay.state()["state"] == "opening", "the source waits")
            threading.Event().wait(1.5)  # some pings that nobody hears
            with OriginalServer("127.0.0.5", relay.ping_port, relay.viewer_port, python3_pickle(4)) as server:
                relay.depth()
                self.assertEqual(len(server.pings), 1)

    def test_server_that_takes_seconds_to_open_its_camera_lives_in_the_end(self):
        # The second ping comes while the camera is being opened and kills; a watchdog starts it again, as the
        # original's cron job does. The pings have become rarer by then.
        with Relay("127.0.0.6", options="&ping=0.5") as relay:
            for _ in range(6):
                with OriginalServer("127.0.0.6", relay.ping_port, relay.viewer_port, python3_pickle(4),
                                    head_start=0.8) as server:
                    wait_until(lambda: server.dead or server.sent > 60, "death or two seconds of life")
                    if not server.dead:
                        return
        self.fail("it is killed for ever")

    def test_server_that_ends_and_returns_is_found_again(self):
        with Relay("127.0.0.7", options="&ping=0.3") as relay:
            for _ in range(3):
                with OriginalServer("127.0.0.7", relay.ping_port, relay.viewer_port, python3_pickle(4), frames=20):
                    wait_until(lambda: relay.state()["state"] == "streaming", "frames")
                wait_until(lambda: relay.state()["state"] != "streaming", "the end is noticed")


class Several(unittest.TestCase):
    def test_each_source_gets_the_server_of_its_name(self):
        with Relay("127.0.0.21", "127.0.0.22", options="&ping=0.5") as relay:
            with OriginalServer("127.0.0.22", relay.ping_port, relay.viewer_port, python3_pickle(4), (6, 10)) as second:
                self.assertEqual(relay.depth("cam1").shape, (6, 10))
                with OriginalServer("127.0.0.21", relay.ping_port, relay.viewer_port, python2_pickle, (4, 9)) as first:
                    self.assertEqual(relay.depth("cam0").shape, (4, 9))
                    self.assertEqual(relay.depth("cam1").shape, (6, 10))
                    for server in (first, second):
                        self.assertFalse(server.dead)
                        self.assertEqual(server.connections, 1)

    def test_server_that_nobody_asked_for_is_sent_away(self):
        with Relay("127.0.0.23", options="&ping=0.5") as relay:
            wait_until(lambda: relay.state()["state"] == "opening", "the source waits")
            with socket.socket() as stranger:
                stranger.bind(("127.0.0.99", 0))
                stranger.settimeout(20)
                wait_until(lambda: stranger.connect_ex(("127.0.0.1", relay.viewer_port)) == 0, "the port is open")
                self.assertEqual(stranger.recv(1), b"")
            wait_until(lambda: "ethersense_unclaimed server=127.0.0.99" in relay.log, "a word about it")


class HostileServer(unittest.TestCase):
    def served(self, data):
        """How the camera is once it has read this."""
        with Relay("127.0.0.31", options="&timeout=2") as relay:
            with ReplayServer("127.0.0.31", relay.ping_port, relay.viewer_port, data):
                state = wait_until(lambda: (s := relay.state()) and s.get("reason") and s, "a reason")
            self.assertEqual(relay.get("/api/v1/server").status, 200)
            return state["reason"]

    def test_lengths_beyond_all_measure(self):
        for length in (0, (64 << 20) + 1, 0xFFFFFFFF):
            reason = self.served(struct.pack("<Id", length, 1.0) + b"x" * 100)
            self.assertIn(f"a frame of {length} bytes", reason)

    def test_long_frame_that_never_comes_costs_no_memory(self):
        with Relay("127.0.0.31", options="&timeout=30") as relay:
            before = relay.resident_bytes()
            with ReplayServer("127.0.0.31", relay.ping_port, relay.viewer_port,
                              struct.pack("<Id", 64 << 20, 1.0) + b"x" * 100) as server:
                wait_until(lambda: server.connections == 1, "a connection")
                threading.Event().wait(0.5)
                self.assertLess(relay.resident_bytes() - before, 8 << 20)

    def test_pickles_of_other_things_are_refused_by_name(self):
        evil = b"cos\nsystem\n(S'touch /tmp/lenswire-must-not-exist'\ntR."
        reason = self.served(frame_bytes(evil, 1.0) * 10)
        self.assertIn("os system", reason)
        self.assertFalse(pathlib.Path("/tmp/lenswire-must-not-exist").exists())

    def test_one_damaged_frame_costs_only_itself(self):
        good = python3_pickle(4)(np.full((4, 6), 77, "u2"))
        with Relay("127.0.0.32") as relay:
            data = frame_bytes(good, 1.0) + frame_bytes(b"\x80\x04]\x94.", 2.0) + frame_bytes(good, 3.0)
            with ReplayServer("127.0.0.32", relay.ping_port, relay.viewer_port, data):
                wait_until(lambda: relay.metrics()['lenswire_camera_frames_total{camera="cam0"}'] == 2, "two frames")
                np.testing.assert_array_equal(relay.depth(), np.full((4, 6), 77))
                self.assertEqual(relay.state()["state"], "streaming")

    def test_silence_ends_the_connection(self):
        reason = self.served(frame_bytes(python3_pickle(4)(np.ones((4, 6), "u2")), 1.0))
        self.assertIn("has sent no frame for 2 s", reason)


class Together(unittest.TestCase):
    def test_our_door_is_a_server_for_our_source(self):
        viewer_port = free_port()
        with ServerProcess("--camera", "room=synthetic:room", "--door",
                           f"ethersense:0?viewer-port={viewer_port}&bits=8") as door:
            ping_port = int(wait_until(lambda: re.search(r"udp=127\.0\.0\.1:(\d+)", door.log), "the port").group(1))
            uri = f"ethersense:127.0.0.1?port={viewer_port}&ping-port={ping_port}"
            with ServerProcess("--camera", f"cam={uri}", "--always-on", "cam") as relay:
                answer = wait_until(lambda: (a := relay.get("/cameras/cam/gray.jpg")).status == 200 and a, "a picture")
                self.assertTrue(answer.body.startswith(b"\xff\xd8"))
                streams = relay.get("/api/v1/cameras/cam").json["streams"]
                self.assertEqual([(s["stream"], s["format"], s["width"], s["height"]) for s in streams],
                                 [("gray", "y8", 320, 240)])


class Mistakes(unittest.TestCase):
    def refused(self, uri):
        done = lenswire("serve", "--listen", "127.0.0.1:0", "--camera", f"a={uri}")
        self.assertNotEqual(done.returncode, 0)
        return done.stderr

    def test_options_are_checked(self):
        for uri, words in (("ethersense:?port=0", "port=0"), ("ethersense:host:1024", "?port="),
                           ("ethersense:?ping=0", "ping=0"), ("ethersense:?colour=1", "unknown option 'colour'"),
                           ("ethersense:?unit_mm=0", "unit_mm=0")):
            self.assertIn(words, self.refused(uri))

    def test_port_in_use_is_named(self):
        with socket.socket() as other:
            other.bind(("0.0.0.0", 0))
            other.listen()
            port = other.getsockname()[1]
            with ServerProcess("--camera", f"a=ethersense:127.0.0.2?port={port}", "--always-on", "a") as server:
                state = wait_until(lambda: (s := server.get("/api/v1/cameras/a").json)["reason"] and s, "a reason")
                self.assertIn(f"TCP port {port} is in use", state["reason"])

    def test_absent_server_is_explained(self):
        with Relay("127.0.0.41") as relay:
            state = wait_until(lambda: (s := relay.state())["reason"] and s, "a reason", 30)
            self.assertEqual(state["state"], "absent")
            self.assertIn("at 127.0.0.41", state["reason"])
            self.assertIn("firewall", state["reason"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
