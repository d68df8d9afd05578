"""What the two transports have in common: packets, the calls of a device, and two small helpers."""

import struct
import sys
import time

import numpy

_HEADER = struct.Struct("<4sci")
_VALUE = struct.Struct("<d")
_SETTING = struct.Struct("<id")
_PROPERTY = struct.Struct("<i")
_SHAPE = struct.Struct("<iii")
_MAX_ANSWER_BYTES = 256 << 20
# OpenCV's depths, the lower three bits of a type.
_DEPTHS = (numpy.uint8, numpy.int8, numpy.uint16, numpy.int16, numpy.int32, numpy.float32, numpy.float64)


def printf(text, *values):
    """Prints like C: printf("%d frames\\n", 120)."""
    sys.stdout.write(text % values)
    sys.stdout.flush()


class Performance_Counter:
    """Counts pictures: loop() is true each time `cycles` of them have come, and the numbers are of those."""

    def __init__(self, cycles=120):
        self.cycles = max(1, int(cycles))
        self._fps = 0.0
        self._mean_data_size = 0.0
        self.reset()

    def reset(self):
        self._count = 0
        self._bytes = 0.0
        self._began = time.monotonic()

    def loop(self, data_size=0):
        self._count += 1
        self._bytes += data_size
        if self._count < self.cycles:
            return False
        self._fps = self._count / max(time.monotonic() - self._began, 1e-9)
        self._mean_data_size = self._bytes / self._count
        self.reset()
        return True

    def get_fps(self):
        return self._fps

    def get_mean_data_size(self):
        return self._mean_data_size


def split_header(header):
    """(status, number of data bytes) of an answer's first 9 bytes."""
    status, _, size = _HEADER.unpack_from(header)
    if not 0 <= size <= _MAX_ANSWER_BYTES:
        raise ConnectionError(f"the answer announces {size} bytes")
    return status.decode("latin-1"), size


HEADER_BYTES = _HEADER.size


def picture_from(data):
    """The array behind a GRAB's shape and pixels."""
    rows, columns, kind = _SHAPE.unpack_from(data)
    depth, channels = kind & 7, (kind >> 3) + 1
    if rows <= 0 or columns <= 0 or not 0 <= depth < len(_DEPTHS) or kind < 0:
        raise ConnectionError(f"no picture is {rows} x {columns} of type {kind}")
    pixels = numpy.frombuffer(data, dtype=numpy.dtype(_DEPTHS[depth]).newbyteorder("<"), offset=_SHAPE.size)
    if pixels.size != rows * columns * channels:
        raise ConnectionError("the picture's size and its data differ")
    return pixels.reshape((rows, columns) if channels == 1 else (rows, columns, channels))


class BaseDevice:
    """A remote camera with the calls of OpenCV's VideoCapture.

    Without keep_alive each call is a connection of its own. Properties have OpenCV's numbers (cv2.CAP_PROP_...)."""

    def _exchange(self, request, keep_alive):
        """(status, data) of the answer."""
        raise NotImplementedError

    def _ask(self, command, keep_alive, data=b""):
        request = _HEADER.pack(command, b"1" if keep_alive else b"0", len(data)) + data
        return self._exchange(request, keep_alive)

    def ping(self, keep_alive=False):
        return self._ask(b"PING", keep_alive)[0] == "PONG"

    def open(self, keep_alive=False):
        return self._ask(b"OPEN", keep_alive)[0] == "0200"

    def isOpened(self, keep_alive=False):
        return self._ask(b"ISOP", keep_alive)[0] == "0200"

    def release(self, keep_alive=False):
        return self._ask(b"CLOS", keep_alive)[0] == "0200"

    def set(self, property_id, value, keep_alive=False):
        """Whether the camera takes the value."""
        return self._ask(b"SET0", keep_alive, _SETTING.pack(int(property_id), float(value)))[0] == "0200"

    def get(self, property_id, keep_alive=False):
        """(True, value), or (False, -1.0)."""
        status, data = self._ask(b"GET0", keep_alive, _PROPERTY.pack(int(property_id)))
        if status != "0200" or len(data) < _VALUE.size:
            return False, -1.0
        return True, _VALUE.unpack_from(data)[0]

    def read(self, keep_alive=False):
        """(True, array of rows x columns x channels), or (False, None)."""
        status, data = self._ask(b"GRAB", keep_alive)
        if status != "0200" or len(data) < _SHAPE.size:
            return False, None
        return True, picture_from(data)
