"""The rpiasgige door over TCP: every row of the protocol's tables, and what its originals got wrong."""

import os
import random
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

from rpiasgige_client import (
    AUTOFOCUS, BRIGHTNESS, BUFFERS, FOCUS, FOURCC, HEIGHT, MJPG, RATE, WIDTH, DoorProcess, TcpClient, number, once,
    packet, question, setting, shape, write_png)
from server_process import wait_until

OK, NO, PONG = packet(b"0200"), packet(b"NOPE"), packet(b"PONG")
OK1, NO1, PONG1 = packet(b"0200", b"1"), packet(b"NOPE", b"1"), packet(b"PONG", b"1")


class DoorTest(unittest.TestCase):
    cameras = ("--camera", "cam=synthetic:room?size=160x120")
    doors = ("rpiasgige:0",)

    def setUp(self):
        self.server = DoorProcess(*self.cameras, doors=self.doors)
        self.addCleanup(self.server.stop)
        self.port = self.server.doors[0]

    def client(self, source="127.0.0.1"):
        client = TcpClient(self.port, source)
        self.addCleanup(client.close)
        return client


class Commands(DoorTest):
    def test_every_request_of_the_table(self):
        ask = self.client().ask
        self.assertEqual(ask(packet(b"PING", b"1")), PONG1)
        self.assertEqual(ask(packet(b"ISOP", b"1")), NO1)
        self.assertEqual(ask(packet(b"GRAB", b"1")), NO1)
        self.assertEqual(ask(setting(WIDTH, 320.0, b"1")), NO1)
        self.assertEqual(ask(question(WIDTH, b"1")), number(0.0, b"1"))
        self.assertEqual(ask(packet(b"OPEN", b"1")), OK1)
        self.assertEqual(ask(packet(b"OPEN", b"1")), OK1, "already open")
        self.assertEqual(ask(packet(b"ISOP", b"1")), OK1)
        self.assertEqual(ask(question(WIDTH, b"1")), number(160.0, b"1"))
        rows, columns, kind, pixels = shape(ask(packet(b"GRAB", b"1")))
        self.assertEqual((rows, columns, kind, len(pixels)), (120, 160, 16, 120 * 160 * 3))
        self.assertEqual(ask(packet(b"CLOS", b"1")), OK1)
        self.assertEqual(ask(packet(b"CLOS", b"1")), OK1, "always")
        self.assertEqual(ask(packet(b"ISOP", b"1")), NO1)
        self.assertEqual(ask(packet(b"GRAB", b"1")), NO1)

    def test_unknown_commands_and_missing_data(self):
        self.assertEqual(once(self.port, packet(b"FOO0")), packet(b"0404"))
        self.assertEqual(once(self.port, packet(b"ping")), packet(b"0404"))
        self.assertEqual(once(self.port, packet(b"OPEN")), OK)
        for short in (packet(b"SET0", data=struct.pack("<i", WIDTH)), packet(b"SET0"), packet(b"GET0"),
                      packet(b"GET0", data=b"\3\0\0"), packet(b"SET0", data=bytes(11))):
            self.assertEqual(once(self.port, short), packet(b"0400"), short)

    def test_only_the_digit_one_keeps_the_connection(self):
        for keep in (b"0", b"2", b"z", b"\0"):
            self.assertEqual(once(self.port, packet(b"PING", keep)), PONG, keep)
        client = self.client()
        for _ in range(3):
            self.assertEqual(client.ask(packet(b"PING", b"1")), PONG1)
        client.send(packet(b"PING"))
        self.assertEqual(client.rest(), PONG)

    def test_sizes_out_of_bounds_mean_no_data(self):
        for size in (0x0000FFFF, -1, 33, 0x7FFFFFFF, -0x80000000):
            self.assertEqual(once(self.port, packet(b"PING", size=size)), PONG, size)

    def test_a_trailing_newline_is_nothing(self):
        self.assertEqual(once(self.port, packet(b"PING") + b"\n"), PONG)
        client = self.client()
        for _ in range(3):
            self.assertEqual(client.ask(packet(b"PING", b"1") + b"\n"), PONG1)
        self.assertEqual(client.ask(question(WIDTH, b"1") + b"\r\n"), number(0.0, b"1"))

    def test_requests_in_one_segment_are_all_answered(self):
        burst = packet(b"PING", b"1") * 400 + question(WIDTH, b"1") + packet(b"PING")
        self.assertEqual(once(self.port, burst), PONG1 * 400 + number(0.0, b"1") + PONG)

    def test_a_request_may_come_in_pieces(self):
        client = self.client()
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in question(WIDTH, b"1"):
            client.send(bytes([byte]))
        self.assertEqual(client.answer(), number(0.0, b"1"))

    def test_half_a_packet_and_no_more(self):
        for half in (b"P", b"PING0\0", question(WIDTH)[:-1], b"GET", b"GET0"):
            client = self.client()
            client.send(half)
            client.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(client.rest(), packet(b"0400"), half)

    def test_three_seconds_of_silence_end_a_conversation(self):
        for words in (b"", b"PIN", packet(b"PING", b"1")):
            client = self.client()
            began = time.monotonic()
            client.send(words)
            self.assertEqual(client.rest(), PONG1 if len(words) > 3 else b"")
            took = time.monotonic() - began
            self.assertGreater(took, 2.9)
            self.assertLess(took, 6, "under load, with ticks of half a second")

    def test_head_and_data_come_in_one_piece(self):
        # The original Python client reads them with one recv() each.
        client = self.client()
        client.ask(packet(b"OPEN", b"1"))
        for _ in range(50):
            client.send(question(WIDTH, b"1"))
            self.assertEqual(client.socket.recv(1024), number(160.0, b"1"))
            client.send(packet(b"GRAB", b"1"))
            self.assertEqual(len(client.socket.recv(9)), 9)
            client.exactly(12 + 160 * 120 * 3)

    def test_noise_closes_or_is_unknown(self):
        chance = random.Random(1)
        for _ in range(200):
            noise = chance.randbytes(chance.randrange(1, 200))
            if noise[:1] == b"G":
                continue
            client = self.client()
            client.send(noise)
            client.socket.shutdown(socket.SHUT_WR)
            answer = client.rest()
            self.assertIn(answer[:4], (b"0404", b"0400", b""), noise)
            client.close()
        self.assertEqual(once(self.port, packet(b"PING")), PONG)


