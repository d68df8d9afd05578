#!/usr/bin/python3
"""Filters, aligned streams and calibrations through the real server, against numpy, OpenCV and PyYAML.

Environment: LENSWIRE_BINARY, the program to test. Skips where OpenCV for Python is missing; the part with
recorded frames also where ../shared/data/depth is."""

import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from server_process import RECORDING, ServerProcess, lenswire, wait_until  # noqa: E402

try:
    import cv2
    import numpy as np
except ImportError:
    cv2 = None
try:
    import yaml
except ImportError:
    yaml = None

WIDTH, HEIGHT = 96, 72
DEPTH = {"width": WIDTH, "height": HEIGHT, "fx": 90.0, "fy": 91.0, "cx": 47.3, "cy": 35.9}
COLOR = {"width": 128, "height": 96, "fx": 150.0, "fy": 149.0, "cx": 63.1, "cy": 48.2}
SHIFT = [0.02, -0.004, 0.001]  # where the colour camera stands


def scene():
    """A slanted wall, a near box, and holes; colours that tell where they were."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    depth = (1500 + 3 * x + 2 * y + (x * 7 + y * 13) % 5).astype(np.uint16)
    depth[20:50, 30:60] = 800
    depth[(x * 31 + y * 17) % 11 == 0] = 0
    v, u = np.mgrid[0:COLOR["height"], 0:COLOR["width"]]
    color = np.dstack([u * 2 % 256, v * 2 % 256, (u + v) % 256]).astype(np.uint8)
    return depth, color


def decimated(depth, factor):
    """Medians of what is measured, the lower of two."""
    height, width = depth.shape[0] // factor, depth.shape[1] // factor
    blocks = depth[:height * factor, :width * factor].reshape(height, factor, width, factor)
    blocks = np.sort(blocks.transpose(0, 2, 1, 3).reshape(height, width, factor * factor), axis=2)
    measured = (blocks > 0).sum(axis=2)
    first = factor * factor - measured
    place = np.minimum(first + (np.maximum(measured, 1) - 1) // 2, factor * factor - 1)
    return np.take_along_axis(blocks, place[..., None], axis=2)[..., 0]


def to_color(x, y, z_m):
    """Pixel and distance of a depth pixel's point in the colour camera."""
    point = np.array([(x - DEPTH["cx"]) / DEPTH["fx"] * z_m, (y - DEPTH["cy"]) / DEPTH["fy"] * z_m, z_m]) - SHIFT
    return (point[0] / point[2] * COLOR["fx"] + COLOR["cx"], point[1] / point[2] * COLOR["fy"] + COLOR["cy"], point[2])


def aligned(depth, grown):
    out = np.full((COLOR["height"], COLOR["width"]), 65535, int)
    for y, x in zip(*np.nonzero(depth)):
        z = depth[y, x] * 0.001
        u0, v0, moved = to_color(x - 0.5, y - 0.5, z)
        u1, v1, _ = to_color(x + 0.5, y + 0.5, z)
        rows = slice(max(0, int(np.ceil(v0 - grown))), max(0, int(np.floor(v1 + grown)) + 1))
        columns = slice(max(0, int(np.ceil(u0 - grown))), max(0, int(np.floor(u1 + grown)) + 1))
        out[rows, columns] = np.minimum(out[rows, columns], round(moved * 1000))
    out[out == 65535] = 0
    return out


