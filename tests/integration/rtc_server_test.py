#!/usr/bin/python3
"""POST /rtc/{camera}: the native protocol over a data channel, with aiortc as the client.

Environment: LENSWIRE_BINARY. Needs root, `ip` and python3-aiortc; skipped otherwise."""

import os
import pathlib
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rtc_network import PATIENCE, RtcTransport, aiortc, compare_depth, own_network, post_offer  # noqa: E402
from server_process import BINARY, ServerProcess, lwp, wait_until  # noqa: E402

MODULE = pathlib.Path(BINARY).parent.parent / "lib/lenswire/modules/lenswire-webrtc.so"
ROOM = "room=synthetic:room"
BUFFER_BYTES = 1 << 20
OFFER = ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
         "a=mid:0\r\na=sctp-port:5000\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=setup:actpass\r\n"
         "a=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\r\n")


def setUpModule():
    if not shutil.which("ip"):
        raise unittest.SkipTest("needs iproute2")
    own_network()


def peers(server):
    return server.metrics()["lenswire_rtc_peers"]


@unittest.skipUnless(aiortc, "needs python3-aiortc")
@unittest.skipUnless(MODULE.exists(), "the module webrtc was not built")
class DataChannel(unittest.TestCase):
    def test_depth_is_the_same_as_over_tcp(self):
        # Slow and small enough that both clients get every frame, or nearly.
        with ServerProcess("--camera", ROOM + "?size=320x240&fps=5") as server:
            transport = RtcTransport(server.port, "room")
            compare_depth(server, transport)
            # aiortc announces 64 KiB, and a frame has 150 kB.
            self.assertEqual(transport.longest_piece, 64 << 10)
            self.assertEqual(peers(server), 1)
            transport.close()
            wait_until(lambda: peers(server) == 0, "the session ends with its client", PATIENCE)

    def test_delete_ends_the_session(self):
        with ServerProcess("--camera", ROOM) as server:
            transport = RtcTransport(server.port, "room")
            reader = lwp.Reader("", 0, transport=transport)
            reader.subscribe("room", "depth", "raw")
            self.assertEqual(server.http("DELETE", transport.location).status, 204)
            wait_until(lambda: peers(server) == 0, "the session is over", PATIENCE)
            self.assertEqual(server.http("DELETE", transport.location).status, 404)
            with self.assertRaises(EOFError):
                while True:
                    transport.read_message()
            transport.close()

    def test_refusals_name_the_reason(self):
        with ServerProcess("--camera", ROOM) as server:
            self.assertEqual(post_offer(server.port, "attic", OFFER)[0], 404)
            self.assertEqual(post_offer(server.port, "room", OFFER, "application/json")[0], 415)
            status, _, text = post_offer(server.port, "room", "v=0\r\n")
            self.assertEqual(status, 400)
            self.assertIn("no data channel section", text)
            self.assertEqual(post_offer(server.port, "room", "v=0\r\n" + "a" * (64 << 10))[0], 413)
            refused = server.http("POST", "/rtc/room", OFFER, {"Content-Type": "application/sdp", "Origin": "http://evil.example"})
            self.assertEqual(refused.status, 403)
            self.assertEqual(server.http("DELETE", "/rtc/room/" + "0" * 32).status, 404)

    def test_frames_are_skipped_not_queued_while_a_client_does_not_read(self):
        with ServerProcess("--camera", ROOM) as server:
            transport = RtcTransport(server.port, "room")
            reader = lwp.Reader("", 0, transport=transport)
            # A window so wide that it holds nothing back: the channel's own bound has to.
            reader.subscribe("room", "depth", "raw", window_frames=64)
            frame_bytes = len(reader.next()[1].payload)
            transport.stop_reading()
            buffered = lambda: server.metrics()["lenswire_rtc_buffered_bytes"]  # noqa: E731
            captured = lambda: server.metrics()['lenswire_stream_frames_total{camera="room",stream="depth"}']  # noqa: E731
            wait_until(lambda: buffered() >= BUFFER_BYTES, "the channel is full", PATIENCE)
            enough, most = captured() + 30, 0
            while captured() < enough:
                most = max(most, buffered())
            self.assertLess(most, BUFFER_BYTES + frame_bytes + 4096, "a frame more than the bound at most")
            while transport.has_messages():
                reader.next()
            resumed = time.monotonic_ns()
            transport.read_again()
            old, skipped = 0, 0
            while True:
                frame = reader.next()[1]
                skipped += sum(record["count"] for record in frame.missed if record["reason"] == "slow_client")
                if frame.capture_time_ns > resumed:
                    break
                old += 1
            # As much waits in SCTP as in the channel; one frame was on its way in, one is the newest that may wait.
            self.assertLessEqual(old, 2 * BUFFER_BYTES // frame_bytes + 4)
            self.assertGreaterEqual(skipped, 30 - old)
            self.assertGreaterEqual(server.metrics()['lenswire_frames_missed_total{reason="slow_client"}'], skipped)
            transport.close()

    def test_clients_that_hang_and_offers_that_nobody_stands_behind_are_forgotten(self):
        with ServerProcess("--camera", ROOM) as server:
            transport = RtcTransport(server.port, "room")
            reader = lwp.Reader("", 0, transport=transport)
            reader.subscribe("room", "depth", "raw")
            reader.next()
            transport.stop_reading()
            statuses = [post_offer(server.port, "room", OFFER)[0] for _ in range(12)]
            self.assertIn(201, statuses)
            self.assertLessEqual(set(statuses), {201, 503})
            wait_until(lambda: peers(server) == 0, "all are gone", PATIENCE)


class WithoutTheModule(unittest.TestCase):
    def test_the_answer_says_what_to_install(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "bin").mkdir()
        alone = folder / "bin" / "lenswire"
        shutil.copy(BINARY, alone)
        os.chmod(alone, 0o755)
        with ServerProcess("--camera", ROOM, binary=str(alone)) as server:
            status, _, text = post_offer(server.port, "room", OFFER)
            self.assertEqual(status, 501)
            self.assertIn("libnice10", text)


if __name__ == "__main__":
    unittest.main()
