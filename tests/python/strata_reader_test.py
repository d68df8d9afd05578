#!/usr/bin/python3
"""The independent reader restores every golden file, and refuses damaged ones."""

import pathlib
import sys
import unittest

import numpy as np

import strata_reader

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "data" / "strata"


class StrataReaderTest(unittest.TestCase):
    def test_golden_files_decode_to_their_pixels(self):
        files = sorted(GOLDEN.glob("*.strata"))
        self.assertGreaterEqual(len(files), 8)
        for file in files:
            with self.subTest(file.name):
                image = strata_reader.decode(file.read_bytes())
                raw = file.with_suffix(".z16")
                if raw.exists():  # the large one is vouched for by its checksums alone
                    pixels = np.frombuffer(raw.read_bytes(), "<u2").reshape(image.shape)
                    np.testing.assert_array_equal(image, pixels)
                else:
                    self.assertGreater(image.size, 1 << 18)

    def test_every_truncation_is_refused(self):
        data = (GOLDEN / "tiny.strata").read_bytes()
        for size in range(len(data)):
            with self.assertRaises(strata_reader.StrataError):
                strata_reader.decode(data[:size])

    def test_changed_pixels_are_noticed(self):
        data = bytearray((GOLDEN / "noise.strata").read_bytes())
        data[-7] ^= 1
        with self.assertRaises(strata_reader.StrataError):
            strata_reader.decode(bytes(data))


if __name__ == "__main__":
    sys.exit(unittest.main())
