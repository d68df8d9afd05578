#!/usr/bin/python3
"""The real program with cameras on a real V4L2 kernel, from the device to the clients: run inside the VM by
run_in_vm.sh. Unplugs, plugs and reconfigures vivid cameras while clients watch them and one of another kind.

Environment: LENSWIRE_BINARY, the program to test."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "python"))
import numpy  # noqa: E402

import lwp_reader as lwp  # noqa: E402
from churn import Churn, ServerProcess, wait_until  # noqa: E402
from loopback import Loopback, module_file  # noqa: E402

BINARY = os.environ["LENSWIRE_BINARY"]
DRIVER = pathlib.Path("/sys/bus/platform/drivers/vivid")
LIMIT = 90  # generous: the VM's CPU is emulated


def run(*arguments):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=LIMIT, check=True).stdout


class Watcher(threading.Thread):
    """A client that stays connected and keeps what came."""

    def __init__(self, port, camera, **settings):
        super().__init__(daemon=True)
        self.reader = lwp.Reader("127.0.0.1", port, timeout=LIMIT)
        self.reader.subscribe(camera, "color", policy="latest", **settings)
        self.frames = []
        self.error = None
        self.start()

    def run(self):
        try:
            while True:
                _, frame = self.reader.next()
                self.frames.append((time.monotonic(), frame))
        except Exception as error:  # shown by whoever waits for frames
            self.error = error

    def wait_for(self, count):
        deadline = time.monotonic() + LIMIT
        while len(self.frames) < count:
            if self.error or time.monotonic() > deadline:
                raise AssertionError(f"{len(self.frames)} of {count} frames, then {self.error}")
            time.sleep(0.005)


    def wait_for_size(self, width, height):
        deadline = time.monotonic() + LIMIT
        while (self.frames[-1][1].width, self.frames[-1][1].height) != (width, height):
            if self.error or time.monotonic() > deadline:
                raise AssertionError(f"{self.frames[-1][1].width} wide, {self.error}")
            time.sleep(0.005)


class Cameras(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        local = json.loads(run("ls", "--local", "--json"))["sources"]
        cls.sources = local
        cls.server = subprocess.Popen(
            [BINARY, "serve", "--listen", "127.0.0.1:0", "--linger", "0.5",
             "--camera", "one=v4l2:/dev/video0", "--camera", "two=v4l2:/dev/video1",
             "--camera", "ball=synthetic:ball?size=64x64"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        cls.log = []
        for line in cls.server.stdout:
            cls.log.append(line)
            found = re.search(r"listening on http://(\S+)", line)
            if found:
                cls.address = found.group(1)
                cls.port = int(cls.address.rsplit(":", 1)[1])
                break
        else:
            raise AssertionError("the server did not start: " + "".join(cls.log))
        threading.Thread(target=lambda: cls.log.extend(cls.server.stdout), daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        began = time.monotonic()
        cls.server.terminate()
        code = cls.server.wait(LIMIT)
        took = time.monotonic() - began
        assert code == 0, "".join(cls.log)
        assert took < 4, f"stopped after {took:.1f} s"  # 2 s, and the emulated CPU

    def camera(self, name):
        with urllib.request.urlopen(f"http://{self.address}/api/v1/cameras/{name}", timeout=LIMIT) as reply:
            return json.load(reply)

    def wait_for_state(self, name, state):
        """How long it took, and the camera."""
        began = time.monotonic()
        while True:
            camera = self.camera(name)
            took = time.monotonic() - began
            if camera["state"] == state:
                return took, camera
            self.assertLess(took, LIMIT, camera)
            time.sleep(0.01)

    def test_1_both_cameras_are_found_and_listed_with_formats(self):
        self.assertEqual(len(self.sources), 3, self.sources)
        for number, source in enumerate(self.sources):
            self.assertEqual(source["uris"], [f"v4l2:/dev/video{number}", f"v4l2:platform:vivid-00{number}"])
            self.assertRegex(source["description"], r"vivid.*\d+x\d+")
            self.assertEqual((source["driver"], source["problem"]), ("vivid", ""))
            formats = {entry["fourcc"]: entry for entry in source["formats"]}
            self.assertGreater(len(formats), 60)
            vga = [size for size in formats["YUYV"]["sizes"] if size.get("width") == 640 and size["height"] == 480]
            self.assertIn(25, vga[0]["rates_hz"])
            self.assertEqual(formats["YUYV"]["format"], "yuyv")
            controls = {control["name"]: control for control in source["controls"]}
            self.assertTrue(controls["gain"]["inactive"] and controls["gain"]["volatile"])
            self.assertTrue(controls["read_only_integer_32_bits"]["read_only"])
            self.assertIn({"index": 3, "name": "Menu Item 3"}, controls["menu"]["menu"])
        text = run("ls", "--local")
        for part in ("v4l2:platform:vivid-001", "  YUYV     yuyv", "640x480    ", "read-only", "3=Menu Item 3"):
            self.assertIn(part, text)
        for name in ("one", "two"):
            camera = self.camera(name)
            self.assertIn("vivid", camera["model"])
            [stream] = [stream for stream in camera["streams"] if not stream.get("derived")]
            self.assertEqual(stream["stream"], "color")
            self.assertGreater(stream["width"] * stream["height"], 0)
        self.assertRegex(run("ls", self.address), r"(?s)one.*color.*two.*color")

    def test_2_grab_writes_frames_with_rising_numbers_and_kernel_times(self):
        with tempfile.TemporaryDirectory() as folder:
            before = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
            run("grab", f"{self.address}/one/color", "--frames", "5", "--out", folder, "--timeout", str(LIMIT))
            after = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
            lines = [json.loads(line) for line in (pathlib.Path(folder) / "frames.jsonl").read_text().splitlines()]
        self.assertEqual(len(lines), 5)
        for earlier, later in zip(lines, lines[1:]):
            self.assertGreater(later["sequence"], earlier["sequence"])
            self.assertGreater(later["server_capture_time_ns"], earlier["server_capture_time_ns"])
        for line in lines:
            # One machine, one clock: the kernel's stamp lies before all that followed.
            self.assertLess(before - 2_000_000_000, line["server_capture_time_ns"])
            self.assertLess(line["server_capture_time_ns"], line["server_arrival_time_ns"])
            self.assertLessEqual(line["server_arrival_time_ns"], line["server_send_time_ns"])
            self.assertLess(line["server_send_time_ns"], after)

    def test_3_the_stamp_is_the_drivers_not_the_time_of_arrival(self):
        watcher = Watcher(self.port, "one")
        watcher.wait_for(20)
        frames = [frame for _, frame in watcher.frames]
        domains = {frame.timestamp_domain for frame in frames}
        self.assertEqual(len(domains), 1)
        self.assertLessEqual(domains, {0, 1})  # by the kernel, at the end or the start of the exposure
        for frame in frames:
            self.assertLess(0, frame.arrival_time_ns - frame.capture_time_ns)
            self.assertLess(frame.arrival_time_ns - frame.capture_time_ns, 2_000_000_000)
        watcher.reader.close()

    def test_4_a_control_is_set_and_read_back(self):
        value = run("get", f"{self.address}/one", "brightness").strip()
        self.assertRegex(value, r"^brightness=\d+$")
        wanted = 77 if not value.endswith("=77") else 78
        self.assertEqual(run("set", f"{self.address}/one", "brightness", str(wanted)).strip(), f"brightness={wanted}")
        self.assertEqual(run("get", f"{self.address}/one", "brightness").strip(), f"brightness={wanted}")
        self.assertNotEqual(run("get", f"{self.address}/two", "brightness").strip(), f"brightness={wanted}")
        refused = subprocess.run([BINARY, "set", f"{self.address}/one", "brightness", "100000"],
                                 capture_output=True, text=True, timeout=LIMIT)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("brightness", refused.stderr)

    def test_5_a_changed_control_is_told_to_everybody(self):
        for state in ("streaming", "idle"):
            readers = [lwp.Reader("127.0.0.1", self.port, timeout=LIMIT) for _ in range(2)]
            for reader in readers:
                reader.request("watch", events=True)
            watcher = Watcher(self.port, "two") if state == "streaming" else None
            self.wait_for_state("two", state)
            value = 90 if state == "streaming" else 91
            self.assertEqual(run("set", f"{self.address}/two", "contrast", str(value)).strip(), f"contrast={value}")
            for reader in readers:
                while not any(control["name"] == "contrast" and control["value"] == value
                              for event in reader.events if event["event"] == "controls"
                              for control in event["controls"]):
                    reader.request("server")  # events come on the way
                    time.sleep(0.02)
                reader.close()
            if watcher:
                watcher.reader.close()

    def test_6_another_profile_is_for_all_and_cuts_off_nobody(self):
        watchers = [Watcher(self.port, "one") for _ in range(2)]
        scaled = Watcher(self.port, "one", scale=0.5)
        for watcher in (*watchers, scaled):
            watcher.wait_for(2)
        answer = run("set", f"{self.address}/one", "size=320x180", "fps=25")
        self.assertRegex(answer, r"^color: \w+ 320x180 at \d")
        for watcher in watchers:
            watcher.wait_for_size(320, 180)
        scaled.wait_for_size(160, 90)
        refused = subprocess.run([BINARY, "set", f"{self.address}/one", "size=321x180"],
                                 capture_output=True, text=True, timeout=LIMIT)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("it offers 320x180, 640x360, 640x480", refused.stderr)
        for watcher in (*watchers, scaled):
            watcher.wait_for(len(watcher.frames) + 2)  # as before
            self.assertEqual(watcher.frames[-1][1].width, 160 if watcher is scaled else 320)
            self.assertFalse([event for event in watcher.reader.events if event["event"] == "ended"])
            watcher.reader.close()

    def test_7_unplugged_it_is_absent_and_comes_back_by_itself(self):
        # vivid's devices hang on one driver and go together; a camera of another kind must not notice.
        watchers = {name: Watcher(self.port, name) for name in ("one", "two", "ball")}
        for watcher in watchers.values():
            watcher.wait_for(3)
        (DRIVER / "unbind").write_text("vivid.0")
        for name, device in (("one", "/dev/video0"), ("two", "/dev/video1")):
            took, camera = self.wait_for_state(name, "absent")
            self.assertLess(took, 2)
            self.assertIn(device, camera["reason"])
            print(f"{name} absent {took * 1000:.0f} ms after unbind: {camera['reason']}")

        watchers["ball"].wait_for(len(watchers["ball"].frames) + 20)
        self.assertEqual(self.camera("ball")["state"], "streaming")
        seen = {name: len(watcher.frames) for name, watcher in watchers.items()}

        (DRIVER / "bind").write_text("vivid.0")
        bound = time.monotonic()
        for name in ("one", "two"):
            watcher = watchers[name]
            watcher.wait_for(seen[name] + 5)
            took = watcher.frames[seen[name]][0] - bound
            print(f"{name} has frames again {took * 1000:.0f} ms after bind")
            self.wait_for_state(name, "streaming")
        for watcher in watchers.values():
            sequences = [frame.sequence for _, frame in watcher.frames]
            self.assertEqual(sequences, sorted(set(sequences)))
            self.assertIsNone(watcher.error)
            watcher.reader.close()


class MoreServers(unittest.TestCase):
    def test_what_goes_into_an_mjpeg_camera_comes_out_of_the_server(self):
        if not module_file().exists():
            self.skipTest(f"no {module_file()}; tools/setup-vm builds it")
        with ServerProcess("--camera", "ball=synthetic:ball?size=320x240&fps=10", stop_limit=30.0) as server:
            pictures = []

            def one_more():
                answer = server.get("/cameras/ball/color.jpg")
                if answer.status == 200 and answer.body not in pictures:
                    pictures.append(answer.body)
                return len(pictures) == 2

            wait_until(one_more, "two pictures to feed", LIMIT)
        with Loopback("MJPG", 320, 240, pictures), \
                ServerProcess("--camera", "loop=v4l2:/dev/video20?format=mjpeg", stop_limit=30.0) as server:
            seen = set()

            def both():
                answer = server.get("/cameras/loop/color.jpg")
                if answer.status == 200:
                    seen.add(answer.body)
                return len(seen) == 2

            wait_until(both, "both pictures came", LIMIT)
            self.assertEqual(seen, set(pictures))

    def test_what_goes_into_a_depth_camera_comes_out_of_the_server(self):
        if not module_file().exists():
            self.skipTest(f"no {module_file()}; tools/setup-vm builds it")
        depth = (numpy.arange(320 * 240, dtype=numpy.uint32) * 40503 % 65536).astype("<u2").reshape(240, 320)
        with Loopback("Z16 ", 320, 240, [depth.tobytes()]), \
                ServerProcess("--camera", "loop=v4l2:/dev/video20", stop_limit=30.0) as server:
            answer = wait_until(lambda: (a := server.get("/cameras/loop/depth.png")).status == 200 and a,
                                "a depth picture", LIMIT)
            numpy.testing.assert_array_equal(lwp.png_decode(answer.body), depth)

    def test_found_cameras_keep_their_names_whatever_else_is_plugged_in(self):
        if not module_file().exists():
            self.skipTest(f"no {module_file()}; tools/setup-vm builds it")

        def names():
            with ServerProcess("--state-dir", state, stop_limit=30.0) as server:
                cameras = server.get("/api/v1/cameras").json["cameras"]
                self.assertNotIn("camera_names", server.log)
            return {camera["name"]: camera["uri"] for camera in cameras if camera["uri"].startswith("v4l2:")}

        with tempfile.TemporaryDirectory() as state, Loopback("Z16 ", 320, 240, [bytes(320 * 240 * 2)]):
            everything = {"cam0": "v4l2:/dev/video0", "cam1": "v4l2:/dev/video1", "cam2": "v4l2:/dev/video2",
                          "cam3": "v4l2:/dev/video20"}
            self.assertEqual(names(), everything)
            (DRIVER / "unbind").write_text("vivid.0")
            try:
                self.assertEqual(names(), {"cam3": "v4l2:/dev/video20"})
            finally:
                (DRIVER / "bind").write_text("vivid.0")
            self.assertEqual(names(), everything)

    def test_two_rounds_of_the_churn(self):
        churn = Churn()
        before = churn.round()
        after = churn.round()
        churn.stop()
        print(f"churn: descriptors {before[0]}, then {after[0]}; memory {before[1] / 2**20:.1f}, then "
              f"{after[1] / 2**20:.1f} MiB; {churn.frames()} frames")
        self.assertLessEqual(after[0], before[0])


if __name__ == "__main__":
    unittest.main(verbosity=2)
