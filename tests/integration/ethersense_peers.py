"""EtherSense peers written from the protocol's description: the original viewer with its habits, and original servers.

They share no code with the C++."""

import pickle
import re
import select
import socket
import struct
import threading
import time

import numpy as np

PING = b"EtherSensePing"


class Broken(Exception):
    """The original viewer would have thrown, and closed the connection."""


class FrameReader:
    """One connection of the original viewer. It never blocks, and believes that a whole header and some payload are
    there whenever the socket becomes readable between two frames."""

    def __init__(self, connection, loads=pickle.loads):
        self.connection = connection
        self.connection.setblocking(False)
        self._loads = loads
        self._remaining = 0
        self._buffer = b""
        self._timestamp = None

    def _recv(self, size):
        try:
            data = self.connection.recv(size)
        except BlockingIOError:
            raise Broken(f"nothing to read where {size} bytes were expected") from None
        return data

    def read_some(self):
        """One readable event: (timestamp, array, payload) once a frame is whole, else nothing."""
        if self._remaining == 0:
            length = self._recv(4)
            if not length:
                raise EOFError
            stamp = self._recv(8)
            if len(length) != 4 or len(stamp) != 8:
                raise Broken(f"a header in pieces: {length!r} {stamp!r}")
            (self._remaining,) = struct.unpack("<I", length)
            (self._timestamp,) = struct.unpack("<d", stamp)
        data = self._recv(self._remaining)
        if not data:
            raise EOFError
        self._buffer += data
        self._remaining -= len(data)
        if self._remaining:
            return None
        payload, self._buffer = self._buffer, b""
        return self._timestamp, self._loads(payload), payload

    def frame(self, limit=20.0):
        end = time.monotonic() + limit
        while True:
            if not select.select([self.connection], [], [], max(0.0, end - time.monotonic()))[0]:
                raise AssertionError(f"no frame within {limit} s")
            whole = self.read_some()
            if whole:
                return whole

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Viewer:
    """Pings a server, listens where it will call back."""

    def __init__(self, port, ping_port, address="127.0.0.1", listen=True):
        self.address = address
        self._ping_port = ping_port
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((address, 0))
        if listen:
            self.listen()

    def listen(self):
        self.listener.listen(10)

    def ping(self, data=PING, host="127.0.0.1"):
        self._udp.sendto(data, (host, self._ping_port))

    def accept(self, limit=20.0):
        self.listener.settimeout(limit)
        connection, _ = self.listener.accept()
        return FrameReader(connection)

    def called_within(self, seconds):
        return bool(select.select([self.listener], [], [], seconds)[0])

    def connect(self, limit=20.0):
        """Pings until the server calls, as a patient user would."""
        end = time.monotonic() + limit
        while True:
            self.ping()
            if self.called_within(min(2.0, max(0.0, end - time.monotonic()))):
                return self.accept()
            if time.monotonic() > end:
                raise AssertionError(f"{self.address}: nobody has called within {limit} s")

    def close(self):
        self.listener.close()
        self._udp.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def python2_pickle(array):
    """Protocol 0 as Python 2's pickle writes a uint16 or uint8 picture."""
    text = []
    data = array.tobytes()
    quote = '"' if b"'" in data and b'"' not in data else "'"
    for byte in data:
        character = chr(byte)
        if character == "\\" or character == quote:
            text.append("\\" + character)
        elif character in "\n\r\t":
            text.append({"\n": "\\n", "\r": "\\r", "\t": "\\t"}[character])
        elif 0x20 <= byte < 0x7F:
            text.append(character)
        else:
            text.append(f"\\x{byte:02x}")
    rows, columns = array.shape
    code, order = ("u2", "<") if array.itemsize == 2 else ("u1", "|")
    return (
        "cnumpy.core.multiarray\n_reconstruct\np0\n(cnumpy\nndarray\np1\n(I0\ntp2\nS'b'\np3\ntp4\nRp5\n"
        f"(I1\n(L{rows}L\nI{columns}\ntp6\ncnumpy\ndtype\np7\n(S'{code}'\np8\nI0\nI1\ntp9\nRp10\n(I3\nS'{order}'\n"
        f"p11\nNNNI-1\nI-1\nI0\ntp12\nbI00\nS{quote}{''.join(text)}{quote}\np13\ntp14\nb."
    ).encode()