class Settings(DoorTest):
    def ask(self, request):
        if not hasattr(self, "_client"):
            self._client = self.client()
            self.assertEqual(self._client.ask(packet(b"OPEN", b"1")), OK1)
        return self._client.ask(request)

    def test_size_rate_and_format_really_change(self):
        self.assertEqual(self.ask(setting(WIDTH, 320.0, b"1")), OK1)
        self.assertEqual(self.ask(setting(HEIGHT, 200.0, b"1")), OK1)
        self.assertEqual(self.ask(setting(FOURCC, MJPG, b"1")), OK1)
        self.assertEqual(self.ask(setting(RATE, 60.0, b"1")), OK1)
        for property_id, value in ((WIDTH, 320.0), (HEIGHT, 200.0), (FOURCC, MJPG), (RATE, 60.0)):
            self.assertEqual(self.ask(question(property_id, b"1")), number(value, b"1"))
        rows, columns, kind, _ = shape(self.ask(packet(b"GRAB", b"1")))
        self.assertEqual((rows, columns, kind), (200, 320, 16))
        camera = self.server.get("/api/v1/cameras/cam").json
        color = next(stream for stream in camera["streams"] if stream["stream"] == "color")
        self.assertEqual((color["width"], color["height"], color["format"], color["rate_hz"]), (320, 200, "mjpeg", 60))
        self.assertEqual(camera["counters"]["failures"], 0)

    def test_the_first_picture_after_a_set_has_the_new_size(self):
        other = self.client("127.0.0.2")  # keeps pictures of the old size at hand
        self.assertEqual(other.ask(packet(b"OPEN", b"1")), OK1)
        for width in (320, 160, 96) * 5:
            for _ in range(2):
                self.ask(packet(b"GRAB", b"1"))
                other.ask(packet(b"GRAB", b"1"))
            self.assertEqual(self.ask(setting(WIDTH, float(width), b"1")), OK1)
            self.assertEqual(shape(self.ask(packet(b"GRAB", b"1")))[1], width)
            self.assertEqual(shape(other.ask(packet(b"GRAB", b"1")))[1], width)

    def test_what_the_camera_cannot_is_refused_and_changes_nothing(self):
        before = self.server.get("/api/v1/cameras/cam").json["uri"]
        for property_id, value in ((WIDTH, 10.0), (WIDTH, 0.0), (WIDTH, -320.0), (WIDTH, float("nan")),
                                   (HEIGHT, 1e9), (RATE, 0.0), (RATE, 1e6), (RATE, float("inf")), (FOURCC, 0.0),
                                   (FOURCC, float(int.from_bytes(b"H264", "little"))),
                                   (FOURCC, float(int.from_bytes(b"Z16 ", "little"))),
                                   (BRIGHTNESS, 5.0), (FOCUS, 5.0), (AUTOFOCUS, 1.0), (BUFFERS, 0.0), (12345, 1.0)):
            self.assertEqual(self.ask(setting(property_id, value, b"1")), NO1, (property_id, value))
        self.assertEqual(self.ask(question(WIDTH, b"1")), number(160.0, b"1"))
        self.assertEqual(self.ask(question(AUTOFOCUS, b"1")), number(0.0, b"1"), "no such control")
        self.assertEqual(self.server.get("/api/v1/cameras/cam").json["uri"], before)
        rows, columns, _, _ = shape(self.ask(packet(b"GRAB", b"1")))
        self.assertEqual((rows, columns), (120, 160))

    def test_a_set_value_comes_back_to_the_last_bit(self):
        for property_id, value in ((RATE, 29.970029970029973), (WIDTH, 319.9999999), (BUFFERS, 1.5)):
            self.assertEqual(self.ask(setting(property_id, value, b"1")), OK1, value)
            self.assertEqual(self.ask(question(property_id, b"1")), number(value, b"1"))
        self.assertEqual(shape(self.ask(packet(b"GRAB", b"1")))[1], 320)

    def test_other_controls_keep_their_values(self):
        def noise():
            controls = self.server.get("/api/v1/cameras/cam/controls").json["controls"]
            return next(control["value"] for control in controls if control["name"] == "noise")
        self.assertEqual(self.server.patch("/api/v1/cameras/cam/controls", {"settings": {"noise": 0.25}}).status, 200)
        self.assertEqual(self.ask(setting(WIDTH, 320.0, b"1")), OK1)
        self.assertEqual(noise(), 0.25)

    def test_values_are_remembered_and_set_again_at_open(self):
        self.assertEqual(self.ask(setting(WIDTH, 320.0, b"1")), OK1)
        self.assertEqual(self.ask(packet(b"CLOS", b"1")), OK1)
        self.assertEqual(self.ask(question(WIDTH, b"1")), number(320.0, b"1"), "also while closed")
        other = self.client("127.0.0.2")
        self.assertEqual(other.ask(question(WIDTH, b"1")), number(0.0, b"1"), "each client has its own")
        self.assertEqual(other.ask(packet(b"OPEN", b"1")), OK1)
        self.assertEqual(other.ask(setting(WIDTH, 160.0, b"1")), OK1)
        self.assertEqual(shape(other.ask(packet(b"GRAB", b"1")))[1], 160)
        self.assertEqual(self.ask(packet(b"OPEN", b"1")), OK1)
        self.assertEqual(shape(self.ask(packet(b"GRAB", b"1")))[1], 320)

    def test_two_clients_setting_at_once_both_get_answers(self):
        def churn(source, sizes):
            with TcpClient(self.port, source) as client:
                answers.append(client.ask(packet(b"OPEN", b"1")))
                for width in sizes:
                    answers.append(client.ask(setting(WIDTH, width, b"1")))
                    answers.append(client.ask(packet(b"GRAB", b"1"))[:5])
        answers = []
        threads = [threading.Thread(target=churn, args=args) for args in
                   (("127.0.0.2", (80.0, 160.0, 240.0)), ("127.0.0.3", (320.0, 96.0, 128.0)))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), 14)
        self.assertEqual({answer[:4] for answer in answers} - {b"0200", b"NOPE"}, set())
        self.assertEqual(self.ask(packet(b"GRAB", b"1"))[:5], b"02001")


