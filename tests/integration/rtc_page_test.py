#!/usr/bin/python3
"""Exact depth over a data channel in headless Chromium, in a network namespace of the test's own.

Environment: LENSWIRE_BINARY. Needs root, `ip`, chromium and the module webrtc; skipped otherwise."""

import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from page_test import CHROMIUM, IS_EXACT, Browser, decoder_is_built  # noqa: E402
from rtc_network import ADDRESS, PATIENCE, own_network  # noqa: E402
from server_process import BINARY, ServerProcess, lwp, wait_until  # noqa: E402

import numpy as np  # noqa: E402

MODULE = pathlib.Path(BINARY).parent.parent / "lib/lenswire/modules/lenswire-webrtc.so"

NOTE_ICE_SERVERS = """
const configure = RTCPeerConnection.prototype.setConfiguration;
RTCPeerConnection.prototype.setConfiguration = function (it) {
  window.iceServers = it.iceServers;
  configure.call(this, it);
};"""


def setUpModule():
    if not CHROMIUM:
        raise unittest.SkipTest("needs chromium")
    if not MODULE.exists():
        raise unittest.SkipTest("the module webrtc was not built")
    if not shutil.which("ip"):
        raise unittest.SkipTest("needs iproute2")
    own_network()


class DataChannel(unittest.TestCase):
    def test_a_moving_scene_is_the_same_in_every_pixel(self):
        browser = Browser(self.enterContext(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        self.addCleanup(browser.close)
        # Slow enough that the reader below gets every frame too. A STUN server that does not answer: both ends are
        # told of it, and do without.
        server = ServerProcess("--camera", "room=synthetic:room?fps=5", "--rtc-stun", f"{ADDRESS}:9")
        self.addCleanup(server.kill)
        if not decoder_is_built(server):
            self.skipTest("built without strata.wasm: it needs clang and lld")
        browser.call("Page.enable")
        browser.call("Page.addScriptToEvaluateOnNewDocument", source=NOTE_ICE_SERVERS)
        browser.call("Page.navigate", url=server.url + "/?transport=rtc")
        browser.wait_for(IS_EXACT, "exact depth", PATIENCE)
        self.assertEqual(browser.evaluate("window.iceServers"), [{"urls": f"stun:{ADDRESS}:9"}])
        self.assertGreaterEqual(server.metrics()["lenswire_rtc_peers"], 1, "it came over a data channel")
        reader = lwp.Reader("127.0.0.1", server.port)
        self.addCleanup(reader.close)
        reader.subscribe("room", "depth", "raw", policy="every")
        compared, frames = set(), {}
        while len(compared) < 3:
            sequence, _, pixels = browser.depth_frame("room/depth")
            # No further than the page: it may show this frame for a while.
            while max(frames, default=-1) < sequence:
                _, frame = reader.next()
                frames[frame.sequence] = frame
            if sequence in frames:
                np.testing.assert_array_equal(pixels, frames[sequence].pixels)
                compared.add(sequence)
        self.assertEqual(browser.errors, [], "an empty console, the policy included")
        browser.call("Page.navigate", url="about:blank")
        wait_until(lambda: server.metrics()["lenswire_rtc_peers"] == 0, "a closed page ends its session", PATIENCE)


if __name__ == "__main__":
    unittest.main()
