#!/usr/bin/python3
"""The page in headless Chromium: live pictures of a good camera, the state and reason of a broken one.

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
from server_process import ServerProcess  # noqa: E402

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
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True)
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
            self.assertEqual(self.browser.errors, [], "an empty console")

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


if __name__ == "__main__":
    unittest.main()
