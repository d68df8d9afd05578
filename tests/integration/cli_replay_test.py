#!/usr/bin/python3
"""Real recorded depth through the real server: what `lenswire grab` and the independent Python reader
receive equals the source PNGs, pixel by pixel.

Environment: LENSWIRE_BINARY, the program to test. Skips where ../shared/data/depth is missing."""

import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from server_process import RECORDING as DATA  # noqa: E402
from server_process import ServerProcess, lenswire, lwp  # noqa: E402

try:
    import cv2
    import numpy as np
except ImportError:
    cv2 = None

FRAMES = 40


@unittest.skipUnless(DATA.is_dir(), f"needs the recorded frames in {DATA}")
class Replay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.originals = [lwp.png_decode((DATA / f"depth_{i:03}.png").read_bytes()) for i in range(FRAMES)]
        cls.server = cls.enterClassContext(ServerProcess("--camera", f"desk=replay:{DATA}?fps=15"))
        cls.address = cls.server.address

    def check(self, pictures, missed):
        """Whether the pictures (sequence -> pixels) hold the whole recording. Each must be the recorded one.

        On a machine that is too busy pictures are left out, by the replay or for the reader; each must be told.
        """
        for sequence, pixels in pictures.items():
            # docs/sources.md: the frame with sequence s is picture s modulo the number of pictures.
            self.assertTrue((pixels == self.originals[sequence % FRAMES]).all(), f"frame {sequence} differs")
        lacking = max(pictures) - min(pictures) + 1 - len(pictures)
        self.assertEqual(sum(record["count"] for record in missed), lacking, "a frame lacks, and nothing says why")
        return len({sequence % FRAMES for sequence in pictures}) == FRAMES

    def grab(self, codec):
        with tempfile.TemporaryDirectory() as folder:
            done = lenswire("grab", f"{self.address}/desk/depth", "--frames", FRAMES, "--out", folder,
                            "--policy", "every", "--codec", codec)
            self.assertEqual(done.returncode, 0, done.stderr)
            pictures = {int(p.stem.rsplit("-", 1)[1]): lwp.png_decode(p.read_bytes())
                        for p in pathlib.Path(folder).glob("desk-depth-*.png")}
            self.assertEqual(len(pictures), FRAMES)
            index = [json.loads(line) for line in (pathlib.Path(folder) / "frames.jsonl").read_text().splitlines()]
            return pictures, [record for frame in index[1:] for record in frame.get("missed", [])]

    def test_grab_equals_the_source(self):
        for codec in ("raw", "png"):
            with self.subTest(codec):
                self.assertTrue(any(self.check(*self.grab(codec)) for _ in range(6)))

    def test_python_reader_equals_the_source_over_every_transport(self):
        host, _, port = self.address.rpartition(":")
        for websocket in (False, True):
            for codec in ("raw", "png"):
                with self.subTest(codec=codec, websocket=websocket):
                    reader = lwp.Reader(host, int(port), websocket=websocket, timeout=30)
                    reply = reader.subscribe("desk", "depth", codec, policy="every", queue_frames=64)
                    self.assertEqual((reply["profile"]["width"], reply["profile"]["height"]), (640, 480))
                    pictures = {}
                    missed = []
                    while len({sequence % FRAMES for sequence in pictures}) < FRAMES and len(pictures) < 6 * FRAMES:
                        _, frame = reader.next()
                        self.assertEqual(frame.codec, codec)
                        missed += frame.missed if pictures else []
                        pictures[frame.sequence] = frame.pixels
                    reader.close()
                    self.assertTrue(self.check(pictures, missed))

    @unittest.skipUnless(cv2, "needs python3-opencv")
    def test_depth_png_equals_the_source_for_opencv(self):
        seen = set()
        while len(seen) < 3:
            answer = self.server.get("/cameras/desk/depth.png")
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "image/png"))
            pixels = cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_UNCHANGED)
            self.assertEqual(pixels.dtype, np.uint16)
            number = int(answer.headers["X-Sequence"]) % FRAMES
            self.assertTrue((pixels == self.originals[number]).all(), f"picture {number} differs")
            seen.add(number)

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