@unittest.skipIf(cv2 is None, "needs python3-opencv")
class Filters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.depth, cls.color = scene()
        cv2.imwrite(str(folder / "depth_000.png"), cls.depth)
        cv2.imwrite(str(folder / "color_000.png"), cls.color[:, :, ::-1])
        (folder / "calibration.json").write_text(json.dumps({
            "depth": {"unit_mm": 1, "intrinsics": DEPTH},
            "color": {"intrinsics": COLOR, "reference_from_stream": {
                "rotation": [1, 0, 0, 0, 1, 0, 0, 0, 1], "translation_m": SHIFT}}}))
        cls.folder = folder
        cls.server = cls.enterClassContext(ServerProcess("--camera", f"desk=replay:{folder}?fps=10"))

    def png(self, path):
        answer = self.server.get(f"/cameras/desk/{path}")
        self.assertEqual(answer.status, 200, answer.text if answer.status != 200 else "")
        return cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_UNCHANGED)

    def test_the_server_filters_as_numpy_does(self):
        self.assertTrue((self.png("depth.png") == self.depth).all())
        for factor in (2, 3):
            self.assertTrue((self.png(f"depth.png?filter=decimate:{factor}") == decimated(self.depth, factor)).all())
        near = np.where(self.depth <= 1000, self.depth, 0)
        self.assertTrue((self.png("depth.png?filter=threshold:0:1") == near).all())
        # A still scene, without any change from frame to frame.
        self.assertTrue((self.png("depth.png?filter=temporal") == self.depth).all())
        filled = self.png("depth.png?filter=holes:nearest")
        self.assertTrue((filled[self.depth > 0] == self.depth[self.depth > 0]).all())
        self.assertTrue((filled[1:, 1:] > 0).all())
        smooth = self.png("depth.png?filter=spatial:0.5:20:2").astype(int)
        self.assertTrue(((smooth == 0) == (self.depth == 0)).all())
        self.assertLess(abs(smooth - self.depth.astype(int))[self.depth > 0].max(), 20)
        small = self.png("depth.png?filter=decimate:2,holes:left&region=4,2,20,10&scale=0.5")
        self.assertEqual(small.shape, (5, 10))
        metrics = self.server.metrics()
        of_depth = '{camera="desk",stream="depth"}'
        self.assertGreaterEqual(metrics["lenswire_stream_filtered_frames_total" + of_depth], 7)
        self.assertEqual(metrics["lenswire_stream_filter_failures_total" + of_depth], 0)
        self.assertLess(0, metrics["lenswire_stream_filter_seconds_total" + of_depth])
        self.assertLess(metrics["lenswire_stream_filter_seconds_total" + of_depth],
                        metrics["lenswire_stream_encode_seconds_total" + of_depth])

    def test_mistakes_are_answered_with_what_there_is(self):
        for query, named in (("filter=sharpen", "no filter 'sharpen'; there is: decimate"),
                             ("filter=decimate:9", "decimate:9"), ("filter=disparity", "needs 'depth'")):
            answer = self.server.get(f"/cameras/desk/depth.png?{query}")
            self.assertEqual(answer.status, 400)
            self.assertIn(named, answer.json["message"])
        answer = self.server.get("/cameras/desk/color.png?filter=holes")
        self.assertEqual(answer.status, 422)
        self.assertIn("'color'", answer.json["message"])

    def test_points_of_filtered_depth(self):
        with tempfile.TemporaryDirectory() as folder:
            done = lenswire("grab", f"{self.server.address}/desk/depth", "--filter", "decimate:2", "--format", "ply",
                            "--out", folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            [file] = pathlib.Path(folder).glob("*.ply")
            head, _, body = file.read_bytes().partition(b"end_header\n")
            points = np.frombuffer(body, "<f4").reshape(-1, 3)
            expected = decimated(self.depth, 2)
            self.assertIn(f"vertex {np.count_nonzero(expected)}".encode(), head)
            rows, columns = np.nonzero(expected)
            # The half-pixel convention: the middle of the first block is at (0.5, 0.5) of the original.
            x = (columns * 2 + 0.5 - DEPTH["cx"]) / DEPTH["fx"] * expected[rows, columns] * 0.001
            self.assertLess(abs(points[:, 0] - x).max(), 1e-5)
            profile = json.loads((pathlib.Path(folder) / "frames.jsonl").read_text())["profile"]
            self.assertEqual(profile["intrinsics"]["fx"], DEPTH["fx"] / 2)
            self.assertEqual(profile["width"], WIDTH // 2)

    def test_depth_aligned_equals_the_definition(self):
        got = self.png("depth_aligned.png").astype(int)
        wide, narrow = aligned(self.depth, 0.125 + 0.01), aligned(self.depth, 0.125 - 0.01)
        self.assertTrue((got[narrow > 0] > 0).all())
        self.assertTrue((got[wide == 0] == 0).all())
        off = (abs(got - wide) > 1) & (abs(got - narrow) > 1)
        self.assertLess(off.sum(), got.size // 200)
        self.assertGreater((got > 0).sum(), got.size // 2)
        of_stream = '{camera="desk",stream="depth_aligned"}'
        # The picture is sent before it is counted.
        metrics = wait_until(lambda: (m := self.server.metrics())["lenswire_derived_frames_total" + of_stream] and m,
                             "a frame is counted")
        self.assertEqual(metrics["lenswire_derived_offered" + of_stream], 1)
        self.assertEqual(metrics["lenswire_derived_failures_total" + of_stream], 0)
        self.assertGreater(metrics["lenswire_derived_seconds_total" + of_stream], 0)
        self.assertGreaterEqual(metrics["lenswire_stream_frames_total" + of_stream], 1)
        for reason in ("busy", "unpaired"):
            self.assertIn(f'lenswire_derived_skipped_total{of_stream[:-1]},reason="{reason}"}}', metrics)

    def test_color_aligned_equals_the_definition(self):
        got = self.png("color_aligned.png")[:, :, ::-1]
        self.assertEqual(got.shape, (HEIGHT, WIDTH, 3))
        wrong = 0
        for y in range(HEIGHT):
            for x in range(WIDTH):
                expected = np.zeros(3, np.uint8)
                if self.depth[y, x]:
                    u, v, _ = to_color(x, y, self.depth[y, x] * 0.001)
                    u, v = int(np.floor(u + 0.5)), int(np.floor(v + 0.5))
                    if 0 <= u < COLOR["width"] and 0 <= v < COLOR["height"]:
                        expected = self.color[v, u]
                wrong += (got[y, x] != expected).any()
        self.assertLess(wrong, got.size // 500)

    def test_derived_streams_are_told_and_left_out_of_all(self):
        streams = {s["stream"]: s for s in self.server.get("/api/v1/cameras/desk").json["streams"]}
        streams.pop("skeleton", None)  # where the module that finds people is there
        self.assertEqual(sorted(streams), ["color", "color_aligned", "depth", "depth_aligned"])
        self.assertTrue(streams["depth_aligned"]["derived"])
        self.assertNotIn("derived", streams["depth"])
        self.assertEqual(streams["depth_aligned"]["intrinsics"], streams["color"]["intrinsics"])
        self.assertNotEqual(streams["depth_aligned"]["calibration_version"], streams["depth"]["calibration_version"])
        with tempfile.TemporaryDirectory() as folder:
            done = lenswire("grab", f"{self.server.address}/desk", "--out", folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(list(pathlib.Path(folder).glob("desk-*"))), 2)

    @unittest.skipUnless(RECORDING.is_dir(), f"needs the recorded frames in {RECORDING}")
    def test_recorded_frames_without_a_server(self):
        original = cv2.imread(str(RECORDING / "depth_000.png"), cv2.IMREAD_UNCHANGED)
        for filters, check in (("decimate:2", lambda out: (out == decimated(original, 2)).all()),
                               ("holes:farthest", lambda out: (out[original > 0] == original[original > 0]).all()),
                               ("decimate:3,spatial", lambda out: ((out > 0) == (decimated(original, 3) > 0)).all())):
            with tempfile.TemporaryDirectory() as folder:
                done = lenswire("grab", f"replay:{RECORDING}?fps=30", "--filter", filters, "--out", folder)
                self.assertEqual(done.returncode, 0, done.stderr)
                [file] = pathlib.Path(folder).glob("*depth-*.png")
                self.assertEqual(int(file.stem.rsplit("-", 1)[1]), 0)
                self.assertTrue(check(cv2.imread(str(file), cv2.IMREAD_UNCHANGED)), filters)


@unittest.skipIf(cv2 is None, "needs python3-opencv")
class Calibration(unittest.TestCase):
    def run_ok(self, *arguments):
        done = lenswire("calibration", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_exported_files_are_read_by_opencv_and_yaml(self):
        with ServerProcess("--camera", "room=synthetic:room?size=160x120") as server, \
                tempfile.TemporaryDirectory() as folder:
            url = f"{server.address}/room/color"
            shown = json.loads(self.run_ok("show", url, "--json"))
            camera = shown["intrinsics"]
            self.assertIn("focal length", self.run_ok("show", f"{server.address}/room"))
            file = pathlib.Path(folder) / "camera.yml"
            self.run_ok("export", url, "--format", "opencv", "--out", file)
            storage = cv2.FileStorage(str(file), cv2.FILE_STORAGE_READ)
            matrix = storage.getNode("camera_matrix").mat()
            self.assertEqual([matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]],
                             [camera[k] for k in ("fx", "fy", "cx", "cy")])
            self.assertEqual(int(storage.getNode("image_width").real()), 160)
            self.assertEqual(storage.getNode("distortion_coefficients").mat().size, 5)
            translation = storage.getNode("reference_from_stream_translation_m").mat().ravel().tolist()
            self.assertEqual(translation, shown["reference_from_stream"]["translation_m"])
            storage.release()
            if yaml:
                ros = yaml.safe_load(self.run_ok("export", url, "--format", "ros"))
                self.assertEqual(ros["camera_matrix"]["data"], matrix.ravel().tolist())
                self.assertEqual(ros["distortion_model"], "plumb_bob")
                self.assertEqual(len(ros["projection_matrix"]["data"]), 12)

    def test_a_calibration_over_http(self):
        path = "/api/v1/cameras/room/streams/depth/calibration"
        with tempfile.TemporaryDirectory() as folder:
            arguments = ("--camera", "room=synthetic:room?size=160x120", "--calibration-dir", f"{folder}/kept")

            def put(server, value, kind="application/json", **headers):
                body = value if isinstance(value, str) else json.dumps(value)
                return server.http("PUT", path, body, {"Content-Type": kind, **headers})

            with ServerProcess(*arguments) as server:
                url = f"{server.address}/room/depth"
                before = server.get(path).json
                self.assertEqual(before, json.loads(self.run_ok("show", url, "--json")))
                # What it answers can be sent back, and is then the user's.
                wanted = json.loads(json.dumps(before))
                wanted["intrinsics"].update(fx=140.25, model="brown_conrady",
                                            distortion=[0.1, -0.2, 0.001, 0.002, 0.05, 0, 0, 0])
                now = put(server, wanted)
                self.assertEqual(now.status, 200, now.text)
                self.assertEqual(now.json["intrinsics"], wanted["intrinsics"])
                self.assertEqual(now.json["depth_unit_m"], before["depth_unit_m"])
                self.assertNotEqual(now.json["calibration_version"], before["calibration_version"])
                self.assertEqual(json.loads(self.run_ok("show", url, "--json")), now.json)
                # What is absent is the device's own.
                only = put(server, {"depth_unit_m": 0.002}).json
                self.assertEqual((only["depth_unit_m"], only["intrinsics"]), (0.002, before["intrinsics"]))
                for body, status, named in (
                        ("", 400, "JSON"), ("[]", 400, "JSON"), ({"fx": 100}, 400, "intrinsics"),
                        ({"intrinsics": 7}, 400, "intrinsics"), ({"depth_unit_m": "a"}, 400, "depth_unit_m"),
                        ({"intrinsics": {**before["intrinsics"], "fx": 0.1}}, 400, "pixels"),
                        ({"intrinsics": {**before["intrinsics"], "width": 120}}, 400, "another shape"),
                        ({"intrinsics": {**before["intrinsics"], "cx": 10 ** 400}}, 400, "")):
                    answer = put(server, body)
                    self.assertEqual(answer.status, status, (body, answer.text))
                    self.assertIn(named, answer.json["message"])
                self.assertEqual(put(server, wanted, kind="text/plain").status, 415)
                self.assertEqual(put(server, wanted, Origin="http://elsewhere.example").status, 403)
                self.assertEqual(server.get(path.replace("depth", "sound")).status, 404)
                self.assertEqual(server.get(path.replace("room", "hall")).status, 404)
                self.assertEqual(server.http("DELETE", path).status, 405)
                # Made of others: can be read, not set.
                aligned = path.replace("depth", "depth_aligned")
                self.assertEqual(server.get(aligned).status, 200)
                self.assertEqual(server.http("PUT", aligned, "{}", {"Content-Type": "application/json"}).status, 404)
                self.assertEqual(server.get(path).json, only, "what was refused changed nothing")
                self.assertEqual(put(server, wanted).status, 200)
            with ServerProcess(*arguments) as server:
                self.assertEqual(server.get(path).json, now.json)
                self.assertEqual(put(server, {}).json, before)
            with ServerProcess(*arguments) as server:
                self.assertEqual(server.get(path).json, before)

    def test_a_calibration_is_kept_and_told(self):
        with tempfile.TemporaryDirectory() as folder:
            arguments = ("--camera", "room=synthetic:room?size=160x120", "--calibration-dir", f"{folder}/kept")
            file = pathlib.Path(folder) / "mine.yml"
            # What OpenCV itself writes.
            storage = cv2.FileStorage(str(file), cv2.FILE_STORAGE_WRITE)
            storage.write("image_width", 320)
            storage.write("image_height", 240)
            storage.write("camera_matrix", np.array([[280.5, 0, 161], [0, 281.25, 118], [0, 0, 1]]))
            storage.write("distortion_coefficients", np.array([[0.1, -0.2, 0.001, 0.002, 0.05]]))
            storage.release()
            with ServerProcess(*arguments) as server:
                url = f"{server.address}/room/depth"
                before = json.loads(self.run_ok("show", url, "--json"))
                now = json.loads(self.run_ok("set", url, file, "--json"))
                self.assertEqual(now["intrinsics"]["fx"], 140.25)  # half the size
                self.assertEqual(now["intrinsics"]["model"], "brown_conrady")
                self.assertEqual(now["depth_unit_m"], before["depth_unit_m"])
                self.assertNotEqual(now["calibration_version"], before["calibration_version"])
                aligned = json.loads(self.run_ok("show", f"{server.address}/room/color_aligned", "--json"))
                self.assertEqual(aligned["intrinsics"], now["intrinsics"])
                for text, named in (("image_width: 320\n", "camera_matrix"),
                                    (file.read_text().replace("2.8050000000000000e+02", "0.28"), "pixels"),
                                    (file.read_text().replace("240", "241").replace("320", "240"), "another shape")):
                    bad = pathlib.Path(folder) / "bad.yml"
                    bad.write_text(text)
                    done = lenswire("calibration", "set", url, bad)
                    self.assertNotEqual(done.returncode, 0, text)
                    self.assertIn(named, done.stderr)
            with ServerProcess(*arguments) as server:
                url = f"{server.address}/room/depth"
                self.assertEqual(json.loads(self.run_ok("show", url, "--json")), now)
                back = json.loads(self.run_ok("set", url, "--clear", "--json"))
                self.assertEqual(back["calibration_version"], before["calibration_version"])


if __name__ == "__main__":
    unittest.main()
