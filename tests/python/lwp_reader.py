#!/usr/bin/python3
"""An independent reader of lenswire's native protocol.

Written from docs/protocol.md alone: it shares no code with the C++ and needs nothing but Python's
standard library and numpy. Use it as a module, or as a command:

    lwp_reader.py HOST:PORT CAMERA STREAM [--frames N] [--out DIR] [--codec raw|png] [--ws]
"""

import argparse
import base64
import dataclasses
import hashlib
import json
import os
import pathlib
import socket
import struct
import sys
import time
import zlib

import numpy as np

MAGIC = b"\x89LWP"
VERSION = 1
PREFIX = struct.Struct("<4sBBHII")
FRAME = struct.Struct("<QqqqIBBBBIIIIQQ")

HELLO, WELCOME, REQUEST, REPLY, EVENT, FRAME_TYPE, ACK, PULL = range(1, 9)
TIME_REQUEST, TIME_REPLY, BYE, FRAGMENT = range(9, 13)
EXT_FRAME, EXT_MISSED, EXT_REGION, EXT_DEVICE_TIME = 1, 2, 3, 4
EXT_ACK, EXT_PULL, EXT_TIME = 16, 17, 18

CODECS = {0: "raw", 1: "jpeg", 2: "png", 3: "strata", 4: "rvl", 5: "json"}
KINDS = {0: "color", 1: "depth", 2: "infrared", 3: "points", 4: "skeleton", 5: "motion"}
REASONS = {1: "slow_client", 2: "encoder_busy", 3: "source_gap", 4: "rate_limit", 5: "server_busy"}
MAX_FRAME_MESSAGE = 257 << 20
MAX_CONTROL_PAYLOAD = 1 << 20
MAX_NESTING = 32


class ProtocolError(Exception):
    """The server broke the protocol."""