def python3_pickle(protocol):
    return lambda array: pickle.dumps(array, protocol=protocol)


def frame_bytes(payload, timestamp_ms):
    return struct.pack("<Id", len(payload), timestamp_ms) + payload


class OriginalServer:
    """An original server on a loopback address of its own: one thread, one viewer, and a second ping kills it."""

    def __init__(self, address, ping_port, viewer_port, dump, shape=(12, 16), frames=None, head_start=0.0):
        self.address = address
        self._viewer_port = viewer_port
        self._dump = dump
        self._shape = shape
        self._frames = frames
        self._head_start = head_start
        self.pings = []
        self.dead = False
        self.connections = 0
        self.sent = 0
        self._stop = threading.Event()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((address, ping_port))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def picture(self, number):
        rows, columns = self._shape
        return (np.arange(rows * columns, dtype="u4") * 37 + number * 1009).astype("u2").reshape(rows, columns)

    def _take_ping(self, timeout):
        if not select.select([self._udp], [], [], timeout)[0]:
            return None
        data, source = self._udp.recvfrom(42)
        self.pings.append(data)
        return source[0]

    def _run(self):
        while not self._stop.is_set():
            host = self._take_ping(0.05)
            if host:
                self._serve(host)
                if self.dead:
                    return

    def _serve(self, host):
        # Opening a camera takes its time; a ping that comes meanwhile waits in the socket.
        if self._stop.wait(self._head_start):
            return
        connection = socket.socket()
        try:
            connection.bind((self.address, 0))
            connection.connect((host, self._viewer_port))
            self.connections += 1
            number = 0
            while not self._stop.is_set() and (self._frames is None or number < self._frames):
                if self._take_ping(1 / 60):
                    self.dead = True  # it opens the camera again, which is busy, and exits
                    return
                connection.sendall(frame_bytes(self._dump(self.picture(number)), 1000.25 + number * 33.25))
                number += 1
                self.sent = number
        except OSError:
            pass
        finally:
            connection.close()

    def close(self):
        self._stop.set()
        self._thread.join(5)
        self._udp.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class ReplayServer(OriginalServer):
    """Sends recorded bytes, whatever they are, and then keeps the connection open."""

    def __init__(self, address, ping_port, viewer_port, recording):
        self._recording = recording
        super().__init__(address, ping_port, viewer_port, None)

    def _serve(self, host):
        with socket.socket() as connection:
            connection.bind((self.address, 0))
            connection.connect((host, self._viewer_port))
            self.connections += 1
            # In odd pieces: a segment may end anywhere.
            for at in range(0, len(self._recording), 371):
                connection.sendall(self._recording[at:at + 371])
            while not self._stop.is_set():
                if self._take_ping(0.05):
                    self.dead = True
                    return


def recorded_stream(path):
    """The bytes that the server sent on its first connection, from a dump."""
    data = b""
    within = False
    for line in path.read_text().splitlines():
        if line.startswith("["):
            if data:
                break
            within = "127.0.0.1:1024" in line and "bytes in" in line and "udp" not in line
        elif within and (found := re.match(r"^ {4}[0-9a-f]{6}  ((?:[0-9a-f]{2} ){1,15}[0-9a-f]{2}|[0-9a-f]{2})", line)):
            data += bytes.fromhex(found.group(1))
    return data


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("0.0.0.0", 0))
        return probe.getsockname()[1]


def raw_socket(test):
    """A socket for packets with a source of one's choice; needs root."""
    try:
        return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    except PermissionError:
        test.skipTest("only root may forge packets")


def udp_packet(source, destination, port, data):
    """An IPv4 packet with a source of one's choice; the kernel fills in its checksum."""
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28 + len(data), 0, 0, 64, 17, 0, socket.inet_aton(source),
                       socket.inet_aton(destination))
    return head + struct.pack(">HHHH", 5000, port, 8 + len(data), 0) + data
