"""The rpiasgige door over WebSocket, asked by Debian's python3-websocket."""

import os
import socket
import struct
import time
import unittest

try:
    import websocket
except ImportError:
    websocket = None

from rpiasgige_client import (
    BRIGHTNESS, FOURCC, HEIGHT, MJPG, WIDTH, DoorProcess, TcpClient, number, once, packet, question, setting, shape)
from server_process import wait_until


@unittest.skipUnless(websocket, "no python3-websocket here")
class WebSocketTest(unittest.TestCase):
    cameras = ("--camera", "cam=synthetic:room?size=160x120")

    def setUp(self):
        self.server = DoorProcess(*self.cameras)
        self.addCleanup(self.server.stop)
        self.port = self.server.doors[0]

    def connect(self, path="/", **options):
        client = websocket.create_connection(f"ws://127.0.0.1:{self.port}{path}", timeout=20, **options)
        self.addCleanup(client.close)
        return client

    @staticmethod
    def ask(client, request):
        client.send_binary(request)
        code, answer = client.recv_data()
        assert code == websocket.ABNF.OPCODE_BINARY, code
        return answer


class Commands(WebSocketTest):
    def test_every_request_of_the_table(self):
        client = self.connect("/any/path?and=query")
        ask = lambda request: self.ask(client, request)
        self.assertEqual(ask(packet(b"PING")), packet(b"PONG"))
        self.assertEqual(ask(packet(b"ISOP")), packet(b"NOPE"))
        self.assertEqual(ask(packet(b"GRAB")), packet(b"NOPE"))
        self.assertEqual(ask(setting(WIDTH, 320.0)), packet(b"NOPE"))
        self.assertEqual(ask(packet(b"OPEN")), packet(b"0200"))
        self.assertEqual(ask(packet(b"ISOP")), packet(b"0200"))
        self.assertEqual(ask(setting(WIDTH, 320.0)), packet(b"0200"))
        self.assertEqual(ask(setting(HEIGHT, 240.0)), packet(b"0200"))
        self.assertEqual(ask(setting(FOURCC, MJPG)), packet(b"0200"))
        self.assertEqual(ask(question(WIDTH)), number(320.0))
        self.assertEqual(ask(question(FOURCC)), number(MJPG))
        self.assertEqual(shape(ask(packet(b"GRAB", b"1")))[:3], (240, 320, 16))
        self.assertEqual(ask(packet(b"CLOS")), packet(b"0200"))
        self.assertEqual(ask(packet(b"ISOP")), packet(b"NOPE"))

    def test_the_keep_alive_character_is_echoed_and_closes_nothing(self):
        client = self.connect()
        for keep in (b"0", b"1", b"z", b"\0", b"\xff"):
            self.assertEqual(self.ask(client, packet(b"PING", keep)), packet(b"PONG", keep))

    def test_the_messages_length_counts(self):
        client = self.connect()
        self.ask(client, packet(b"OPEN"))
        data = struct.pack("<id", WIDTH, 320.0)
        self.assertEqual(self.ask(client, packet(b"SET0", data=data, size=0)), packet(b"0200"))
        self.assertEqual(self.ask(client, packet(b"SET0", data=data[:4], size=12)), packet(b"0400"))
        self.assertEqual(self.ask(client, packet(b"GET0", size=4)), packet(b"0400"))
        self.assertEqual(self.ask(client, packet(b"FOO0", b"1")), packet(b"0404", b"1"))

    def test_messages_shorter_than_a_header(self):
        client = self.connect()
        for length in range(9):
            keep = b"z" if length > 4 else b"0"
            self.assertEqual(self.ask(client, packet(b"PING", b"z")[:length]), packet(b"0400", keep), length)
        self.assertEqual(self.ask(client, packet(b"PING")), packet(b"PONG"))

    def test_text_is_taken_and_answered_in_binary(self):
        client = self.connect()
        client.send(packet(b"PING").decode("latin-1"))
        self.assertEqual(client.recv_data(), (websocket.ABNF.OPCODE_BINARY, packet(b"PONG")))

    def test_ping_pong_and_close(self):
        client = self.connect()
        client.ping(b"x")
        self.assertEqual(client.recv_data(control_frame=True), (websocket.ABNF.OPCODE_PONG, b"x"))
        client.send_close(1000)
        code, reason = client.recv_data(control_frame=True)
        self.assertEqual((code, reason[:2]), (websocket.ABNF.OPCODE_CLOSE, b"\x03\xe8"))

    def test_requests_sent_ahead_are_answered_in_order(self):
        client = self.connect()
        for i in range(40):
            client.send_binary(packet(b"PING", bytes([i])))
        for i in range(40):
            self.assertEqual(client.recv(), packet(b"PONG", bytes([i])))

    def test_who_sends_ahead_without_end_is_shown_out(self):
        client = self.connect()
        with self.assertRaises((websocket.WebSocketException, OSError)):
            self.ask(client, packet(b"OPEN"))
            while True:
                client.send_binary(packet(b"GRAB"))

    def test_a_message_beyond_all_reason_ends_the_connection(self):
        client = self.connect()
        # The end shows as a close frame or as a reset, whichever comes first.
        try:
            client.send_binary(bytes(2 << 20))
            code, _ = client.recv_data(control_frame=True)
            self.assertEqual(code, websocket.ABNF.OPCODE_CLOSE)
        except websocket.WebSocketTimeoutException:
            self.fail("the connection stays open after a message beyond all reason")
        except (websocket.WebSocketException, OSError):
            pass
        self.assertEqual(self.ask(self.connect(), packet(b"PING")), packet(b"PONG"))

    def test_a_burst_of_settings_is_no_reason_to_refuse_one(self):
        client = self.connect()
        self.ask(client, packet(b"OPEN"))
        answers = {self.ask(client, setting(BRIGHTNESS, 5.0))[:4] for _ in range(60)}
        self.assertEqual(answers, {b"NOPE"}, "no such control; the camera takes 20 calls a second")

    def test_silence_of_more_than_three_seconds_is_no_offence(self):
        client = self.connect()
        end = time.monotonic() + 4
        wait_until(lambda: time.monotonic() > end, "four seconds")
        self.assertEqual(self.ask(client, packet(b"PING")), packet(b"PONG"))


