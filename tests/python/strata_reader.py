#!/usr/bin/python3
"""An independent reader of Strata, written from docs/strata.md. Slow and plain on purpose."""

import sys

import numpy as np


class StrataError(Exception):
    """The data are not a valid frame."""


class Cursor:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        if count > len(self.data) - self.at:
            raise StrataError("the data end too early")
        self.at += count
        return self.data[self.at - count:self.at]

    def u8(self):
        return self.take(1)[0]

    def u16(self):
        return int.from_bytes(self.take(2), "little")

    def u32(self):
        return int.from_bytes(self.take(4), "little")

    def varint(self):
        value = 0
        for shift in range(0, 35, 7):
            byte = self.u8()
            value |= (byte & 127) << shift
            if byte < 128:
                if value >> 32:
                    raise StrataError("a varint is too large")
                return value
        raise StrataError("a varint is too long")

    def done(self):
        return self.at == len(self.data)


def nibbles(data):
    """The nibbles of bytes, low one first."""
    packed = np.frombuffer(bytes(data), np.uint8)
    return np.stack([packed & 15, packed >> 4], axis=1).ravel()


def read_lengths(cursor):
    lengths = []
    held = []

    def nibble():
        if not held:
            byte = cursor.u8()
            held.extend([byte >> 4, byte & 15])
        return held.pop()

    last = None
    while len(lengths) < 256:
        value = nibble()
        if 1 <= value <= 11:
            lengths.append(value)
            last = value
        elif value == 0:
            lengths.extend([0] * (nibble() + 1))
        elif value == 12:
            if last is None:
                raise StrataError("a repeat without a length")
            lengths.extend([last] * (nibble() + 2))
        elif value == 15:
            lengths.extend([0] * (256 - len(lengths)))
        else:
            raise StrataError("an unknown code length")
    if len(lengths) != 256:
        raise StrataError("more than 256 code lengths")
    return lengths


def canonical_codes(lengths):
    """{(length, code): symbol}"""
    used = sorted((length, symbol) for symbol, length in enumerate(lengths) if length)
    if len(used) < 2 or sum(2 ** -length for length, _ in used) != 1:
        raise StrataError("the code is not complete")
    codes = {}
    code = 0
    before = used[0][0]
    for length, symbol in used:
        code <<= length - before
        codes[length, code] = symbol
        code += 1
        before = length
    return codes


def read_stream(data, count, codes):
    bits = np.unpackbits(np.frombuffer(bytes(data), np.uint8), bitorder="little").tolist()
    out = bytearray()
    at = 0
    for _ in range(count):
        code = length = 0
        while (length, code) not in codes:
            if at == len(bits) or length > 11:
                raise StrataError("a stream ends too early")
            code = code << 1 | bits[at]
            length += 1
            at += 1
        out.append(codes[length, code])
    if len(bits) - at >= 8 or any(bits[at:]):
        raise StrataError("a stream goes on after its last symbol")
    return out


