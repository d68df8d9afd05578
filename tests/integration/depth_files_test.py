#!/usr/bin/python3
"""`lenswire depth`: files and folders there and back, with OpenCV as the judge; damage, full disks, progress.

Environment: LENSWIRE_BINARY, the program to test."""

import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))
from server_process import BINARY, ROOT, lenswire  # noqa: E402
from strata_reader import decode as independent_decode  # noqa: E402

DATA = ROOT.parent / "shared" / "data" / "depth"
GOLDEN = ROOT / "tests" / "data" / "strata"

try:
    import cv2
    import numpy
except ImportError:
    cv2 = None


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def succeeds(self, *arguments):
        result = lenswire("depth", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def fails(self, code, part, *arguments):
        result = lenswire("depth", *arguments)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.assertRegex(result.stderr, r"\Alenswire: .*\n\Z")
        self.assertIn(part, result.stderr)
        return result

    def golden(self, name="stereo"):
        path = self.folder / f"{name}.strata"
        shutil.copy(GOLDEN / f"{name}.strata", path)
        return path


class Golden(Files):
    """Committed files, so that these tests run everywhere."""

    def test_decoded_files_hold_the_golden_pixels(self):
        self.succeeds("decode", GOLDEN, "--out", self.folder / "png", "--json")
        names = sorted(path.stem for path in GOLDEN.glob("*.strata"))
        self.assertEqual(sorted(path.stem for path in (self.folder / "png").iterdir()), names)
        if cv2 is None:
            self.skipTest("python3-opencv is not installed")
        for name in names:
            got = cv2.imread(str(self.folder / "png" / f"{name}.png"), cv2.IMREAD_UNCHANGED)
            self.assertEqual(got.dtype, numpy.uint16)
            pixels = GOLDEN / f"{name}.z16"
            expected = (pixels.read_bytes() if pixels.exists() else
                        independent_decode((GOLDEN / f"{name}.strata").read_bytes()).astype("<u2").tobytes())
            self.assertEqual(got.astype("<u2").tobytes(), expected, name)

    def test_encoding_again_gives_the_same_file(self):
        source = self.golden()
        self.succeeds("decode", source)
        os.rename(source, self.folder / "first")
        self.succeeds("encode", self.folder / "stereo.png")
        self.assertEqual(source.read_bytes(), (self.folder / "first").read_bytes())

    def test_profiles(self):
        self.succeeds("decode", self.golden())
        png = self.folder / "stereo.png"
        for arguments, name in (((), "default"), (("--profile", "fast"), "fast"), (("--profile", "near"), "near 1"),
                                (("--near", "3"), "near 3"), (("--near", "2", "--near-unit", "raw"), "near 2")):
            self.succeeds("encode", png, "--force", *arguments)
            info = json.loads(self.succeeds("info", self.folder / "stereo.strata", "--json"))
            self.assertEqual(info["profile"], name)
            self.assertEqual(info["checksum"], "right")
            expected = independent_decode((self.folder / "stereo.strata").read_bytes())
            self.assertEqual((info["width"], info["height"]), (expected.shape[1], expected.shape[0]))
        self.fails(2, "not with fast", "encode", png, "--profile", "fast", "--near", "1", "--force")
        self.fails(2, "--near", "encode", png, "--near", "0")
        self.fails(2, "--near-unit needs", "encode", png, "--near-unit", "raw", "--force")

    def test_info_lists_what_is_there(self):
        text = self.succeeds("info", GOLDEN / "two_bands.strata", GOLDEN / "full.strata")
        self.assertIn("checksum", text.splitlines()[0])
        self.assertRegex(text.splitlines()[1], r"two_bands\.strata +\d+x\d+ default +2 .* right$")
        self.assertEqual(len(text.splitlines()), 3)

    def test_damage_is_named(self):
        path = self.golden()
        good = path.read_bytes()
        for data, code, part in ((good[:-1], 10, "cut short"), (good + b"x", 10, "1 bytes follow"), (b"", 10, "early"),
                                 (b"PNG?" + good[4:], 8, "stereo.strata"), (good[:4] + b"\2" + good[5:], 8, "stereo.strata"),
                                 (good[:-40] + bytes([good[-40] ^ 4]) + good[-39:], 10, "damaged")):
            path.write_bytes(data)
            self.fails(code, part, "decode", path)
            self.assertFalse((self.folder / "stereo.png").exists())
            result = self.fails(code, "stereo.strata", "info", path, "--json")
            self.assertIn(json.loads(result.stdout)["checksum"], ("wrong", "not checked"))

    def test_a_changed_bit_never_changes_pixels_unseen(self):
        path = self.golden("tiny")
        good = path.read_bytes()
        seen = 0
        for at in range(len(good)):
            changed = good[:at] + bytes([good[at] ^ 1]) + good[at + 1:]
            path.write_bytes(changed)
            if lenswire("depth", "info", path).returncode == 0:  # the encoder's remark, bits of filling
                self.assertEqual(independent_decode(changed).tolist(), independent_decode(good).tolist(), f"byte {at}")
            else:
                seen += 1
        self.assertGreater(seen, 0.8 * len(good))

    def test_one_bad_file_does_not_stop_the_others(self):
        for name in ("a", "b", "c"):
            shutil.copy(GOLDEN / "stereo.strata", self.folder / f"{name}.strata")
        (self.folder / "b.strata").write_bytes(b"STRA\1 nonsense")
        result = self.fails(10, "b.strata", "decode", self.folder)
        self.assertIn("decoded 2 files", result.stdout)
        self.assertEqual({path.name for path in self.folder.glob("*.png")}, {"a.png", "c.png"})

    def test_nothing_is_overwritten_unasked(self):
        path = self.golden()
        (self.folder / "stereo.png").write_text("mine")
        self.fails(2, "--force", "decode", path)
        self.assertEqual((self.folder / "stereo.png").read_text(), "mine")
        self.succeeds("decode", path, "--force")
        self.assertNotEqual((self.folder / "stereo.png").read_bytes()[:4], b"mine")

    def test_folders(self):
        self.fails(3, "no .png files", "encode", self.folder)
        self.fails(3, "no .strata files", "decode", self.folder)
        self.fails(3, "no .strata files", "info", self.folder)
        self.fails(3, "there is no file or folder", "encode", self.folder / "none")
        (self.folder / "a.png").write_text("text")
        self.fails(2, "a.png", "encode", self.folder)

    def test_other_pictures_in_a_folder_are_left_out(self):
        if cv2 is None:
            self.skipTest("python3-opencv is not installed")
        cv2.imwrite(str(self.folder / "color_000.png"), numpy.zeros((4, 6, 3), numpy.uint8))
        self.fails(8, "an 8-bit PNG (colour)", "encode", self.folder / "color_000.png")
        self.fails(3, "16-bit grey", "encode", self.folder)
        cv2.imwrite(str(self.folder / "depth_000.png"), numpy.full((4, 6), 700, numpy.uint16))
        self.assertIn("1 left out", self.succeeds("encode", self.folder))
        summary = json.loads(self.succeeds("encode", self.folder, "--json", "--force"))
        self.assertEqual((summary["files"], summary["skipped"], summary["failed"]), (1, 1, 0))
        self.assertEqual(summary["raw_bytes"], 48)

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("mount"), "a small file system needs root")
    def test_a_full_disk(self):
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", disk], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("tmpfs cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        self.fails(5, "No space left", "decode", GOLDEN / "tof_wide.strata", "--out", disk)
        self.assertEqual(list(disk.iterdir()), [], "nothing half-written is left")

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_a_folder_that_is_not_ours(self):
        self.fails(4, "/proc", "decode", self.golden(), "--out", "/proc/lenswire")

    def test_help_has_examples(self):
        for command in ("encode", "decode", "info"):
            self.assertIn(f"Example: lenswire depth {command}", self.succeeds(command, "--help"))


