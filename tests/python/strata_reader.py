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


def checksum(pixels, band_rows, first_row, near):
    rows, width = pixels.shape
    seed = step(step(step(step(0, width), first_row), band_rows), near)
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
    """Valid pixels, rows x (segments * 32); None where there are none."""
    segments = -(-width // 32)
    inside = np.zeros((rows, segments * 32), bool)
    inside[:, :width] = True
    kind = cursor.u8()
    if kind == 0:
        return inside
    if kind == 1:
        return None
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


def unzigzag(value):
    return value // 2 if value % 2 == 0 else -(value + 1) // 2


def read_paired(cursor, count):
    """Residuals as nibbles, low bits and escapes."""
    shift = cursor.u8()
    if shift not in (0, 1, 2, 4, 8):
        raise StrataError("an impossible shift")
    packed = nibbles(read_section(cursor, -(-count // 2)))
    if count % 2 and packed[count] != 7:
        raise StrataError("a nibble beyond the last residual")
    lows = int.from_bytes(cursor.take(-(-count * shift // 8)), "little")
    short = Cursor(cursor.take(cursor.varint()))
    wide = Cursor(cursor.take(2 * bytes(short.data).count(255)))
    residuals = []
    for nibble in packed[:count].tolist():
        quotient = nibble - 7
        if nibble == 15:
            value = short.u8()
            if value == 255:
                value = wide.u16()
            quotient = unzigzag(value + 15 & 0xFFFF)
        low = lows & (1 << shift) - 1
        lows >>= shift
        residuals.append(quotient * 2 ** shift + low - 2 ** shift // 2)
    if not short.done():
        raise StrataError("escapes are left over")
    return residuals


def read_packed(cursor, count):
    """Residuals in groups of eight, each as wide as its largest."""
    groups = -(-count // 8)
    widths = nibbles(cursor.take(-(-groups // 2))).tolist()
    if groups % 2 and widths[groups] != 0:
        raise StrataError("a width beyond the last group")
    data = Cursor(cursor.take(cursor.varint()))
    residuals = []
    for width in widths[:groups]:
        width = 16 if width == 15 else width
        low_width = min(width, 8)
        low = int.from_bytes(data.take(low_width), "little")
        high = int.from_bytes(data.take(width - low_width), "little")
        for k in range(8):
            value = low >> k * low_width & (1 << low_width) - 1
            value |= (high >> k * (width - low_width) & (1 << width - low_width) - 1) << 8
            residuals.append(unzigzag(value))
    if not data.done():
        raise StrataError("packed bytes are left over")
    return residuals[:count]


def signed(value):
    return (value + 32768 & 0xFFFF) - 32768


def restore(valid, modes, residuals, width):
    """Values of all pixels, valid or not."""
    rows, padded = valid.shape
    values = np.zeros((rows, padded), np.uint16)
    feed = iter(residuals)
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
                left += next(feed)
            left &= 0xFFFF
            row.append(left)
        values[y, :width] = row
        above = row + [0] * (padded - width)
    return values[:, :width]


def read_modes(cursor, counts):
    """The mode of each occupied segment; None for the others."""
    rows, segments = counts.shape
    modes = [[None] * segments for _ in range(rows)]
    occupied = np.argwhere(counts > 0).tolist()
    packed = read_section(cursor, -(-len(occupied) // 4))
    flat = [byte >> shift & 3 for byte in packed for shift in (0, 2, 4, 6)]
    if 3 in flat or any(flat[len(occupied):]):
        raise StrataError("an unknown mode")
    for (y, s), mode in zip(occupied, flat):
        modes[y][s] = mode
    return modes


def apply_patches(cursor, pixels):
    flat = pixels.reshape(-1)
    position = -1
    for _ in range(cursor.varint()):
        position += 1 + cursor.varint()
        if position >= flat.size:
            raise StrataError("a patch beyond the last pixel")
        flat[position] = cursor.u16()


def read_coded(cursor, width, rows, table):
    valid = read_mask(cursor, width, rows)
    if valid is None:
        return None
    segments = valid.shape[1] // 32
    counts = valid.reshape(rows, segments, 32).sum(axis=2)
    total = int(counts.sum())
    kind = cursor.u8()
    if kind > 2:
        raise StrataError("an unknown type of residuals")
    if kind == 2:
        modes = read_modes(cursor, counts)
    else:
        modes = [[0 if n else None for n in row] for row in counts.tolist()]
    residuals = read_packed(cursor, total) if kind == 1 else read_paired(cursor, total)
    values = restore(valid, modes, residuals, width)
    codes = values if table is None else table[values]
    pixels = np.where(valid[:, :width], codes, 0).astype(np.uint16)
    apply_patches(cursor, pixels)
    return pixels


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
        # A band without a valid pixel feeds no row to its checksum.
        fed = np.zeros((0, width), np.uint16) if pixels is None else pixels
        if pixels is None:
            pixels = np.zeros((rows, width), np.uint16)
        if checksum(fed, rows, first, near) != expected:
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