class Doorkeeping(WebSocketTest):
    def test_both_generations_use_one_port_at_once(self):
        web = self.connect()
        self.assertEqual(self.ask(web, packet(b"OPEN")), packet(b"0200"))
        with TcpClient(self.port, "127.0.0.2") as bare:
            self.assertEqual(bare.ask(question(WIDTH, b"1")), number(0.0, b"1"))  # GET0 is no GET
            bare.ask(packet(b"OPEN", b"1"))
            self.assertEqual(shape(bare.ask(packet(b"GRAB", b"1")))[:2], (120, 160))
        self.assertEqual(shape(self.ask(web, packet(b"GRAB")))[:2], (120, 160))

    def test_pages_of_other_places_stay_out(self):
        for options in ({"origin": "http://evil.example"}, {"host": "evil.example"}):
            with self.assertRaises(websocket.WebSocketBadStatusException) as raised:
                self.connect(**options)
            self.assertIn(raised.exception.status_code, (403, 421))

    def test_other_http_is_told_what_this_is(self):
        for request, status in ((b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"426"),
                                (b"GET nonsense\r\n\r\n", b"400"), (b"GET /\0 HTTP/1.1\r\n\r\n", b"400")):
            self.assertEqual(once(self.port, request).split(b" ")[1], status, request)

    def test_a_handshake_that_never_ends_is_ended(self):
        with socket.create_connection(("127.0.0.1", self.port), 30) as slow:
            slow.sendall(b"GET / HTTP/1.1\r\nUpgrade: webs")
            self.assertEqual(slow.recv(100), b"")

    def test_a_handshake_that_comes_letter_by_letter_is_ended(self):
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.port), 30) as slow:
            slow.sendall(b"GET / HTTP/1.1\r\nUpgrade: ")
            slow.settimeout(0.5)
            while True:
                try:
                    slow.sendall(b"w")
                    self.assertEqual(slow.recv(100), b"")
                    break
                except TimeoutError:
                    self.assertLess(time.monotonic() - began, 20)
                except ConnectionError:
                    break

    def test_two_hundred_come_ask_and_vanish(self):
        def round_of(count):
            clients = [websocket.create_connection(f"ws://127.0.0.1:{self.port}", timeout=20) for _ in range(count)]
            for i, client in enumerate(clients):
                client.send_binary((packet(b"OPEN"), packet(b"GRAB"), packet(b"PING"))[i % 3])
            for client in clients:
                client.sock.close()

        def all_gone():
            return self.server.metrics()["lenswire_connections"] <= 1
        round_of(200)  # once, so that pools and buffers have their size
        wait_until(all_gone, "the first round has gone")
        descriptors, memory = self.server.descriptors(), self.server.resident_bytes()
        for _ in range(3):
            round_of(200)
            wait_until(all_gone, "the round has gone")
        wait_until(lambda: self.server.descriptors() <= descriptors + 1, "descriptors are back to the start")
        self.assertLess(self.server.resident_bytes() - memory, 256 << 20 if os.environ.get("LENSWIRE_SANITIZE") else 16 << 20)


