#!/usr/bin/python3
"""Unit tests of lwp_reader.py: vectors of the RFCs, and messages written out by hand."""

import pathlib
import struct
import sys
import unittest
import zlib

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import lwp_reader as lwp  # noqa: E402


class Cbor(unittest.TestCase):
    # RFC 8949, appendix A.
    VECTORS = [
        ("00", 0), ("17", 23), ("1818", 24), ("1903e8", 1000), ("1a000f4240", 1000000),
        ("1bffffffffffffffff", 18446744073709551615), ("20", -1), ("3903e7", -1000),
        ("fb3ff199999999999a", 1.1), ("f4", False), ("f5", True), ("f6", None), ("6161", "a"),
        ("62c3bc", "\u00fc"), ("83010203", [1, 2, 3]), ("a26161016162820203", {"a": 1, "b": [2, 3]}),
    ]

    def test_vectors(self):
        for text, value in self.VECTORS:
            self.assertEqual(lwp.cbor_decode(bytes.fromhex(text)), value)
            self.assertEqual(lwp.cbor_encode(value).hex(), text)

    def test_short_floats(self):
        self.assertEqual(lwp.cbor_decode(bytes.fromhex("f93e00")), 1.5)
        self.assertEqual(lwp.cbor_decode(bytes.fromhex("fa47c35000")), 100000.0)

    def test_refuses_what_the_protocol_does_not_use(self):
        for text in ("9f01ff", "1b00", "7bffffffffffffffff61", "0102", "", "81" * 40 + "00", "c001"):
            with self.assertRaises(lwp.ProtocolError):
                lwp.cbor_decode(bytes.fromhex(text))


class Png(unittest.TestCase):
    def test_all_filters(self):
        random = np.random.default_rng(1)
        pixels = random.integers(0, 65536, (10, 7), np.uint16)
        raw = pixels.astype(">u2").view(np.uint8).reshape(10, 14).astype(int)
        rows = bytearray()
        for y in range(10):
            kind = y % 5
            rows.append(kind)
            for i in range(14):
                left = raw[y, i - 2] if i >= 2 else 0
                up = raw[y - 1, i] if y else 0
                corner = raw[y - 1, i - 2] if y and i >= 2 else 0
                guess = left + up - corner
                paeth = min((left, up, corner), key=lambda c: abs(guess - c))
                rows.append((raw[y, i] - (0, left, up, (left + up) // 2, paeth)[kind]) & 255)
        whole = lwp.png_encode_16(pixels)
        at = whole.index(b"IDAT") - 4
        body = zlib.compress(bytes(rows))
        chunk = struct.pack(">I", len(body)) + b"IDAT" + body + struct.pack(">I", zlib.crc32(b"IDAT" + body))
        filtered = whole[:at] + chunk + whole[-12:]
        for data in (whole, filtered):
            self.assertTrue((lwp.png_decode(data) == pixels).all())

    def test_damage_is_found(self):
        good = bytearray(lwp.png_encode_16(np.ones((4, 4), np.uint16)))
        good[45] ^= 1
        with self.assertRaises(lwp.ProtocolError):
            lwp.png_decode(bytes(good))


class Messages(unittest.TestCase):
    # A Frame as docs/protocol.md, section 4 lays it out: 2x1 pixels of depth, after one missed frame.
    MESSAGE = bytes.fromhex(
        "894c5750" "01" "06" "6000" "04000000" "07000000"
        "0100" "4800" "0500000000000000" "e803000000000000" "d007000000000000" "b80b000000000000"
        "0a000000" "00" "00" "01" "01" "5a313620" "02000000" "01000000" "03000000" "efcdab8967452301" "0400000000000000"
        "0200" "1000" "01000000" "01000000" "0400000000000000"
        "e8030000")

    def test_frame(self):
        message = lwp.parse_message(self.MESSAGE)
        self.assertEqual((message.kind, message.tag), (lwp.FRAME_TYPE, 7))
        frame = lwp.parse_frame(message)
        self.assertEqual((frame.sequence, frame.capture_time_ns, frame.send_time_ns), (5, 1000, 3000))
        self.assertEqual((frame.codec, frame.kind, frame.format, frame.keyframe), ("raw", "depth", "Z16 ", True))
        self.assertEqual(frame.calibration_version, 0x0123456789ABCDEF)
        self.assertEqual(frame.missed, [{"reason": "slow_client", "count": 1, "first_sequence": 4}])
        self.assertEqual(frame.pixels.tolist(), [[1000, 0]])

    def test_broken_messages_are_refused(self):
        for at, value in ((0, 0), (4, 2), (18, 0x49), (11, 0x7F)):
            broken = bytearray(self.MESSAGE)
            broken[at] = value
            with self.assertRaises(lwp.ProtocolError):
                lwp.parse_frame(lwp.parse_message(bytes(broken)))


class Skeletons(unittest.TestCase):
    # One person, as docs/protocol.md, section 10 lays it out: the nose with a position, all else without.
    NOSE = "00002041" "0000a041" "cdcccc3d" "000080bf" "00000040" "0000403f"
    REST = "00000000" "00000000" "0000c07f" "0000c07f" "0000c07f" "00000000"
    BYTES = bytes.fromhex("01011101" "80020000" "e0010000" "07000000" "0000003f" + NOSE + 16 * REST)

    def test_bytes(self):
        skeleton = lwp.decode_skeleton(self.BYTES)
        self.assertEqual((skeleton["space"], skeleton["width"], skeleton["height"]), ("depth", 640, 480))
        person = skeleton["persons"][0]
        self.assertEqual((person["id"], person["confidence"]), (7, 0.5))
        nose = person["joints"]["nose"]
        self.assertEqual((nose["x_px"], nose["y_px"], nose["confidence"]), (10, 20, 0.75))
        self.assertEqual([round(v, 6) for v in nose["position_m"]], [0.1, -1, 2])
        self.assertIsNone(person["joints"]["right_ankle"]["position_m"])

    def test_damage_is_found(self):
        for broken in (self.BYTES[:-1], self.BYTES + b"x", b"\x02" + self.BYTES[1:], self.BYTES[:5], b""):
            with self.assertRaises(lwp.ProtocolError):
                lwp.decode_skeleton(broken)


if __name__ == "__main__":
    unittest.main()
