#!/usr/bin/python3
"""Pickled arrays against Debian's numpy, both ways: random types, shapes and orders, every protocol.

Environment: PICKLE_RELAY, the program of pickle_relay.cpp; PICKLE_SEED for another run of random arrays."""

import os
import pickle
import random
import struct
import subprocess
import unittest

import numpy as np

DTYPES = ["u1", "<u2", ">u2", "<i4", ">i4", "<i8", ">i8", "<f4", ">f4", "<f8", ">f8"]
SEED = int(os.environ.get("PICKLE_SEED", "4"))


class Relay:
    """The program, asked one message at a time."""

    def __init__(self):
        self._process = subprocess.Popen([os.environ["PICKLE_RELAY"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        return self._process.wait(20)

    def _part(self):
        (size,) = struct.unpack("<I", self._process.stdout.read(4))
        return self._process.stdout.read(size)

    def ask(self, message):
        """(array, {dialect: pickle}), or the error as a text."""
        self._process.stdin.write(struct.pack("<I", len(message)) + message)
        self._process.stdin.flush()
        code = self._part().decode()
        if code.startswith("!"):
            return code[1:]
        shape = np.frombuffer(self._part(), "<u4")
        array = np.frombuffer(self._part(), "<" + code).reshape(shape)
        return array, {name: self._part() for name in ("universal", "py3", "py2")}


def random_array(rng, generator):
    dtype = np.dtype(rng.choice(DTYPES))
    shape = [rng.choice([1, 2, 3, 7, 40]) for _ in range(rng.randint(1, 3))]
    if rng.random() < 0.05:
        shape[rng.randrange(len(shape))] = 0
    count = int(np.prod(shape)) * dtype.itemsize
    raw = generator.integers(0, 256, count, dtype="u1")
    if rng.random() < 0.4:
        raw &= 0x7F  # mostly text-like bytes: quotes, backslashes, line ends
    array = raw.view(dtype).reshape(shape)
    form = rng.choice(["plain", "fortran", "strided", "reversed", "read-only", "transposed"])
    if form == "fortran":
        array = np.asfortranarray(array)
    elif form == "strided":
        array = np.repeat(array, 2, axis=0)[::2]
    elif form == "reversed":
        array = array[::-1]
    elif form == "read-only":
        array.setflags(write=False)
    elif form == "transposed":
        array = array.T
    return array, form


class Pickles(unittest.TestCase):
    def setUp(self):
        self.relay = Relay()
        self.addCleanup(self.relay.close)

    def same(self, one, other, what):
        self.assertEqual(one.dtype.newbyteorder("="), other.dtype.newbyteorder("="), what)
        self.assertEqual(one.shape, other.shape, what)
        # As bytes: NaNs count too.
        self.assertEqual(np.ascontiguousarray(one).astype(one.dtype.newbyteorder("<")).tobytes(),
                         np.ascontiguousarray(other).astype(other.dtype.newbyteorder("<")).tobytes(), what)

    def test_what_numpy_writes_is_read_and_numpy_reads_what_is_written(self):
        rng = random.Random(SEED)
        generator = np.random.default_rng(SEED)
        for number in range(600):
            array, form = random_array(rng, generator)
            for protocol in range(6):
                what = f"seed {SEED}, array {number}: {array.dtype} {array.shape} {form}, protocol {protocol}"
                answer = self.relay.ask(pickle.dumps(array, protocol=protocol))
                self.assertNotIsInstance(answer, str, f"{what}: {answer}")
                read, written = answer
                self.same(read, array, what)
            self.same(pickle.loads(written["universal"]), array, what)
            self.same(pickle.loads(written["py3"]), array, what)
            # A byte string of Python 2: what a Python 3 makes of it when it is told so.
            self.same(pickle.loads(written["py2"], encoding="latin1"), array, what)

    def test_what_is_written_can_be_written_to(self):
        for dialect in ("universal", "py3"):
            array = pickle.loads(self.relay.ask(pickle.dumps(np.arange(6, dtype="u2").reshape(2, 3)))[1][dialect])
            array += 1
            self.assertEqual(array.tolist(), [[1, 2, 3], [4, 5, 6]])

    def test_sizes_of_a_depth_frame(self):
        frame = (np.arange(240 * 320, dtype="u4") * 7919 % 8000).astype("u2").reshape(240, 320)
        for protocol in range(6):
            read, written = self.relay.ask(pickle.dumps(frame, protocol=protocol))
            self.same(read, frame, protocol)
        self.assertLess(len(written["py3"]), 153600 + 200)
        self.assertLess(len(written["universal"]), 153600 * 3 // 2)
        self.same(pickle.loads(written["universal"]), frame, "universal")

    def test_other_things_are_refused(self):
        for value in ([1, 2], {"a": 1}, 1.5, os.getcwd, np.array(["text"]), np.array([1j]), np.array(5),
                      np.zeros((1, 1, 1, 1)), np.array([True]), np.array([{}], dtype=object), np.float64(2),
                      (np.zeros(2), np.zeros(2)), np.ma.array([1.0]), np.zeros(2, dtype=[("a", "u1")])):
            for protocol in range(6):
                try:
                    message = pickle.dumps(value, protocol=protocol)
                except TypeError:
                    continue  # some cannot be pickled by old protocols at all
                self.assertIsInstance(self.relay.ask(message), str, f"{value!r}, protocol {protocol}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