class Refused(Exception):
    """The server said no; `code` is one of section 6."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


# --- CBOR (RFC 8949): definite lengths, text keys -------------------------------------------------


def cbor_encode(value):
    if value is None:
        return b"\xf6"
    if value is True:
        return b"\xf5"
    if value is False:
        return b"\xf4"
    if isinstance(value, int):
        return _cbor_head(0, value) if value >= 0 else _cbor_head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, str):
        data = value.encode()
        return _cbor_head(3, len(data)) + data
    if isinstance(value, (list, tuple)):
        return _cbor_head(4, len(value)) + b"".join(cbor_encode(item) for item in value)
    if isinstance(value, dict):
        pairs = b"".join(cbor_encode(k) + cbor_encode(v) for k, v in value.items())
        return _cbor_head(5, len(value)) + pairs
    raise TypeError(f"no CBOR for {type(value).__name__}")


def _cbor_head(major, argument):
    if argument < 24:
        return bytes([major << 5 | argument])
    for low_bits, code, limit in ((24, ">B", 1 << 8), (25, ">H", 1 << 16), (26, ">I", 1 << 32)):
        if argument < limit:
            return bytes([major << 5 | low_bits]) + struct.pack(code, argument)
    return bytes([major << 5 | 27]) + struct.pack(">Q", argument)


def cbor_decode(data):
    value, end = _cbor_item(data, 0, 0)
    if end != len(data):
        raise ProtocolError("bytes after the CBOR item")
    return value


def _cbor_item(data, at, depth):
    if depth >= MAX_NESTING:
        raise ProtocolError("CBOR nested too deep")
    if at >= len(data):
        raise ProtocolError("CBOR cut short")
    major, low_bits = data[at] >> 5, data[at] & 31
    at += 1
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(low_bits, 0)
    if low_bits > 27 or at + size > len(data):
        raise ProtocolError("CBOR of indefinite length, or cut short")
    raw = data[at : at + size]
    argument = int.from_bytes(raw, "big") if size else low_bits
    at += size
    if major == 0:
        return argument, at
    if major == 1:
        return -1 - argument, at
    if major in (2, 3):
        if argument > len(data) - at:
            raise ProtocolError("CBOR text longer than the message")
        run = bytes(data[at : at + argument])
        return (run if major == 2 else run.decode("utf-8", "strict")), at + argument
    if major in (4, 5):
        if argument > len(data) - at:
            raise ProtocolError("CBOR list longer than the message")
        items = []
        for _ in range(argument * (2 if major == 5 else 1)):
            item, at = _cbor_item(data, at, depth + 1)
            items.append(item)
        return (dict(zip(items[0::2], items[1::2])) if major == 5 else items), at
    if major == 7:
        if low_bits == 25:
            return struct.unpack(">e", raw)[0], at
        if low_bits == 26:
            return struct.unpack(">f", raw)[0], at
        if low_bits == 27:
            return struct.unpack(">d", raw)[0], at
        if low_bits in (20, 21, 22, 23):
            return {20: False, 21: True}.get(low_bits), at
    raise ProtocolError("a CBOR item that the protocol does not use")


# --- PNG, grey 8 and 16 bit and RGB 8, not interlaced (ISO/IEC 15948) ----------------------------


def png_decode(data):
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ProtocolError("no PNG")
    at, header, packed = 8, None, bytearray()
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        if len(body) != length or at + 12 + length > len(data):
            raise ProtocolError("PNG cut short")
        if zlib.crc32(data[at + 4 : at + 8 + length]) != struct.unpack_from(">I", data, at + 8 + length)[0]:
            raise ProtocolError("PNG checksum")
        if name == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif name == b"IDAT":
            packed += body
        elif name == b"IEND":
            break
        at += 12 + length
    if header is None:
        raise ProtocolError("PNG without a header")
    width, height, bits, colour, _, _, interlaced = header
    channels = {0: 1, 2: 3}.get(colour)
    if channels is None or bits not in (8, 16) or interlaced or width * height > 1 << 26:
        raise ProtocolError("a PNG of a kind this reader does not know")
    step = channels * bits // 8
    stride = width * step
    expected = height * (stride + 1)
    rows = zlib.decompressobj().decompress(bytes(packed), expected)
    if len(rows) != expected:
        raise ProtocolError("PNG with too few pixels")
    rows = np.frombuffer(rows, np.uint8).reshape(height, stride + 1)
    out = np.zeros((height, stride), np.uint8)
    above = np.zeros(stride, np.uint8)
    for y in range(height):
        above = out[y] = _png_unfilter(int(rows[y, 0]), rows[y, 1:], above, step)
    if bits == 16:
        out = out.view(">u2").astype("<u2")
    return out.reshape((height, width) if channels == 1 else (height, width, channels))


def _png_unfilter(kind, row, above, step):
    if kind == 0:
        return row.copy()
    if kind == 2:
        return row + above
    line = row.reshape(-1, step)
    if kind == 1:
        return np.add.accumulate(line, axis=0, dtype=np.uint8).reshape(-1)
    if kind not in (3, 4):
        raise ProtocolError("unknown PNG filter")
    raw, up, out = row.tolist(), above.tolist(), [0] * row.size
    for i, value in enumerate(raw):
        left = out[i - step] if i >= step else 0
        if kind == 3:
            out[i] = (value + (left + up[i]) // 2) & 255
            continue
        corner = up[i - step] if i >= step else 0
        guess = left + up[i] - corner
        by_left, by_up, by_corner = abs(guess - left), abs(guess - up[i]), abs(guess - corner)
        if by_left <= by_up and by_left <= by_corner:
            best = left
        else:
            best = up[i] if by_up <= by_corner else corner
        out[i] = (value + best) & 255
    return np.array(out, np.uint8)


def png_encode_16(pixels):
    """A 16-bit grey PNG, so that the command's output can be opened anywhere."""
    height, width = pixels.shape
    body = pixels.astype(">u2").tobytes()
    rows = b"".join(b"\0" + body[y * width * 2 : (y + 1) * width * 2] for y in range(height))

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows, 1))
        + chunk(b"IEND", b"")
    )


