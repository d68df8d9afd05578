#!/usr/bin/python3
"""The page in headless Chromium: live pictures, exact depth, the state and reason of a broken camera.

Environment: LENSWIRE_BINARY, the program to test; LENSWIRE_SCREENSHOTS, a folder for pictures to look at."""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from server_process import RECORDING, ServerProcess, lwp, wait_until  # noqa: E402

import numpy as np  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """Chromium over its debugging pipe (descriptors 3 and 4; messages of JSON that end in NUL)."""

    def __init__(self, profile):
        commands, self._out = os.pipe()
        self._in, answers = os.pipe()
        redirect = 'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@"'
        self._process = subprocess.Popen(
            ["bash", "-c", redirect, "bash", str(commands), str(answers), CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu",
             "--remote-debugging-pipe", f"--user-data-dir={profile}", "--window-size=1280,1000", "about:blank"],
            pass_fds=(commands, answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(answers)
        self._answers = os.fdopen(self._in, "rb")
        self._buffer = b""
        self._last_id = 0
        self._session = None
        self.errors = []
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        self.call("Runtime.enable")
        self.call("Log.enable")

    def _message(self):
        while b"\0" not in self._buffer:
            piece = os.read(self._in, 1 << 20)
            if not piece:
                raise AssertionError("Chromium is gone")
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def call(self, method, **parameters):
        self._last_id += 1
        command = {"id": self._last_id, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._out, json.dumps(command).encode() + b"\0")
        while (message := self._message()).get("id") != self._last_id:
            if message.get("method") == "Runtime.exceptionThrown":
                self.errors.append(message["params"]["exceptionDetails"])
            if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
                self.errors.append(message["params"]["entry"])
        if "error" in message:
            raise AssertionError(f"{method}: {message['error']}")
        return message["result"]

    def evaluate(self, script):
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise AssertionError(result["exceptionDetails"])
        return result["result"].get("value")

    def wait_for(self, script, what, limit=30):
        end = time.monotonic() + limit
        while not (value := self.evaluate(script)):
            if time.monotonic() > end:
                text = self.evaluate("document.body.innerText")
                raise AssertionError(f"not within {limit} s: {what}; the page says: {text}; errors: {self.errors}")
            time.sleep(0.05)
        return value

    def screenshot(self, name):
        folder = os.environ.get("LENSWIRE_SCREENSHOTS")
        if folder:
            data = base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
            (pathlib.Path(folder) / name).write_bytes(data)

    def close(self):
        os.close(self._out)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.close()

    def depth_frame(self, stream):
        """(sequence, metres a step, pixels) of the newest frame that the page shows exactly; None while there is none."""
        # As text in base64: a list of so many numbers would take seconds.
        frame = self.evaluate("""(() => {
            const frame = window.lenswire.depthFrame('%s');
            if (!frame) return null;
            const bytes = new Uint8Array(frame.codes.buffer);
            let text = '';
            for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
            return {...frame, codes: btoa(text)};
        })()""" % stream)
        if not frame:
            return None
        pixels = np.frombuffer(base64.b64decode(frame["codes"]), "<u2").reshape(frame["height"], frame["width"])
        return frame["sequence"], frame["depthUnitM"], pixels

    def canvas_pixels(self, stream):
        """What is painted: height x width x 3."""
        picture = self.evaluate("""(() => {
            const canvas = document.querySelector('canvas[data-stream="%s"]');
            const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            let text = '';
            for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
            return {width: canvas.width, height: canvas.height, data: btoa(text)};
        })()""" % stream)
        pixels = np.frombuffer(base64.b64decode(picture["data"]), np.uint8)
        return pixels.reshape(picture["height"], picture["width"], 4)[..., :3]


# The brightness of a canvas: its least and its greatest value, of a few rows.
SPREAD = """(() => {
  const canvas = document.querySelector('canvas[data-stream="%s"]');
  const pixels = canvas.getContext('2d').getImageData(0, canvas.height / 2, canvas.width, 4).data;
  let low = 255, high = 0;
  for (let i = 0; i < pixels.length; i += 4) { low = Math.min(low, pixels[i]); high = Math.max(high, pixels[i]); }
  return high - low;
})()"""


@unittest.skipUnless(CHROMIUM, "needs chromium")
class Page(unittest.TestCase):
    def setUp(self):
        self.browser = Browser(self.enterContext(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        self.addCleanup(self.browser.close)

    def test_good_and_broken_cameras(self):
        with ServerProcess("--name", "Bench 7", "--camera", "room=synthetic:room", "--camera",
                           "door=v4l2:/dev/video99") as server:
            self.browser.call("Page.navigate", url=server.url + "/")
            for stream, width in (("room/color", 640), ("room/depth", 640)):
                canvas = f"document.querySelector('canvas[data-stream=\"{stream}\"]')"
                self.browser.wait_for(f"{canvas} && {canvas}.dataset.frames > 3", f"pictures of {stream}")
                self.assertEqual(self.browser.evaluate(canvas + ".width"), width)
                self.assertGreater(self.browser.evaluate(SPREAD % stream), 30, "there is something in the picture")
            self.browser.wait_for("/\\d fps|\\d Hz|\\d\\/s/.test(document.body.innerText)", "the rate")
            text = self.browser.evaluate("document.body.innerText")
            for part in ("Bench 7", "room", "streaming", "door", "absent", "/dev/video99"):
                self.assertIn(part, text)
            self.browser.screenshot("page.png")
            # A build without the decoder has its 404 there.
            errors = [e for e in self.browser.errors
                      if decoder_is_built(server) or not e.get("url", "").endswith("/strata.wasm")]
            self.assertEqual(errors, [], "an empty console")

    def choose(self, select, value):
        self.browser.evaluate("""(() => {
            const select = document.getElementById('%s');
            select.value = '%s';
            select.dispatchEvent(new Event('change'));
        })()""" % (select, value))

    def test_size_and_rate_are_chosen_for_everybody(self):
        with tempfile.TemporaryDirectory() as folder:
            still = pathlib.Path(folder) / "depth.png"
            still.write_bytes(lwp.png_encode_16(np.full((60, 80), 1500, np.uint16)))
            with ServerProcess("--camera", "room=synthetic:room?fps=10", "--camera", f"still=image:{still}") as server:
                def stream():
                    return server.get("/api/v1/cameras/room").json["streams"][0]

                self.assertEqual(server.get("/api/v1/cameras/room/choices").json, {"options": ["size", "fps"], "sizes": []})
                self.assertEqual(server.get("/api/v1/cameras/still/choices").json, {"options": ["fps"], "sizes": []})
                self.browser.call("Page.navigate", url=server.url + "/")
                self.browser.wait_for("document.querySelectorAll('details').length === 2", "the cameras")
                self.browser.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
                value = "(document.getElementById('%s') || {}).value"
                self.browser.wait_for(value % "room--size" + " === '640x480'", "the size it has")
                self.browser.wait_for(value % "still--fps" + " === '1'", "the rate it has")
                self.assertFalse(self.browser.evaluate("!!document.getElementById('still--size')"), "it has one size")
                self.browser.screenshot("page_size_and_rate.png")
                self.choose("room--size", "320x240")
                canvas = "document.querySelector('canvas[data-stream=\"room/color\"]')"
                self.browser.wait_for(f"{canvas} && {canvas}.width === 320", "pictures of that size")
                self.choose("room--fps", "5")
                wait_until(lambda: stream()["rate_hz"] == 5, "the camera has that rate")
                self.assertEqual((stream()["width"], stream()["height"]), (320, 240))
                # What somebody else changes is shown.
                self.assertEqual(server.patch("/api/v1/cameras/room", {"size": "160x120"}).status, 200)
                self.browser.wait_for(value % "room--size" + " === '160x120'", "what another one chose")
                # A refusal is said, and what the camera has stays.
                self.browser.evaluate("document.getElementById('room--fps').add(new Option('9000 Hz', '9000'))")
                self.choose("room--fps", "9000")
                message = "(document.querySelector('.profile .row-error:not(:empty)') || {}).textContent || ''"
                self.assertIn("from 0.01 to 1000", self.browser.wait_for(message, "why not"))
                self.assertEqual(self.browser.evaluate(value % "room--fps"), "5")

    def test_the_page_says_when_the_server_is_gone_and_comes_back_with_it(self):
        server = ServerProcess("--camera", "room=synthetic:room?size=320x240")
        self.addCleanup(server.kill)
        self.browser.call("Page.navigate", url=server.url + "/")
        frames = "Number((document.querySelector('canvas[data-stream=\"room/color\"]') || {dataset: {}}).dataset.frames || 0)"
        self.browser.wait_for(frames + " > 3", "pictures")
        server.stop()
        self.browser.wait_for("!document.getElementById('banner').hidden", "a word about the server")
        self.browser.screenshot("page_without_server.png")
        seen = self.browser.evaluate(frames)
        with ServerProcess("--camera", "room=synthetic:room?size=320x240", port=server.port):
            self.browser.wait_for("document.getElementById('banner').hidden", "the word is taken back")
            self.browser.wait_for(f"{frames} > {seen + 3}", "pictures again")


ROOM = "room=synthetic:room?size=320x240"
DEPTH = 'document.querySelector(\'canvas[data-stream="room/depth"]\')'
# What the page says about how exact a picture is.
EXACTNESS = "(document.querySelector('.exactness') || {textContent: ''}).textContent"
IS_EXACT = EXACTNESS + " === 'exact, checksum verified'"


def decoder_is_built(server):
    return server.get("/strata.wasm").status == 200


@unittest.skipUnless(CHROMIUM, "needs chromium")
class ExactDepth(unittest.TestCase):
    def setUp(self):
        self.browser = Browser(self.enterContext(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        self.addCleanup(self.browser.close)

    def open(self, camera, *options, decoder=True):
        server = ServerProcess("--camera", camera, *options)
        self.addCleanup(server.kill)
        if decoder and not decoder_is_built(server):
            self.skipTest("built without strata.wasm: it needs clang and lld")
        self.browser.call("Page.navigate", url=server.url + "/")
        return server

    def write_recording(self, pictures):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for number, pixels in enumerate(pictures):
            (folder / f"depth_{number:03}.png").write_bytes(lwp.png_encode_16(pixels))
        return folder

    def test_the_decoder_is_served_for_compiling_while_it_arrives(self):
        answer = self.open(ROOM).get("/strata.wasm")
        self.assertEqual(answer.headers["Content-Type"], "application/wasm")
        self.assertIn("script-src 'self' 'wasm-unsafe-eval';", answer.headers["Content-Security-Policy"])

    def test_a_moving_scene_is_the_same_in_every_pixel(self):
        server = self.open("room=synthetic:room")
        self.browser.wait_for(IS_EXACT, "exact depth")
        reader = lwp.Reader("127.0.0.1", server.port)
        self.addCleanup(reader.close)
        reader.subscribe("room", "depth", "raw", policy="every")
        compared = set()
        while len(compared) < 5:
            sequence, unit, pixels = self.browser.depth_frame("room/depth")
            _, frame = reader.next()
            while frame.sequence < sequence:
                _, frame = reader.next()
            if frame.sequence != sequence:
                continue
            np.testing.assert_array_equal(pixels, frame.pixels)
            self.assertEqual(unit, 0.001)
            self.assertGreater(np.unique(pixels).size, 100)
            compared.add(sequence)
        self.assertEqual(self.browser.errors, [], "an empty console, the policy included")

    def test_every_code_arrives(self):
        every_code = np.arange(65536, dtype=np.uint16).reshape(256, 256)
        self.open(f"room=replay:{self.write_recording([every_code])}?unit_mm=0.25")
        self.browser.wait_for(IS_EXACT, "exact depth")
        _, unit, pixels = self.browser.depth_frame("room/depth")
        np.testing.assert_array_equal(pixels, every_code)
        self.assertEqual(unit, 0.00025)
        for x, y, metres in ((0, 0, None), (1, 0, 0.00025), (255, 255, 65535 * 0.00025), (256, 0, None), (-1, 0, None),
                             (0.5, 0, None)):
            for name in ("", ", 'room/depth'"):
                self.assertEqual(self.browser.evaluate(f"window.lenswire.depthAt({x}, {y}{name})"), metres, (x, y))
        self.assertIsNone(self.browser.evaluate("window.lenswire.depthAt(1, 0, 'room/other')"))
        self.assertEqual(self.browser.evaluate("window.lenswire.streams()"), ["room/depth"])

    def test_the_colours_are_the_servers(self):
        # Flat blocks survive JPEG at its best; their middles also survive what browsers do to colour between blocks.
        codes = np.arange(0, 65536, 64, dtype=np.uint16).reshape(32, 32)
        self.open(f"room=replay:{self.write_recording([np.kron(codes, np.ones((16, 16), np.uint16))])}?unit_mm=0.25")
        self.browser.wait_for(IS_EXACT, "exact depth")
        painted = self.browser.canvas_pixels("room/depth")[8::16, 8::16].astype(int)
        self.browser.evaluate("""(async () => {
            const blob = await (await fetch('/cameras/room/depth.jpg?quality=100')).blob();
            const canvas = document.createElement('canvas');
            canvas.dataset.stream = 'servers';
            [canvas.width, canvas.height] = [512, 512];
            canvas.getContext('2d').drawImage(await createImageBitmap(blob), 0, 0);
            document.body.append(canvas);
        })()""")
        servers = self.browser.canvas_pixels("servers")[8::16, 8::16].astype(int)
        self.assertEqual(painted[0, 0].tolist(), [0, 0, 0], "no measurement is black")
        self.assertEqual(painted[31, 31].tolist(), [70, 43, 143], "the farthest colour")
        self.assertLessEqual(np.abs(painted - servers).max(), 3)

    @unittest.skipUnless(RECORDING.is_dir(), "needs ../shared/data/depth")
    def test_a_recording_of_a_real_camera_is_as_in_its_files(self):
        self.open(f"room=replay:{RECORDING}?fps=10")
        self.browser.wait_for(IS_EXACT, "exact depth")
        sources = [lwp.png_decode(path.read_bytes()) for path in sorted(RECORDING.glob("depth_*.png"))]
        seen = set()

        def compare():
            sequence, _, pixels = self.browser.depth_frame("room/depth")
            if sequence not in seen:
                np.testing.assert_array_equal(pixels, sources[sequence % len(sources)])
                seen.add(sequence)
            return len(seen) >= 10

        wait_until(compare, "ten frames")
        self.browser.screenshot("page_recording.png")

    def test_the_pointer_reads_the_pixel_under_it(self):
        near = np.full((120, 160), 1500, np.uint16)
        near[:, 80:] = 2345
        near[60:, :80] = 0
        self.open(f"room=replay:{self.write_recording([near])}")
        self.browser.wait_for(IS_EXACT, "exact depth")
        box = self.browser.evaluate(f"{DEPTH}.getBoundingClientRect().toJSON()")
        # A window of another shape than the picture, as in a full screen, leaves bars beside it.
        for x, y, text in ((20, 20, "1.500 m (raw 1500) at 20, 20"), (159, 119, "2.345 m (raw 2345) at 159, 119"),
                           (0, 119, "no measurement at 0, 119")):
            scale = min(box["width"] / 160, box["height"] / 120)
            left = box["left"] + (box["width"] - 160 * scale) / 2
            top = box["top"] + (box["height"] - 120 * scale) / 2
            self.browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=left + (x + 0.5) * scale,
                              y=top + (y + 0.5) * scale)
            self.browser.wait_for(f"document.querySelector('.depth').textContent === '{text}'", text)
            self.browser.screenshot("page_pointer.png")
        self.browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=2, y=2)
        self.browser.wait_for("/^Point at/.test(document.querySelector('.depth').textContent)", "the pointer has left")

    def test_a_slow_tab_gets_new_frames_not_old_ones(self):
        server = self.open("room=synthetic:room?size=160x120&fps=60")
        self.browser.wait_for(IS_EXACT, "exact depth")
        self.browser.evaluate("""(() => {
            const paint = CanvasRenderingContext2D.prototype.putImageData;
            window.painted = [];
            CanvasRenderingContext2D.prototype.putImageData = function (...all) {
                const until = performance.now() + 250;
                while (performance.now() < until);
                paint.apply(this, all);
                setTimeout(() => window.painted.push(window.lenswire.depthFrame('room/depth').sequence));
            };
        })()""")
        self.browser.wait_for("window.painted.length >= 16", "slow pictures")
        shown = self.browser.evaluate("window.painted")
        newest = next(s["sequence"] for s in server.get("/api/v1/cameras/room").json["streams"] if s["stream"] == "depth")
        made = shown[-1] - shown[0]
        self.assertGreater(made, 3 * len(shown), f"most frames are left out: {shown}")
        self.assertLess(newest - shown[-1], made / 2, "no queue has grown")
        self.browser.wait_for(IS_EXACT, "still exact")

    def test_a_closed_tab_ends_its_subscription(self):
        server = self.open(ROOM)

        def viewers():
            streams = server.get("/api/v1/cameras/room").json["streams"]
            return next(s["clients"] for s in streams if s["stream"] == "depth")

        self.browser.wait_for(IS_EXACT, "exact depth")
        self.assertEqual(viewers(), 1)
        self.browser.call("Page.navigate", url="about:blank")
        wait_until(lambda: viewers() == 0, "nobody looks at depth")

    def test_exact_depth_comes_back_with_the_server(self):
        server = self.open(ROOM)
        self.browser.wait_for(IS_EXACT, "exact depth")
        server.stop()
        self.browser.wait_for("!document.getElementById('banner').hidden", "a word about the server")
        seen = int(self.browser.evaluate(f"{DEPTH}.dataset.frames"))
        with ServerProcess("--camera", ROOM, port=server.port):
            self.browser.wait_for(f"{DEPTH}.dataset.frames > {seen + 3}", "pictures again")
            self.assertTrue(self.browser.evaluate(IS_EXACT))

    def test_exact_depth_comes_back_with_the_camera(self):
        far = ServerProcess("--camera", ROOM)
        self.addCleanup(far.kill)
        self.open(f"room=lenswire://{far.address}/room")
        self.browser.wait_for(IS_EXACT, "exact depth")
        far.stop()
        self.browser.wait_for("!/^(streaming|idle|opening|stalled)$/.test(document.querySelector('.state').textContent)",
                              "the camera is away")
        self.browser.screenshot("page_camera_away.png")
        seen = int(self.browser.evaluate(f"{DEPTH}.dataset.frames"))
        with ServerProcess("--camera", ROOM, port=far.port):
            self.browser.wait_for(f"{DEPTH}.dataset.frames > {seen + 3}", "pictures again", 60)
            self.assertTrue(self.browser.evaluate(IS_EXACT))

    def test_exact_depth_needs_no_second_login(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        server = self.open(ROOM, "--auth", "always", "--state-dir", folder, decoder=False)
        token = (folder / "token").read_text().strip()
        login = {"Authorization": "Basic " + base64.b64encode(f"x:{token}".encode()).decode()}
        if server.get("/strata.wasm", login).status != 200:
            self.skipTest("built without strata.wasm: it needs clang and lld")
        # As after the browser's question for the password, which a headless one does not show.
        self.browser.call("Page.navigate", url=f"http://x:{token}@{server.address}/")
        self.browser.wait_for("document.getElementById('banner') !== null", "the page")
        self.browser.call("Page.navigate", url=server.url + "/")
        self.browser.wait_for(IS_EXACT, "exact depth")

    def assert_jpeg_instead(self, script, reason, screenshot=None):
        """What the page does where `script` has taken something away from the browser."""
        self.browser.call("Page.enable")
        if script:
            self.browser.call("Page.addScriptToEvaluateOnNewDocument", source=script)
        self.open(ROOM, decoder=bool(script))
        self.browser.wait_for(f"{EXACTNESS} === {json.dumps('JPEG picture, not exact: ' + reason)}", reason)
        self.browser.wait_for(f"{DEPTH}.dataset.frames > 3", "pictures all the same")
        self.assertGreater(self.browser.evaluate(SPREAD % "room/depth"), 30, "there is something in the picture")
        self.assertIsNone(self.browser.evaluate("window.lenswire.depthAt(160, 120)"))
        self.assertEqual(self.browser.evaluate("window.lenswire.streams()"), [])
        if screenshot:
            self.browser.screenshot(screenshot)

    def test_a_browser_without_simd_shows_jpeg(self):
        self.assert_jpeg_instead("WebAssembly.validate = () => false;", "This browser has no WebAssembly SIMD.",
                                 "page_without_simd.png")

    def test_a_browser_without_webassembly_shows_jpeg(self):
        self.assert_jpeg_instead("delete window.WebAssembly;", "This browser has no WebAssembly.")

    def test_a_place_without_websockets_shows_jpeg(self):
        self.assert_jpeg_instead(
            "window.WebSocket = class { constructor() { setTimeout(() => this.onclose()); } close() {} };",
            "The WebSocket cannot be opened.")

    def test_a_build_without_the_decoder_shows_jpeg(self):
        with ServerProcess("--camera", ROOM) as server:
            built = decoder_is_built(server)
        hide = """const fetchAll = window.fetch;
            window.fetch = (path, ...more) => path === '/strata.wasm' ? Promise.resolve(new Response('{}', {status: 404}))
                                                                      : fetchAll(path, ...more);"""
        self.assert_jpeg_instead(hide if built else "", "This server was built without strata.wasm.")


if __name__ == "__main__":
    unittest.main()
