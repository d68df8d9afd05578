#!/usr/bin/python3
"""A hundred clients, of which some stall and some vanish: the others lose nothing, memory stays bounded,
the stalled are cut, SIGTERM works in the middle of it, and no descriptor is left.

Environment: LENSWIRE_BINARY, the program to test."""

import os
import pathlib
import re
import selectors
import socket
import struct
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from server_process import ServerProcess, lwp, wait_until  # noqa: E402

GOOD, STALLED, VANISHING = 85, 10, 5
RATE = 10
MIB = 1 << 20
# A sanitizer keeps freed memory on purpose.
SANITIZED = bool(os.environ.get("LENSWIRE_SANITIZE"))


def reset(peer):
    """Closes with RST, as a machine that lost its power and came back would answer."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


class Client:
    """A connection whose frames are counted as they come. Keeps no bytes of a picture."""

    def __init__(self, server, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", server.port))
        self.buffer = bytearray()
        self.sequences = []
        self.missed = []
        self.ended = False

    def on_readable(self):
        data = self.socket.recv(1 << 20)
        if not data:
            self.ended = True
            return
        self.buffer += data
        while self.take():
            pass


class HttpClient(Client):
    HEAD = re.compile(rb"Content-Length: (\d+)\r\nX-Timestamp: [\d.]+\r\nX-Sequence: (\d+)\r\n(?:X-[^\r]*\r\n)*\r\n")

    def __init__(self, server, **options):
        super().__init__(server, **options)
        self.socket.sendall(f"GET /cameras/ball/color.mjpeg?policy=every HTTP/1.1\r\nHost: {server.address}\r\n\r\n".encode())

    def take(self):
        found = self.HEAD.search(self.buffer)
        if not found:
            return False
        end = found.end() + int(found.group(1)) + 2
        if len(self.buffer) < end:
            return False
        if self.buffer[found.end() : found.end() + 2] != b"\xff\xd8" or self.buffer[end - 4 : end] != b"\xff\xd9\r\n":
            raise AssertionError("a part is not what its Content-Length says")
        self.sequences.append(int(found.group(2)))
        del self.buffer[:end]
        return True


class NativeClient(Client):
    def __init__(self, server, window_frames=2, **options):
        super().__init__(server, **options)
        self.subscription = None
        wish = {"op": "subscribe", "camera": "ball", "stream": "color", "codec": "jpeg", "policy": "every",
                "queue_frames": 64, "window_frames": window_frames}
        self.socket.sendall(lwp.make_message(lwp.HELLO, payload=lwp.cbor_encode({"versions": [1, 1], "client": "load"})) +
                            lwp.make_message(lwp.REQUEST, 1, payload=lwp.cbor_encode(wish)))

    def take(self):
        if len(self.buffer) < lwp.PREFIX.size:
            return False
        _, _, kind, extensions, payload, _ = lwp.PREFIX.unpack_from(self.buffer)
        end = lwp.PREFIX.size + extensions + payload
        if len(self.buffer) < end:
            return False
        message = lwp.parse_message(bytes(self.buffer[:end]))
        del self.buffer[:end]
        if kind == lwp.BYE:
            self.ended = True
        if kind == lwp.REPLY:
            reply = lwp.cbor_decode(message.payload)
            if reply.get("ok") is not True:
                raise AssertionError(f"refused: {reply}")
            self.subscription = reply["subscription"]
        if kind == lwp.FRAME_TYPE:
            frame = lwp.parse_frame(message)
            self.sequences.append(frame.sequence)
            if len(self.sequences) > 1:
                self.missed += frame.missed
            acknowledged = struct.pack("<Q", len(self.sequences))
            self.socket.sendall(lwp.make_message(lwp.ACK, self.subscription, [(lwp.EXT_ACK, acknowledged)]))
        return True


class Crowd:
    """Reads all its clients in one thread."""

    def __init__(self, clients):
        self.clients = clients
        self._selector = selectors.DefaultSelector()
        for client in clients:
            self._selector.register(client.socket, selectors.EVENT_READ, client)
        self._stop = False
        self.error = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        try:
            while not self._stop:
                for key, _ in self._selector.select(0.1):
                    key.data.on_readable()
                    if key.data.ended:
                        self._selector.unregister(key.fileobj)
        except Exception as error:  # shown by the test, on its own thread
            self.error = error

    def least(self):
        if self.error:
            raise self.error
        return min(len(client.sequences) for client in self.clients)

    def stop(self):
        self._stop = True
        self._thread.join()
        self._selector.close()
        if self.error:
            raise self.error


def stalled_clients(server, count):
    """Both kinds. They never read a byte, their receive buffer is small, and the native ones ask for more than it
    holds: with a smaller window the server would have nothing to send and no reason to cut them."""
    return [NativeClient(server, window_frames=64, receive_buffer=4096) if i % 2 else HttpClient(server, receive_buffer=4096)
            for i in range(count)]


class Load(unittest.TestCase):
    def assert_complete(self, client):
        got = client.sequences
        self.assertEqual(got, list(range(got[0], got[0] + len(got))), "every frame, in order, once")
        self.assertEqual(client.missed, [])

    def crowd(self, clients):
        crowd = Crowd(clients)
        self.addCleanup(lambda: [client.socket.close() for client in clients])
        self.addCleanup(crowd.stop)
        return crowd

    def test_stalled_and_vanished_clients_hurt_nobody(self):
        # 3 MB each before encoding: whoever kept those for a stalled client would be seen in the memory.
        server = ServerProcess("--camera", f"ball=synthetic:ball?size=1000x1000&fps={RATE}", "--io-threads", 2)
        self.addCleanup(server.kill)
        good = [(HttpClient, NativeClient)[i % 2](server) for i in range(GOOD)]
        crowd = self.crowd(good)
        wait_until(lambda: crowd.least() >= 2, "every good client has frames")
        before = server.resident_bytes()

        stalled = stalled_clients(server, STALLED)
        vanishing = [(HttpClient, NativeClient)[i % 2](server) for i in range(VANISHING)]
        self.addCleanup(lambda: [client.socket.close() for client in stalled])
        wait_until(lambda: server.metrics()["lenswire_connections"] >= 100, "a hundred clients at once")
        for number, client in enumerate(vanishing):
            client.socket.recv(1 << 16)
            if number < 3:
                reset(client.socket)
            else:
                client.socket.close()
        vanishing.clear()
        wait_until(lambda: server.metrics()["lenswire_connections"] <= GOOD + STALLED + 1, "the vanished are noticed")

        most = before
        stall_began = time.monotonic()

        def cut():
            nonlocal most
            most = max(most, server.resident_bytes())
            return server.metrics()["lenswire_slow_clients_cut_total"] >= STALLED

        wait_until(cut, "the stalled are cut", 40)
        waited = time.monotonic() - stall_began
        print(f"\n{GOOD} good, {STALLED} stalled: cut after {waited:.1f} s, "
              f"{(most - before) / STALLED / 1024:.0f} KiB more for each stalled client", file=sys.stderr)
        self.assertGreater(waited, 8, "ten seconds of grace")
        if not SANITIZED:
            self.assertLess((most - before) / STALLED, 1.5 * MIB)
        wait_until(lambda: server.metrics()["lenswire_connections"] <= GOOD + 1, "they are gone")

        have = crowd.least()
        wait_until(lambda: crowd.least() >= have + RATE, "frames go on")
        for client in good:
            self.assertFalse(client.ended)
            self.assert_complete(client)
        took = server.stop()
        print(f"SIGTERM with {GOOD} clients: exit 0 after {took:.2f} s", file=sys.stderr)
        self.assertLess(took, 2.0)
        wait_until(lambda: all(client.ended for client in good), "every client sees the end")

    def test_sigterm_while_clients_stall(self):
        with ServerProcess("--camera", f"ball=synthetic:ball?size=1000x1000&fps={RATE}", stop_limit=2.0) as server:
            stalled = stalled_clients(server, 20)
            self.addCleanup(lambda: [client.socket.close() for client in stalled])
            wait_until(lambda: server.metrics()["lenswire_frames_sent_total"] >= 20, "their buffers fill")

    def test_no_descriptor_is_left(self):
        with ServerProcess("--camera", "ball=synthetic:ball?size=100x100&fps=30", "--linger", 600) as server:
            server.get("/cameras/ball/color.jpg")
            start = server.descriptors()

            def visit(number):
                if number % 5 == 0:
                    reset(HttpClient(server).socket)
                elif number % 5 == 1:
                    client = NativeClient(server)
                    client.socket.recv(1000)
                    client.socket.close()
                elif number % 5 == 2:
                    server.connect().close()
                elif number % 5 == 3:
                    self.assertEqual(server.get("/healthz").status, 200)
                else:
                    client = HttpClient(server)
                    while not client.sequences:
                        client.on_readable()
                    client.socket.close()

            for number in range(60):
                visit(number)
            wait_until(lambda: server.descriptors() <= start, "all are closed")
            warm = server.resident_bytes()
            for number in range(300):
                visit(number)
            wait_until(lambda: server.descriptors() <= start, "all are closed")
            if not SANITIZED:
                self.assertLess(server.resident_bytes() - warm, MIB)


if __name__ == "__main__":
    unittest.main()