class Clients(DoorTest):
    def test_each_conversation_has_its_own_open_state(self):
        first, second = self.client(), self.client()
        self.assertEqual(second.ask(packet(b"ISOP", b"1")), NO1)
        self.assertEqual(first.ask(packet(b"OPEN", b"1")), OK1)
        self.assertEqual(second.ask(packet(b"ISOP", b"1")), NO1)
        self.assertEqual(second.ask(packet(b"OPEN", b"1")), OK1)
        self.assertEqual(first.ask(packet(b"CLOS", b"1")), OK1)
        self.assertEqual(second.ask(packet(b"GRAB", b"1"))[:5], b"02001")

    def test_one_call_a_connection_is_one_client_by_its_address(self):
        self.assertEqual(once(self.port, packet(b"OPEN")), OK)
        self.assertEqual(once(self.port, packet(b"ISOP")), OK)
        self.assertEqual(once(self.port, packet(b"ISOP"), "127.0.0.2"), NO)
        self.assertEqual(once(self.port, setting(RATE, 30.0)), OK)
        self.assertEqual(once(self.port, question(RATE)), number(30.0))
        self.assertEqual(shape(once(self.port, packet(b"GRAB")))[:2], (120, 160))
        self.assertEqual(once(self.port, packet(b"CLOS")), OK)
        self.assertEqual(once(self.port, packet(b"ISOP")), NO)

    def test_a_stuck_client_holds_up_nobody(self):
        stuck = [self.client() for _ in range(10)]
        for client in stuck:
            client.send(b"PING1\0\0\0")
        greedy = self.client()
        greedy.ask(packet(b"OPEN", b"1"))
        greedy.send(packet(b"GRAB", b"1") * 100)  # and reads nothing
        began = time.monotonic()
        self.assertEqual(once(self.port, packet(b"PING")), PONG)
        self.assertLess(time.monotonic() - began, 1)

    def test_every_picture_is_a_new_one(self):
        client = self.client()
        client.ask(packet(b"OPEN", b"1"))
        pictures = [client.ask(packet(b"GRAB", b"1")) for _ in range(10)]
        self.assertEqual(len(set(pictures)), 10)

    def test_twenty_clients_share_one_conversion(self):
        clients = [self.client() for _ in range(20)]
        for client in clients:
            client.ask(packet(b"OPEN", b"1"))
        for _ in range(10):
            for client in clients:
                client.send(packet(b"GRAB", b"1"))
            for client in clients:
                self.assertEqual(client.answer()[:5], b"02001")
        color = self.server.get("/api/v1/cameras/cam").json["streams"][0]
        self.assertLess(color["encodes"], color["frames"] + 40, "one per frame and worker")

    def test_two_hundred_come_ask_and_vanish(self):
        def round_of(count):
            clients = [TcpClient(self.port, f"127.0.0.{2 + i % 50}") for i in range(count)]
            for i, client in enumerate(clients):
                client.send((packet(b"OPEN", b"1") + packet(b"GRAB", b"1"), packet(b"GRAB", b"1") * 3, b"PING1\0",
                             setting(WIDTH, 160.0, b"1"), packet(b"PING", b"1"), b"GET / HT")[i % 6])
            for client in clients[::2]:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
            for client in clients:
                client.close()

        def all_gone():
            return self.server.metrics()["lenswire_connections"] <= 1  # the one that asks
        round_of(200)  # once, so that pools and buffers have their size
        wait_until(all_gone, "the first round has gone")
        descriptors, memory = self.server.descriptors(), self.server.resident_bytes()
        for _ in range(5):
            round_of(200)
            wait_until(all_gone, "the round has gone")
        wait_until(lambda: self.server.descriptors() <= descriptors + 1, "descriptors are back to the start")
        grown = self.server.resident_bytes() - memory
        self.assertLess(grown, 256 << 20 if os.environ.get("LENSWIRE_SANITIZE") else 16 << 20)
        self.assertEqual(once(self.port, packet(b"PING")), PONG)
        print(f"1000 clients came and went: {self.server.descriptors() - descriptors:+} descriptors, {grown >> 10:+} KiB")