@unittest.skipUnless(websocket, "no python3-websocket here")
class SlowLink(WebSocketTest):
    cameras = ("--camera", "cam=synthetic:room?size=1920x1080")

    def test_a_picture_that_takes_longer_than_the_patience_with_the_stuck_comes_whole(self):
        client = self.connect(sockopt=((socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10),))
        self.ask(client, packet(b"OPEN"))
        client.send_binary(packet(b"GRAB"))
        taken = b""
        began = time.monotonic()
        while time.monotonic() - began < 13:
            taken += client.sock.recv(16 << 10)
            time.sleep(0.1)  # the slow link
        size = 9 + 12 + 1920 * 1080 * 3
        while len(taken) < 10 + size:
            got = client.sock.recv(1 << 20)
            self.assertTrue(got, f"closed after {len(taken)} bytes")
            taken += got
        self.assertEqual(shape(taken[10:])[:3], (1080, 1920, 16))


@unittest.skipUnless(websocket, "no python3-websocket here")
class BrokenCamera(WebSocketTest):
    cameras = ("--camera", "gone=v4l2:/dev/no-such-camera")

    def test_open_says_no_within_a_second(self):
        began = time.monotonic()
        self.assertEqual(self.ask(self.connect(), packet(b"OPEN")), packet(b"NOPE"))
        self.assertLess(time.monotonic() - began, 1)


@unittest.skipUnless(websocket, "no python3-websocket here")
class SlowCamera(WebSocketTest):
    """One that takes for ever to open: a remote server that accepts and says nothing."""

    def setUp(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        self.cameras = ("--camera", f"cam=lenswire://127.0.0.1:{silent.getsockname()[1]}/cam")
        super().setUp()

    def test_open_says_time_within_a_second(self):
        client = self.connect()
        for _ in range(2):
            began = time.monotonic()
            self.assertEqual(self.ask(client, packet(b"OPEN", b"1")), packet(b"TIME", b"1"))
            self.assertLess(time.monotonic() - began, 2, "0.9 s, on an idle machine")
        self.assertEqual(self.ask(client, packet(b"ISOP", b"1")), packet(b"NOPE", b"1"))
        self.assertEqual(once(self.port, packet(b"OPEN")), packet(b"NOPE"), "over TCP there is no TIME")


if __name__ == "__main__":
    unittest.main()
