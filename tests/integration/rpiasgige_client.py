"""A client of rpiasgige servers, written from the protocol's notes: packets over TCP and WebSocket, nothing hidden."""

import os
import re
import socket
import struct
import zlib

from server_process import ServerProcess, wait_until

WIDTH, HEIGHT, RATE, FOURCC, BRIGHTNESS, FOCUS, BUFFERS, AUTOFOCUS = 3, 4, 5, 6, 10, 28, 38, 39
MJPG = float(int.from_bytes(b"MJPG", "little"))


def packet(command, keep=b"0", data=b"", size=None):
    return command + keep + struct.pack("<i", len(data) if size is None else size) + data


def setting(property_id, value, keep=b"0"):
    return packet(b"SET0", keep, struct.pack("<id", property_id, value))


def question(property_id, keep=b"0"):
    return packet(b"GET0", keep, struct.pack("<i", property_id))


def number(value, keep=b"0"):
    """The answer to question()."""
    return packet(b"0200", keep, struct.pack("<d", value))


class DoorProcess(ServerProcess):
    """A server with doors; `doors` are their ports."""

    def __init__(self, *arguments, doors=("rpiasgige:0",), **options):
        super().__init__(*arguments, *(part for door in doors for part in ("--door", door)), **options)
        self.doors = wait_until(lambda: self._ports(len(doors)), "the doors say where they are")

    def _ports(self, count):
        found = re.findall(r"^lenswire: door open on 127\.0\.0\.1:(\d+)$", self.log, re.MULTILINE)
        return [int(port) for port in found] if len(found) == count else None


class TcpClient:
    """One TCP conversation."""

    def __init__(self, port, source="127.0.0.1", timeout=20.0):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout, (source, 0))

    def send(self, data):
        self.socket.sendall(data)

    def answer(self):
        """One whole packet."""
        head = self.exactly(9)
        return head + self.exactly(struct.unpack("<i", head[5:])[0])

    def exactly(self, count):
        out = bytearray()
        while len(out) < count:
            got = self.socket.recv(count - len(out))
            if not got:
                raise ConnectionError(f"closed after {bytes(out[:40])!r}")
            out += got
        return bytes(out)

    def ask(self, request):
        self.send(request)
        return self.answer()

    def rest(self):
        """All that comes until the server closes."""
        out = bytearray()
        while got := self.socket.recv(65536):
            out += got
        return bytes(out)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def once(port, request, source="127.0.0.1"):
    """The whole conversation of one request, to its end."""
    with TcpClient(port, source) as client:
        client.send(request)
        return client.rest()


def shape(answer):
    """(rows, columns, type, pixels) of a GRAB's answer."""
    assert answer[:4] == b"0200", answer[:40]
    rows, columns, kind = struct.unpack("<iii", answer[9:21])
    return rows, columns, kind, answer[21:]


def write_png(path, width, height):
    """A picture with a colour that shows the order of channels: red 200, green 100, blue 50."""
    row = b"\0" + bytes((200, 100, 50)) * width
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    with open(path, "wb") as out:
        out.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
                  + chunk(b"IDAT", zlib.compress(row * height)) + chunk(b"IEND", b""))
    return os.fspath(path)