# --- transports ----------------------------------------------------------------------------------


class TcpTransport:
    def __init__(self, host, port, timeout):
        self._socket = socket.create_connection((host, port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        self._socket.sendall(data)

    def read_exactly(self, count):
        """Grows with what arrives, not with what was announced."""
        out = bytearray()
        while len(out) < count:
            piece = self._socket.recv(min(count - len(out), 1 << 20))
            if not piece:
                raise ProtocolError("the server closed the connection")
            out += piece
        return bytes(out)

    def read_message(self):
        """(prefix bytes, rest) of the next message."""
        prefix = self.read_exactly(PREFIX.size)
        _, _, _, extension_bytes, payload_bytes, _ = check_prefix(prefix)
        return prefix + self.read_exactly(extension_bytes + payload_bytes)

    def close(self):
        self._socket.close()


class WebSocketTransport:
    """RFC 6455, client side: one message of the protocol per binary message."""

    def __init__(self, host, port, timeout):
        self._tcp = TcpTransport(host, port, timeout)
        key = base64.b64encode(os.urandom(16)).decode()
        name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._tcp.send(
            (
                f"GET /ws HTTP/1.1\r\nHost: {name}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
            ).encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._tcp.read_exactly(1)
            if len(head) > 32768:
                raise ProtocolError("HTTP head too long")
        lines = head.decode("latin-1").split("\r\n")
        fields = {k.strip().lower(): v.strip() for k, _, v in (l.partition(":") for l in lines[1:])}
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        if " 101 " not in lines[0] or fields.get("sec-websocket-accept") != base64.b64encode(digest).decode():
            raise ProtocolError(f"no WebSocket: {lines[0]}")

    def send(self, data):
        self._send_frame(2, data)

    def _send_frame(self, opcode, data):
        mask = os.urandom(4)
        if len(data) < 126:
            head = bytes([0x80 | opcode, 0x80 | len(data)])
        elif len(data) < 65536:
            head = struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, len(data))
        else:
            head = struct.pack(">BBQ", 0x80 | opcode, 0x80 | 127, len(data))
        masked = bytes(b ^ mask[i % 4] for i, b in enumerate(data))
        self._tcp.send(head + mask + masked)

    def read_message(self):
        message = bytearray()
        while True:
            first, second = self._tcp.read_exactly(2)
            length = second & 0x7F
            if length == 126:
                length = struct.unpack(">H", self._tcp.read_exactly(2))[0]
            elif length == 127:
                length = struct.unpack(">Q", self._tcp.read_exactly(8))[0]
            if second & 0x80 or first & 0x70 or len(message) + length > MAX_FRAME_MESSAGE:
                raise ProtocolError("broken WebSocket frame")
            data = self._tcp.read_exactly(length)
            opcode = first & 0x0F
            if opcode == 8:
                raise ProtocolError("the server closed the WebSocket")
            if opcode == 9:
                self._send_frame(10, data)
            elif opcode in (0, 2):
                message += data
                if first & 0x80:
                    break
            elif opcode != 10:
                raise ProtocolError("a text message where a binary one belongs")
        if len(message) < PREFIX.size:
            raise ProtocolError("message shorter than its prefix")
        _, _, _, extension_bytes, payload_bytes, _ = check_prefix(bytes(message[: PREFIX.size]))
        if len(message) != PREFIX.size + extension_bytes + payload_bytes:
            raise ProtocolError("a WebSocket message is not one message of the protocol")
        return bytes(message)

    def close(self):
        self._tcp.close()


# --- messages ------------------------------------------------------------------------------------


def check_prefix(prefix):
    fields = PREFIX.unpack(prefix)
    magic, version, kind, extension_bytes, payload_bytes, _ = fields
    if magic != MAGIC:
        raise ProtocolError("wrong magic: no lenswire server?")
    if version != VERSION:
        raise ProtocolError(f"the server speaks version {version}, this reader {VERSION}")
    limit = MAX_FRAME_MESSAGE if kind == FRAME_TYPE else MAX_CONTROL_PAYLOAD
    if payload_bytes > limit:
        raise ProtocolError(f"message of {payload_bytes} bytes")
    return fields


def make_message(kind, tag=0, extensions=(), payload=b""):
    area = b"".join(struct.pack("<HH", k, len(v)) + v for k, v in extensions)
    return PREFIX.pack(MAGIC, VERSION, kind, len(area), len(payload), tag) + area + payload


@dataclasses.dataclass
class Message:
    kind: int
    tag: int
    extensions: dict
    payload: bytes


def parse_message(data):
    _, _, kind, extension_bytes, _, tag = check_prefix(data[: PREFIX.size])
    at, end, extensions = PREFIX.size, PREFIX.size + extension_bytes, {}
    while at < end:
        if at + 4 > end:
            raise ProtocolError("extensions do not fill their area")
        name, length = struct.unpack_from("<HH", data, at)
        at += 4
        if at + length > end or name in extensions:
            raise ProtocolError("broken extension")
        extensions[name] = data[at : at + length]
        at += length
    return Message(kind, tag, extensions, data[end:])


@dataclasses.dataclass
class Frame:
    """One frame; `pixels` is None for a codec that this reader does not decode."""

    sequence: int
    capture_time_ns: int
    arrival_time_ns: int
    send_time_ns: int
    capture_uncertainty_ns: int
    timestamp_domain: int
    codec: str
    kind: str
    keyframe: bool
    format: str
    width: int
    height: int
    profile_version: int
    calibration_version: int
    missed: list
    device_time_ns: int
    payload: bytes
    pixels: np.ndarray


JOINTS = ("nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow left_wrist "
          "right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle").split()
SPACES = {0: "none", 1: "depth", 2: "color"}
SKELETON_HEAD = struct.Struct("<BBBBII")
SKELETON_PERSON = struct.Struct("<If")
SKELETON_JOINT = struct.Struct("<6f")


def decode_skeleton(payload):
    """Section 9 as {space, width, height, persons: [{id, confidence, joints: {name: {x_px, ...}}}]}."""
    try:
        version, space, joints, count, width, height = SKELETON_HEAD.unpack_from(payload)
        if version != 1 or joints != len(JOINTS) or space not in SPACES:
            raise ProtocolError("a skeleton of an unknown form")
        at = SKELETON_HEAD.size
        persons = []
        for _ in range(count):
            number, confidence = SKELETON_PERSON.unpack_from(payload, at)
            at += SKELETON_PERSON.size
            person = {"id": number, "confidence": confidence, "joints": {}}
            for name in JOINTS:
                x, y, x_m, y_m, z_m, sure = SKELETON_JOINT.unpack_from(payload, at)
                at += SKELETON_JOINT.size
                position = None if z_m != z_m else (x_m, y_m, z_m)
                person["joints"][name] = {"x_px": x, "y_px": y, "position_m": position, "confidence": sure}
            persons.append(person)
    except struct.error as error:
        raise ProtocolError("a skeleton is cut short") from error
    if at != len(payload):
        raise ProtocolError("a skeleton is too long")
    return {"space": SPACES[space], "width": width, "height": height, "persons": persons}


def decode_pixels(codec, fourcc, width, height, payload):
    if codec == "png":
        pixels = png_decode(payload)
        if pixels.shape[:2] != (height, width):
            raise ProtocolError("the PNG has another size than the frame")
        return pixels
    shapes = {
        "Z16 ": ("<u2", (height, width)),
        "Y16 ": ("<u2", (height, width)),
        "GREY": ("u1", (height, width)),
        "RGB3": ("u1", (height, width, 3)),
        "BGR3": ("u1", (height, width, 3)),
        "YUYV": ("u1", (height, width + width % 2, 2)),
        "UYVY": ("u1", (height, width + width % 2, 2)),
        "XYZF": ("<f4", (height, width, 3)),
    }
    if codec != "raw" or fourcc not in shapes:
        return None
    kind, shape = shapes[fourcc]
    pixels = np.frombuffer(payload, kind)
    if pixels.size != np.prod(shape):
        raise ProtocolError("a raw frame of the wrong size")
    return pixels.reshape(shape)


def parse_frame(message):
    header = message.extensions.get(EXT_FRAME, b"")
    if len(header) < FRAME.size:
        raise ProtocolError("a frame without its header")
    (sequence, capture, arrival, send, uncertainty, domain, codec, kind, flags, fourcc, width, height,
     profile_version, calibration_version, decoded_bytes) = FRAME.unpack(header[: FRAME.size])
    missed = []
    records = message.extensions.get(EXT_MISSED, b"")
    for at in range(0, len(records) // 16 * 16, 16):
        reason, count, first = struct.unpack_from("<B3xIQ", records, at)
        missed.append({"reason": REASONS.get(reason, str(reason)), "count": count, "first_sequence": first})
    device_time = message.extensions.get(EXT_DEVICE_TIME)
    name = struct.pack("<I", fourcc).decode("ascii", "replace")
    codec_name = CODECS.get(codec, str(codec))
    pixels = decode_pixels(codec_name, name, width, height, message.payload)
    if pixels is not None and decoded_bytes != pixels.nbytes:
        raise ProtocolError("decoded_bytes does not fit the picture")
    return Frame(sequence, capture, arrival, send, uncertainty, domain, codec_name,
                 KINDS.get(kind, str(kind)), bool(flags & 1), name, width, height, profile_version,
                 calibration_version, missed,
                 struct.unpack_from("<q", device_time)[0] if device_time else None,
                 message.payload, pixels)


class Reader:
    """One connection. `events` collects what came beside frames and replies."""

    def __init__(self, host, port, token=None, websocket=False, timeout=10.0, transport=None):
        self._transport = transport or (WebSocketTransport if websocket else TcpTransport)(host, port, timeout)
        self._next_id = 0
        self._received = {}
        self._policies = {}
        self._early = []
        self.events = []
        hello = {"versions": [VERSION, VERSION], "client": "lwp_reader.py"}
        if token:
            hello["token"] = token
        self._send(HELLO, payload=cbor_encode(hello))
        message = self._read()
        if message.kind != WELCOME:
            raise ProtocolError("no Welcome")
        self.welcome = cbor_decode(message.payload)

    def _send(self, kind, tag=0, extensions=(), payload=b""):
        self._transport.send(make_message(kind, tag, extensions, payload))

    def _read(self):
        message = parse_message(self._transport.read_message())
        if message.kind == BYE:
            bye = cbor_decode(message.payload)
            raise Refused(bye.get("error", "goodbye"), bye.get("message", ""))
        return message

    def request(self, op, **arguments):
        self._next_id += 1
        self._send(REQUEST, self._next_id, payload=cbor_encode({"op": op, **arguments}))
        while True:
            message = self._read()
            if message.kind == REPLY and message.tag == self._next_id:
                break
            self._keep(message)
        reply = cbor_decode(message.payload)
        if reply.get("ok") is not True:
            raise Refused(reply.get("error", "?"), reply.get("message", ""))
        return reply

    def _keep(self, message):
        if message.kind == FRAME_TYPE:
            self._early.append(message)
        elif message.kind == EVENT:
            self.events.append(cbor_decode(message.payload))

    def cameras(self):
        return self.request("cameras")["cameras"]

    def controls(self, camera):
        return self.request("controls", camera=camera)["controls"]

    def set_controls(self, camera, settings):
        return self.request("set_controls", camera=camera, settings=settings)["controls"]

    def subscribe(self, camera, stream, codec="raw", **settings):
        """The reply: `subscription`, `profile`, `codec`."""
        reply = self.request("subscribe", camera=camera, stream=stream, codec=codec, **settings)
        self._received[reply["subscription"]] = 0
        self._policies[reply["subscription"]] = settings.get("policy", "latest")
        return reply

    def unsubscribe(self, subscription):
        self.request("unsubscribe", subscription=subscription)
        self._received.pop(subscription, None)

    def pull(self, subscription, frames=1):
        self._send(PULL, subscription, [(EXT_PULL, struct.pack("<I", frames))])

    def next(self):
        """(subscription, Frame): the next frame of any subscription, acknowledged."""
        while True:
            message = self._early.pop(0) if self._early else self._read()
            if message.kind != FRAME_TYPE:
                self._keep(message)
                continue
            if message.tag not in self._received:
                continue
            self._received[message.tag] += 1
            if self._policies[message.tag] != "pull":
                acknowledged = struct.pack("<Q", self._received[message.tag])
                self._send(ACK, message.tag, [(EXT_ACK, acknowledged)])
            return message.tag, parse_frame(message)

    def ping(self):
        """(round trip, server's clock minus ours), both in ns."""
        t0 = time.monotonic_ns()
        self._next_id += 1
        self._send(TIME_REQUEST, self._next_id, [(EXT_TIME, struct.pack("<qqq", t0, 0, 0))])
        while True:
            message = self._read()
            if message.kind == TIME_REPLY and message.tag == self._next_id:
                break
            self._keep(message)
        t3 = time.monotonic_ns()
        _, t1, t2 = struct.unpack_from("<qqq", message.extensions[EXT_TIME])
        return (t3 - t0) - (t2 - t1), ((t1 - t0) + (t2 - t3)) // 2

    def close(self):
        try:
            self._send(BYE, payload=cbor_encode({"message": "goodbye"}))
        except OSError:
            pass
        self._transport.close()


# --- command -------------------------------------------------------------------------------------


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Read frames of a lenswire server.")
    parser.add_argument("server", help="HOST:PORT")
    parser.add_argument("camera")
    parser.add_argument("stream")
    parser.add_argument("--frames", type=int, default=1)
    parser.add_argument("--out", help="write depth as 16-bit PNG, all else as it came")
    parser.add_argument("--codec", default="raw")
    parser.add_argument("--policy", default="every")
    parser.add_argument("--ws", action="store_true", help="over WebSocket")
    parser.add_argument("--token-file")
    options = parser.parse_args(arguments)
    host, _, port = options.server.rpartition(":")
    token = pathlib.Path(options.token_file).read_text().split("\n")[0] if options.token_file else None
    reader = Reader(host.strip("[]"), int(port), token, options.ws)
    subscription = reader.subscribe(options.camera, options.stream, options.codec, policy=options.policy)
    folder = pathlib.Path(options.out) if options.out else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    for _ in range(options.frames):
        _, frame = reader.next()
        line = {k: v for k, v in dataclasses.asdict(frame).items() if k not in ("payload", "pixels")}
        line["profile"] = subscription["profile"]
        print(json.dumps(line))
        if not folder:
            continue
        name = f"{options.camera}-{options.stream}-{frame.sequence:08}"
        if frame.pixels is not None and frame.pixels.dtype == np.dtype("<u2"):
            (folder / f"{name}.png").write_bytes(png_encode_16(frame.pixels))
        else:
            suffix = {"jpeg": "jpg", "png": "png"}.get(frame.codec, "raw")
            (folder / f"{name}.{suffix}").write_bytes(frame.payload)
    reader.close()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ProtocolError, Refused) as error:
        sys.exit(f"lwp_reader: {error}")
