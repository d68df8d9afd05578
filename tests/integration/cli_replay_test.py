#!/usr/bin/python3
"""Real recorded depth through the real server: what `lenswire grab` and the independent Python reader
receive equals the source PNGs, pixel by pixel.

Environment: LENSWIRE_BINARY, the program to test. Skips where ../shared/data/depth is missing."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "python"))
import lwp_reader as lwp  # noqa: E402

BINARY = os.environ["LENSWIRE_BINARY"]
DATA = ROOT.parent / "shared" / "data" / "depth" / "d4xx-640x480-seq"
FRAMES = 40


@unittest.skipUnless(DATA.is_dir(), f"needs the recorded frames in {DATA}")
class Replay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.originals = [lwp.png_decode((DATA / f"depth_{i:03}.png").read_bytes()) for i in range(FRAMES)]
        cls.server = subprocess.Popen(
            [BINARY, "serve", "--listen", "127.0.0.1:0", "--camera", f"desk=replay:{DATA}?fps=15"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        cls.address = None
        for line in cls.server.stdout:
            found = re.search(r"listening on http://(\S+?)/?\s*$", line)
            if found:
                cls.address = found.group(1)
                break
        if not cls.address:
            raise AssertionError("the server did not say where it listens")

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        code = cls.server.wait(10)
        cls.server.stdout.close()
        assert code == 0, f"the server ended with {code}"

    def assert_is_the_recording(self, pictures):
        """`pictures`: sequence -> pixels, one loop of the recording in any rotation."""
        self.assertEqual(len(pictures), FRAMES)
        sequences = sorted(pictures)
        self.assertEqual(sequences, list(range(sequences[0], sequences[0] + FRAMES)), "a frame is missing")
        first = next(i for i in range(FRAMES) if (pictures[sequences[0]] == self.originals[i]).all())
        for step, sequence in enumerate(sequences):
            original = self.originals[(first + step) % FRAMES]
            self.assertTrue((pictures[sequence] == original).all(), f"frame {sequence} differs")

    def test_grab_equals_the_source(self):
        for codec in ("raw", "png"):
            with self.subTest(codec), tempfile.TemporaryDirectory() as folder:
                done = subprocess.run(
                    [BINARY, "grab", f"{self.address}/desk/depth", "--frames", str(FRAMES), "--out", folder,
                     "--policy", "every", "--codec", codec], capture_output=True, text=True, timeout=120)
                self.assertEqual(done.returncode, 0, done.stderr)
                pictures = {int(p.stem.rsplit("-", 1)[1]): lwp.png_decode(p.read_bytes())
                            for p in pathlib.Path(folder).glob("desk-depth-*.png")}
                self.assert_is_the_recording(pictures)

    def test_python_reader_equals_the_source_over_every_transport(self):
        host, _, port = self.address.rpartition(":")
        for websocket in (False, True):
            for codec in ("raw", "png"):
                with self.subTest(codec=codec, websocket=websocket):
                    reader = lwp.Reader(host, int(port), websocket=websocket, timeout=30)
                    reply = reader.subscribe("desk", "depth", codec, policy="every", queue_frames=64)
                    self.assertEqual((reply["profile"]["width"], reply["profile"]["height"]), (640, 480))
                    pictures = {}
                    for _ in range(FRAMES):
                        _, frame = reader.next()
                        self.assertEqual((frame.codec, frame.missed if pictures else []), (codec, []))
                        pictures[frame.sequence] = frame.pixels
                    reader.close()
                    self.assert_is_the_recording(pictures)

    def test_ping_and_controls_of_the_python_reader(self):
        host, _, port = self.address.rpartition(":")
        reader = lwp.Reader(host, int(port), timeout=30)
        round_trip, offset = reader.ping()
        self.assertGreater(round_trip, 0)
        self.assertLess(abs(offset), round_trip)
        self.assertEqual([c["name"] for c in reader.cameras()], ["desk"])
        with self.assertRaises(lwp.Refused) as refused:
            reader.subscribe("desk", "infrared")
        self.assertEqual(refused.exception.code, "not_found")
        self.assertIn("depth", str(refused.exception))
        reader.close()


if __name__ == "__main__":
    unittest.main()