def read_section(cursor, count):
    if count == 0:
        return b""
    kind = cursor.u8()
    if kind == 0:
        return cursor.take(count)
    if kind == 1:
        return bytes([cursor.u8()]) * count
    if kind not in (2, 3):
        raise StrataError("an unknown type of section")
    codes = canonical_codes(read_lengths(cursor))
    if kind == 2:
        return bytes(read_stream(cursor.take(cursor.varint()), count, codes))
    part = -(-count // 8)
    parts = [part] * 7 + [count - 7 * part]
    if parts[7] < 1:
        raise StrataError("too few symbols for 8 streams")
    sizes = [cursor.varint() for _ in range(8)]
    return b"".join(bytes(read_stream(cursor.take(size), n, codes))
                    for size, n in zip(sizes, parts))


def read_table(cursor):
    count = cursor.varint()
    if not 1 <= count <= 65535:
        raise StrataError("a table of an impossible size")
    code = cursor.u16()
    if code == 0:
        raise StrataError("a table with a code of 0")
    table = [code]
    if count > 1:
        smallest = cursor.varint()
        if not 1 <= smallest <= 65535:
            raise StrataError("an impossible gap")
        groups = -(-(count - 1) // 16)
        widths = [16 if w == 15 else int(w) for w in nibbles(cursor.take(-(-groups // 2)))]
        total = sum(widths[i // 16] for i in range(count - 1))
        bits = int.from_bytes(cursor.take(-(-total // 8)), "little")
        for i in range(count - 1):
            width = widths[i // 16]
            code += smallest + (bits & (1 << width) - 1)
            bits >>= width
            table.append(code)
    if code > 65535:
        raise StrataError("a code above 65535")
    full = np.zeros(65536, np.uint16)
    full[:count] = table
    return full


def step(h, w):
    h = ((h ^ w) * 0x9E3779B1) & 0xFFFFFFFF
    return (h << 13 | h >> 19) & 0xFFFFFFFF


def checksum(pixels, first_row, near):
    rows, width = pixels.shape
    seed = step(step(step(step(0, width), first_row), rows), near)
    lanes = np.array([step(seed, i) for i in range(32)], np.uint64)
    groups = -(-width // 64)
    padded = np.zeros((rows, groups * 64), np.uint16)
    padded[:, :width] = pixels
    words = padded.astype("<u2").view("<u4").reshape(rows * groups, 32).astype(np.uint64)
    for word in words:
        lanes = (lanes ^ word) * np.uint64(0x9E3779B1) & np.uint64(0xFFFFFFFF)
        lanes = (lanes << np.uint64(13) | lanes >> np.uint64(19)) & np.uint64(0xFFFFFFFF)
    h = 0
    for lane in lanes:
        h = step(h, int(lane))
    h ^= h >> 16
    h = h * 0x85EBCA6B & 0xFFFFFFFF
    h ^= h >> 13
    h = h * 0xC2B2AE35 & 0xFFFFFFFF
    return h ^ h >> 16


def read_mask(cursor, width, rows):
    """Valid pixels, rows x (segments * 32)."""
    segments = -(-width // 32)
    inside = np.zeros((rows, segments * 32), bool)
    inside[:, :width] = True
    kind = cursor.u8()
    if kind == 0:
        return inside
    if kind == 1:
        return np.zeros_like(inside)
    if kind != 2:
        raise StrataError("an unknown type of mask")
    words = segments * rows
    flags = np.unpackbits(np.frombuffer(read_section(cursor, -(-words // 2)), np.uint8),
                          bitorder="little").astype(bool)
    if flags[words * 4:].any():
        raise StrataError("flags beyond the last word")
    flags = flags[:words * 4]
    values = np.zeros(words * 4, np.uint8)
    values[flags] = np.frombuffer(read_section(cursor, int(flags.sum())), np.uint8)
    delta = np.unpackbits(values, bitorder="little").reshape(rows, segments * 32)
    valid = np.bitwise_xor.accumulate(delta, axis=0).astype(bool)
    if (valid & ~inside).any():
        raise StrataError("valid pixels beyond the width")
    return valid


def read_class(cursor, count):
    """The residuals of one class."""
    if count == 0:
        return []
    shift = cursor.u8()
    if shift not in (0, 1, 2, 4, 8):
        raise StrataError("an impossible shift")
    packed = nibbles(read_section(cursor, -(-count // 2)))
    if count % 2 and packed[count] != 7:
        raise StrataError("a nibble beyond the last residual")
    lows = int.from_bytes(cursor.take(-(-count * shift // 8)), "little")
    escapes = Cursor(cursor.take(cursor.varint()))
    residuals = []
    for nibble in packed[:count].tolist():
        quotient = nibble - 7
        if nibble == 15:
            value = escapes.u8()
            if value == 255:
                value = escapes.u16()
            value += 15
            quotient = value // 2 if value % 2 == 0 else -(value + 1) // 2
        low = lows & (1 << shift) - 1
        lows >>= shift
        residuals.append(quotient * 2 ** shift + low - 2 ** shift // 2)
    if not escapes.done():
        raise StrataError("escapes are left over")
    return residuals


def signed(value):
    return (value + 32768 & 0xFFFF) - 32768


def restore(valid, modes, classes, residuals, width):
    """Values of all pixels, valid or not."""
    rows, padded = valid.shape
    values = np.zeros((rows, padded), np.uint16)
    feeds = [iter(r) for r in residuals]
    above = [0] * padded
    for y in range(rows):
        up = [above[0], above[0]] + above[:width] + [above[width - 1]]  # up[x] is up[x + 2] here
        row = []
        left = above[0]
        for x in range(width):
            mode = modes[y][x // 32]
            if mode is None:
                left = above[x]
                row.append(left)
                continue
            if mode == 0:
                slope = up[x + 2] - up[x + 1]
            elif mode == 1:
                slope = 0
            else:
                slope = signed(up[x + 3] + up[x + 2] - up[x + 1] - up[x] + 2) >> 2
            left += slope
            if valid[y, x]:
                left += next(feeds[classes[y][x // 32]])
            left &= 0xFFFF
            row.append(left)
        values[y, :width] = row
        above = row + [0] * (padded - width)
    return values[:, :width]


def read_coded(cursor, width, rows, table):
    valid = read_mask(cursor, width, rows)
    segments = valid.shape[1] // 32
    counts = valid.reshape(rows, segments, 32).sum(axis=2)
    occupied = int((counts > 0).sum())
    sides = nibbles(read_section(cursor, -(-occupied // 2)))
    if occupied % 2 and sides[occupied] != 0:
        raise StrataError("a side beyond the last segment")
    modes = [[None] * segments for _ in range(rows)]
    classes = [[0] * segments for _ in range(rows)]
    totals = [0] * 4
    for (y, s), side in zip(np.argwhere(counts > 0).tolist(), sides.tolist()):
        if side & 3 == 3:
            raise StrataError("an unknown mode")
        modes[y][s] = side & 3
        classes[y][s] = side >> 2
        totals[side >> 2] += int(counts[y, s])
    residuals = [read_class(cursor, total) for total in totals]
    values = restore(valid, modes, classes, residuals, width)
    codes = values if table is None else table[values]
    return np.where(valid[:, :width], codes, 0).astype(np.uint16)


def decode(data):
    """The pixels of a frame, height x width of uint16."""
    cursor = Cursor(data)
    if cursor.take(4) != b"STRA" or cursor.u8() != 1:
        raise StrataError("not Strata version 1")
    flags, near, _profile = cursor.u8(), cursor.u8(), cursor.u8()
    width, height, size, band_rows = cursor.u16(), cursor.u16(), cursor.u32(), cursor.u16()
    if flags > 1 or 0 in (width, height, band_rows) or size != len(data):
        raise StrataError("an impossible header")
    table = read_table(cursor) if flags & 1 else None
    sizes = [cursor.u32() for _ in range(-(-height // band_rows))]
    bands = []
    for index, band_size in enumerate(sizes):
        band = Cursor(cursor.take(band_size))
        first = index * band_rows
        rows = min(band_rows, height - first)
        kind, expected = band.u8(), band.u32()
        if kind == 0:
            pixels = np.frombuffer(band.take(rows * width * 2), "<u2").reshape(rows, width)
        elif kind == 1:
            pixels = read_coded(band, width, rows, table)
        else:
            raise StrataError("an unknown type of band")
        if not band.done():
            raise StrataError("a band has bytes left over")
        if checksum(pixels, first, near) != expected:
            raise StrataError("the checksum does not match")
        bands.append(pixels)
    if not cursor.done():
        raise StrataError("bytes behind the last band")
    return np.concatenate(bands)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with open(name, "rb") as file:
            image = decode(file.read())
        print(f"{name}: {image.shape[1]}x{image.shape[0]}, {(image > 0).mean():.0%} valid")