class BrokenCamera(DoorTest):
    cameras = ("--camera", "gone=v4l2:/dev/no-such-camera")

    def test_open_says_no_within_a_second(self):
        for _ in range(3):
            began = time.monotonic()
            self.assertEqual(once(self.port, packet(b"OPEN")), NO)
            self.assertLess(time.monotonic() - began, 1)
        self.assertEqual(once(self.port, packet(b"GRAB")), NO)
        self.assertEqual(once(self.port, question(WIDTH)), number(0.0))


class FixedCamera(DoorTest):
    """Pictures from a file: their size can't be set."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cameras = ("--camera", "cam=image:" + write_png(os.path.join(folder.name, "a.png"), 320, 240) + "?fps=30")
        super().setUp()

    def test_it_refuses_another_size(self):
        once(self.port, packet(b"OPEN"))
        self.assertEqual(once(self.port, setting(WIDTH, 640.0)), NO)
        self.assertEqual(once(self.port, setting(WIDTH, 320.0)), OK, "as it is")
        self.assertEqual(once(self.port, setting(RATE, 60.0)), OK)

    def test_blue_comes_first(self):
        once(self.port, packet(b"OPEN"))
        self.assertEqual(shape(once(self.port, packet(b"GRAB"))), (240, 320, 16, bytes((50, 100, 200)) * 320 * 240))


class Flood(DoorTest):
    def test_who_asks_without_end_leaves_room_for_others(self):
        over, begun = threading.Event(), threading.Semaphore(0)

        def ask(talk):
            try:
                while not over.is_set():
                    talk.send(packet(b"PING", b"1") * 2000)
            except OSError:
                pass  # the end of the test

        def listen(talk):
            talk.exactly(1000 * len(PONG1))
            begun.release()
            while talk.socket.recv(1 << 20):
                pass

        talks = [self.client() for _ in range(2)]
        threads = [threading.Thread(target=work, args=(talk,)) for talk in talks for work in (ask, listen)]
        for thread in threads:
            thread.start()
        try:
            self.assertTrue(begun.acquire(timeout=20))
            with TcpClient(self.port) as other:
                for _ in range(3):
                    self.assertEqual(other.ask(packet(b"PING", b"1")), PONG1)
        finally:
            over.set()
            for talk in talks:
                talk.socket.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


class ManyDoors(DoorTest):
    cameras = ("--camera", "left=synthetic:room?size=160x120", "--camera", "right=synthetic:room?size=96x64")
    doors = ("rpiasgige:0=left", "rpiasgige:0=right", "rpiasgige:0=left?stream=depth",
             "rpiasgige:0=left?max-size=100x100")

    def test_one_camera_a_port(self):
        for port in self.server.doors:
            self.assertEqual(once(port, packet(b"OPEN")), OK)
        sizes = [shape(once(port, packet(b"GRAB")))[:3] for port in self.server.doors[:3]]
        self.assertEqual(sizes, [(120, 160, 16), (64, 96, 16), (120, 160, 2)])

    def test_depth_has_sixteen_bits(self):
        port = self.server.doors[2]
        once(port, packet(b"OPEN"))
        rows, columns, _, pixels = shape(once(port, packet(b"GRAB")))
        depth = struct.unpack(f"<{rows * columns}H", pixels)
        self.assertGreater(max(depth), 1000)
        self.assertEqual(once(port, question(FOURCC)), number(float(int.from_bytes(b"Z16 ", "little"))))

    def test_pictures_beyond_the_clients_buffers_are_refused(self):
        port = self.server.doors[3]
        once(port, packet(b"OPEN"))
        self.assertEqual(once(port, packet(b"GRAB")), NO)

    def test_bad_options_are_named(self):
        from server_process import lenswire
        for door, word in (("rpiasgige:0=left?colour=1", "stream, max-size"), ("rpiasgige:0=middle", "left"),
                           ("rpiasgige:0?max-size=big", "WIDTHxHEIGHT")):
            result = lenswire("serve", "--listen", "127.0.0.1:0", *self.cameras, "--door", door)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn(word, result.stderr)


@unittest.skipUnless(shutil.which("nc"), "no netcat here")
class Netcat(DoorTest):
    def nc(self, request):
        return subprocess.run(["nc", "-N", "127.0.0.1", str(self.port)], input=request + b"\n", capture_output=True,
                              timeout=20).stdout

    def test_the_readmes_one_liners(self):
        self.assertEqual(self.nc(packet(b"PING")), PONG)
        self.assertEqual(self.nc(packet(b"OPEN")), OK)
        self.assertEqual(self.nc(packet(b"ISOP")), OK)
        for property_id, value in ((WIDTH, 320.0), (HEIGHT, 240.0), (BUFFERS, 1.0), (RATE, 60.0), (RATE, 120.0),
                                   (FOURCC, MJPG)):
            self.assertEqual(self.nc(setting(property_id, value)), OK, property_id)
            self.assertEqual(self.nc(question(property_id)), number(value))
        self.assertEqual(self.nc(setting(AUTOFOCUS, 0.0)), NO, "this camera has no focus")
        self.assertEqual(shape(self.nc(packet(b"GRAB")))[:3], (240, 320, 16))
        self.assertEqual(self.nc(packet(b"CLOS")), OK)
        self.assertEqual(self.nc(packet(b"ISOP")), NO)


if __name__ == "__main__":
    unittest.main()
