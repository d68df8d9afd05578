#!/usr/bin/python3
"""Skeletons as a client sees them: the real model on the figure of synthetic:room, natively, as JSON over HTTP and
WebSocket, through the Camera2TCP door, on disk, and on the page.

Environment: LENSWIRE_BINARY, the program to test. Skips where the build has no module `pose`."""

import json
import math
import pathlib
import re
import socket
import statistics
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from page_test import CHROMIUM, Browser  # noqa: E402
from server_process import BINARY, ServerProcess, lenswire, lwp, wait_until  # noqa: E402

MODULE = pathlib.Path(BINARY).resolve().parent.parent / "lib" / "lenswire" / "modules" / "lenswire-pose.so"
LIMIT = 120


def server(*arguments):
    return ServerProcess("--camera", "room=synthetic:room?figure=1&fps=10", "--linger", "0", *arguments, stop_limit=60)


def stream(server, name):
    return next(s for s in server.get("/api/v1/cameras/room").json["streams"] if s["stream"] == name)


def json_with_somebody(server):
    def asked():
        answer = server.get("/cameras/room/skeleton.json")
        return answer if answer.status == 200 and answer.json["persons"] else None
    return wait_until(asked, "somebody is found", LIMIT)


@unittest.skipUnless(MODULE.exists(), "this build has no module pose (see its configure summary)")
class Skeleton(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(server(
            "--door", "camera2tcp:0=room", "--door", "camera2tcp:0=room?skeleton=json"))

    def test_joints_are_where_they_are(self):
        """The native stream against the true one, by capture time."""
        truths, found = {}, {}

        def read(name, into):
            reader = lwp.Reader("127.0.0.1", self.server.port, timeout=LIMIT)
            reader.subscribe("room", name, policy="every")
            while len(set(truths) & set(found)) < 8:
                _, frame = reader.next()
                self.assertEqual((frame.kind, frame.format, frame.codec), ("skeleton", "SKEL", "raw"))
                skeleton = lwp.decode_skeleton(frame.payload)
                if skeleton["persons"]:
                    into[frame.capture_time_ns] = skeleton
            reader.close()

        helper = threading.Thread(target=read, args=("skeleton_truth", truths), daemon=True)
        helper.start()
        read("skeleton", found)
        helper.join(LIMIT)
        pixels, metres, ids = [], [], set()
        for time in set(truths) & set(found):
            true = truths[time]["persons"][0]["joints"]
            self.assertEqual((found[time]["space"], found[time]["width"], found[time]["height"]), ("depth", 640, 480))
            ids |= {person["id"] for person in found[time]["persons"]}
            person = max(found[time]["persons"], key=lambda p: p["confidence"])
            for name, joint in person["joints"].items():
                if joint["confidence"] < 0.3:
                    continue
                pixels.append(math.hypot(joint["x_px"] - true[name]["x_px"], joint["y_px"] - true[name]["y_px"]))
                if joint["position_m"]:
                    metres.append(math.dist(joint["position_m"], true[name]["position_m"]))
        self.assertLess(statistics.median(pixels), 15)
        self.assertLess(statistics.median(metres), 0.12)
        self.assertGreater(len(metres), len(pixels) / 2)

    def test_json_over_http(self):
        answer = json_with_somebody(self.server)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        self.assertGreater(float(answer.headers["X-Timestamp"]), 1e9)
        skeleton = answer.json
        self.assertEqual((skeleton["space"], skeleton["width"]), ("depth", 640))
        person = skeleton["persons"][0]
        self.assertEqual([joint["name"] for joint in person["joints"]], lwp.JOINTS)
        self.assertEqual(len(person["kinect25"]), 25)
        absent = {j["name"] for j in person["kinect25"] if j["tracking"] == "not_tracked"}
        self.assertLessEqual({"hand_left", "thumb_right", "foot_left"}, absent)

    def test_json_over_websocket(self):
        reader = lwp.Reader("127.0.0.1", self.server.port, websocket=True, timeout=LIMIT)
        reply = reader.subscribe("room", "skeleton", "json")
        self.assertEqual((reply["codec"], reply["profile"]["kind"], reply["profile"]["format"]),
                         ("json", "skeleton", "skeleton"))
        _, frame = reader.next()
        self.assertEqual(frame.codec, "json")
        self.assertEqual(json.loads(frame.payload)["space"], "depth")
        reader.close()

    def test_what_is_no_picture_is_said_so(self):
        for path, part in (("skeleton.jpg", "not a picture"), ("skeleton.json?scale=0.5", "take it whole"),
                           ("color.json", "codec 'json' does not take")):
            answer = self.server.get("/cameras/room/" + path)
            self.assertEqual(answer.status, 422, path)
            self.assertIn(part, answer.json["message"])

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            done = lenswire("grab", f"{self.server.address}/room/skeleton", "--frames", "2", "--out", folder,
                            "--timeout", LIMIT, timeout=3 * LIMIT)
            self.assertEqual(done.returncode, 0, done.stderr)
            files = sorted(pathlib.Path(folder).glob("room-skeleton-*.json"))
            self.assertEqual(len(files), 2)
            self.assertIn("persons", json.loads(files[0].read_text()))
            done = lenswire("grab", f"{self.server.address}/room/skeleton_truth", "--format", "raw", "--out", folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            truth = lwp.decode_skeleton(next(pathlib.Path(folder).glob("room-skeleton_truth-*.raw")).read_bytes())
            self.assertEqual(len(truth["persons"]), 1)
            refused = lenswire("grab", f"{self.server.address}/room/skeleton", "--format", "png", "--out", folder)
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertIn("--format json or raw", refused.stderr)

    def test_camera2tcp(self):
        words, as_json = wait_until(
            lambda: (lambda ports: ports if len(ports) == 2 else None)(
                re.findall(r"^lenswire: door open on \S+:(\d+)$", self.server.log, re.M)), "the doors are announced")

        def ask(port):
            with socket.create_connection(("127.0.0.1", int(port)), LIMIT) as client:
                client.sendall(b"KinectSkeleton")
                return client.recv(65536).decode()
        wait_until(lambda: ask(words) == "on track", "somebody is on track", LIMIT)
        text = wait_until(lambda: (lambda t: t if t.startswith("{") else None)(ask(as_json)), "bodies", LIMIT)
        joints = json.loads(text)["bodies"][0]["joints"]
        self.assertEqual(len(joints), 25)
        self.assertTrue(any(joint and 1 < joint[2] < 4 for joint in joints))


@unittest.skipUnless(MODULE.exists(), "this build has no module pose (see its configure summary)")
class Demand(unittest.TestCase):
    def test_nothing_is_computed_unless_somebody_asks(self):
        with server() as room:
            before = stream(room, "skeleton")["frames"]
            reader = lwp.Reader("127.0.0.1", room.port, timeout=LIMIT)
            color = reader.subscribe("room", "color")["subscription"]
            for _ in range(10):
                reader.next()
            self.assertEqual((before, stream(room, "skeleton")["frames"]), (0, 0))
            self.assertNotIn("lw-pose", self.threads(room))
            people = reader.subscribe("room", "skeleton")["subscription"]
            while reader.next()[0] != people:
                pass
            self.assertIn("lw-pose", self.threads(room))
            reader.request("unsubscribe", subscription=people)
            wait_until(lambda: stream(room, "skeleton")["clients"] == 0, "nobody asks any more", LIMIT)
            # One may be in the making.
            frames = stream(room, "skeleton")["frames"] + 1
            for _ in range(20):
                subscription, _ = reader.next()
                self.assertEqual(subscription, color)
            self.assertLessEqual(stream(room, "skeleton")["frames"], frames)
            reader.close()

    @staticmethod
    def threads(room):
        return "".join(path.read_text() for path in pathlib.Path(f"/proc/{room.pid}/task").glob("*/comm"))


@unittest.skipUnless(MODULE.exists() and CHROMIUM, "needs the module pose and chromium")
class Page(unittest.TestCase):
    def test_people_are_drawn_when_asked_for(self):
        browser = Browser(self.enterContext(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        self.addCleanup(browser.close)
        with server() as room:
            browser.call("Page.navigate", url=room.url + "/")
            button = "[...document.querySelectorAll('button')].find((b) => b.textContent === 'Find people')"
            browser.wait_for(f"!!{button}", "the button", LIMIT)
            self.assertEqual(stream(room, "skeleton")["clients"], 0)
            browser.evaluate(f"{button}.click()")
            canvas = "document.querySelector('canvas[data-stream=\"room/skeleton\"]')"
            browser.wait_for(f"{canvas} && {canvas}.dataset.frames > 3", "drawings", LIMIT)
            browser.wait_for("document.querySelector('.people').textContent === '1 person'", "somebody", LIMIT)
            # The first person's colour, as web/skeleton_lines.js has it, on the canvas.
            browser.wait_for(f"""(() => {{
                const {{data}} = {canvas}.getContext('2d').getImageData(0, 0, {canvas}.width, {canvas}.height);
                let painted = 0;
                for (let i = 0; i < data.length; i += 4) {{
                    const near = (r, g, b) => Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 12;
                    painted += near(0x4d, 0xd0, 0xff) || near(0xff, 0x6b, 0x9a) || near(0xff, 0xb0, 0);
                }}
                return painted > 300;
            }})()""", "lines of a person", LIMIT)
            browser.screenshot("page_skeleton.png")
            self.assertEqual([e for e in browser.errors if not e.get("url", "").endswith("/strata.wasm")], [])


if __name__ == "__main__":
    unittest.main()