class OnATerminal(Files):
    def run_on_terminal(self, *arguments):
        """Exit code, and what went to the terminal on stderr."""
        reader, writer = pty.openpty()
        process = subprocess.Popen([BINARY, "depth", *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=writer)
        os.close(writer)
        shown = b""
        while select.select([reader], [], [], 60)[0]:
            try:
                piece = os.read(reader, 4096)
            except OSError:
                break
            if not piece:
                break
            shown += piece
            yield process, shown
        os.close(reader)
        process.wait(60)
        yield process, shown

    def make_work(self, count):
        for i in range(count):
            (self.folder / f"{i:04}.strata").symlink_to(GOLDEN / "tof_wide.strata")

    def test_progress_has_rate_and_time_left(self):
        self.make_work(2000)
        for process, shown in self.run_on_terminal("decode", self.folder, "--out", self.folder / "out", "--threads", 1):
            pass
        self.assertEqual(process.returncode, 0, shown)
        self.assertRegex(shown.decode(), r"\d+ of 2000 files, [\d.]+ a second, \d+ s left, [\d.]+ .B/s raw")
        self.assertTrue(shown.endswith(b"\r\x1b[K"), "the line is gone at the end")

    def test_interrupted(self):
        self.make_work(4000)
        told = False
        for process, shown in self.run_on_terminal("decode", self.folder, "--out", self.folder / "out", "--threads", 1):
            if b" of 4000 files" in shown and not told:
                process.send_signal(signal.SIGINT)
                told = True
        self.assertTrue(told)
        self.assertEqual(process.returncode, 130, shown)
        self.assertFalse([path for path in (self.folder / "out").iterdir() if path.suffix == ".part"])


@unittest.skipUnless(DATA.is_dir(), "the depth data (../shared/data/depth) is not here")
@unittest.skipIf(cv2 is None, "python3-opencv is not installed")
class SensorData(Files):
    def test_every_folder_comes_back_bit_by_bit(self):
        for source in sorted(path for path in DATA.iterdir() if path.is_dir()):
            with self.subTest(source.name):
                packed, back = self.folder / f"{source.name}.s", self.folder / f"{source.name}.p"
                summary = json.loads(self.succeeds("encode", source, "--out", packed, "--json", "--threads", 2))
                names = sorted(path.name for path in source.glob("*.png") if
                               cv2.imread(str(path), cv2.IMREAD_UNCHANGED).dtype == numpy.uint16)
                self.assertEqual(summary["files"], len(names))
                self.assertGreater(summary["ratio"], 3)
                self.assertLess(summary["strata_bytes"], summary["png_bytes"])
                self.succeeds("decode", packed, "--out", back)
                for name in names:
                    expected = cv2.imread(str(source / name), cv2.IMREAD_UNCHANGED)
                    got = cv2.imread(str(back / name), cv2.IMREAD_UNCHANGED)
                    self.assertTrue(numpy.array_equal(got, expected), name)
                for line in self.succeeds("info", packed, "--json").splitlines():
                    self.assertEqual(json.loads(line)["checksum"], "right")


if __name__ == "__main__":
    unittest.main(verbosity=2)
