#!/usr/bin/python3
"""The ball door and `lenswire ball-client` against both halves of the original protocol on aiortc, which shares nothing
with our WebRTC stack. Everything runs in a network namespace of its own, so that ICE finds no other address.

Environment: LENSWIRE_BINARY, the program to test. Needs root, `ip` and python3-aiortc; skipped otherwise."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from server_process import BINARY, ServerProcess, wait_until  # noqa: E402

MODULE = pathlib.Path(BINARY).resolve().parent.parent / "lib/lenswire/modules/lenswire-webrtc.so"
# As the original client looks for the ball, where OpenCV is there.
DETECTOR = () if MODULE.with_name("lenswire-vision.so").exists() else ("--detector", "light")
ADDRESS = "10.99.0.1"
LIMIT = 120


def missing():
    if os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("unshare"):
        return "needs root, ip and unshare"
    if not MODULE.exists():
        return f"{MODULE.name} is not built"
    if subprocess.run(["/usr/bin/python3", "-c", "import aiortc"], capture_output=True).returncode:
        return "python3-aiortc is not installed"
    return None


def enter_namespace():
    """Starts this program again, alone on a network of its own with one address beside loopback."""
    os.environ["LENSWIRE_TEST_NAMESPACE"] = "1"
    os.execvp("unshare", ["unshare", "--net", "/usr/bin/python3", *sys.argv])


def set_up_namespace():
    for words in ("link set lo up", "link add lw0 type veth peer name lw1", f"addr add {ADDRESS}/24 dev lw0",
                  "link set lw0 up", "link set lw1 up"):
        subprocess.run(["ip", *words.split()], check=True, capture_output=True, timeout=60)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Program:
    """A program that writes lines of JSON; a context that ends with it."""

    def __init__(self, *command, **options):
        self.events = []
        self.errors = []
        self._process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                         **options)
        self._readers = [threading.Thread(target=self._read, args=a, daemon=True) for a in
                         ((self._process.stdout, self._event), (self._process.stderr, self.errors.append))]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(stream, take):
        for line in stream:
            take(line)

    def _event(self, line):
        self.events.append(json.loads(line))

    def of(self, kind):
        return [e for e in list(self.events) if e.get("event") == kind]

    def wait(self):
        try:
            code = self._process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"not ended within {LIMIT} s: {self.events[-3:]} {self.log}") from None
        for reader in self._readers:
            reader.join(10)
        return code

    @property
    def log(self):
        return "".join(self.errors)

    def send_signal(self, number):
        self._process.send_signal(number)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join(10)
        self._process.stdout.close()
        self._process.stderr.close()


def original(kind, port, frames, *more):
    return Program("/usr/bin/python3", HERE / "ball_peers.py", kind, port, frames, *more)


def ball_client(port, frames, *more):
    return Program(BINARY, "ball-client", f"127.0.0.1:{port}", "--frames", frames, "--json", *more)


@contextlib.contextmanager
def door(options="", table=None):
    """(server, port); the standard output goes into the file `table`."""
    port = free_port()
    command = ("bash", "-c", 'exec "$@" >"$0"', table) if table else ()
    with ServerProcess("--camera", "ball=synthetic:ball", "--door", f"ball:{port}{options}", command=command,
                       stop_limit=60) as server:
        yield server, port


def scores(server):
    return server.get("/api/v1/doors").json["doors"][0]


class BallDoor(unittest.TestCase):
    def peer_with(self, server, condition, what):
        return wait_until(lambda: next((p for p in scores(server)["peers"] if condition(p)), None), what, LIMIT)

    def check_end(self, program):
        self.assertEqual(program.wait(), 0, program.log)

    def test_perfect_clients_have_no_error_whatever_else_they_do(self):
        with tempfile.TemporaryDirectory() as folder:
            table = pathlib.Path(folder) / "table"
            # The second client comes while the first is there: an original server would not see it.
            with door("?table=1", table) as (server, port), original("client", port, 12, "perfect") as perfect, \
                    original("client", port, 12, "gaps") as gaps:
                self.check_end(perfect)
                self.check_end(gaps)
                board = wait_until(lambda: (b := scores(server))["connected"] == 0 and b, "both have left", LIMIT)
                rows = 1 + board["total"]["paired"]
                lines = wait_until(lambda: len(t := table.read_text().splitlines()) == rows and t, "the table", LIMIT)
            offer = perfect.of("offer")[0]["sdp"]
            self.assertIn("DTLS/SCTP 5000\r\n", offer)
            self.assertIn("a=sctpmap:5000 webrtc-datachannel", offer)
            self.assertEqual(perfect.of("channel"), [{"event": "channel", "label": "frames", "ordered": True, "protocol": ""}])
            picture = perfect.of("picture")[0]
            self.assertEqual((picture["shape"], picture["dtype"]), ([400, 400, 3], "uint8"))
            self.assertEqual(len(board["peers"]), 2)
            for peer in board["peers"]:
                self.assertEqual(peer["state"], "gone")
                self.assertGreaterEqual(peer["paired"], 6)
                self.assertEqual(peer["estimates"], peer["paired"])
                for norm in ("l1_px", "l2_px"):
                    self.assertEqual(peer[norm], {"last": 0, "mean": 0, "max": 0, "cumulative": 0}, peer)
            self.assertEqual(board["norm"], "l1")
            self.assertEqual(lines[0].split(), "peer Actual Center Est Center Error (L1) Cumulative Error".split())
            self.assertTrue(all(line.endswith("0.000             0.000") for line in lines[1:]), lines)

    def test_late_and_hostile_estimates_harm_nobody(self):
        with door("?norm=l2") as (server, port), original("client", port, 8, "hostile") as hostile, \
                original("client", port, 10, "late") as late:
            self.check_end(late)
            self.check_end(hostile)
            board = wait_until(lambda: (b := scores(server))["connected"] == 0 and b, "both have left", LIMIT)
            for peer in board["peers"]:
                self.assertGreaterEqual(peer["paired"], 6)
                self.assertEqual(peer["l1_px"]["max"], 0, peer)
            bad = max(board["peers"], key=lambda peer: peer["broken"])
            self.assertGreater(bad["broken"], 30)
            self.assertGreaterEqual(bad["unmatched"], 6)

    def test_a_killed_peer_is_gone_and_the_next_one_is_served(self):
        with door() as (server, port):
            with original("client", port, 10**6, "perfect") as victim:
                self.peer_with(server, lambda p: p["paired"] > 0, "estimates come")
                victim.send_signal(signal.SIGKILL)
                self.peer_with(server, lambda p: p["state"] == "gone", "the killed peer is gone")
            # As in the original, its last estimates may not get out before it leaves.
            with original("client", port, 9, "perfect") as next_one:
                self.check_end(next_one)
            self.peer_with(server, lambda p: p["peer"] == 2 and p["paired"] >= 3, "the next one's estimates")

    def test_says_bye_before_it_ends(self):
        with contextlib.ExitStack() as clients:
            with door() as (server, port):
                client = clients.enter_context(original("client", port, 10**6, "perfect"))
                self.peer_with(server, lambda p: p["paired"] > 0, "estimates come")
            self.check_end(client)
            self.assertTrue(client.of("bye"), client.events[-3:])

    def test_our_client_waits_for_our_server_and_comes_back(self):
        port = free_port()
        arguments = ("--camera", "ball=synthetic:ball", "--door", f"ball:{port}")
        with ball_client(port, 30, "--detector", "light") as client:
            wait_until(lambda: client.errors, "the client says that it waits", LIMIT)
            self.assertIn("trying again", client.log)
            with ServerProcess(*arguments, stop_limit=60) as server:
                peer = self.peer_with(server, lambda p: p["paired"] >= 5, "estimates come")
                self.assertEqual(peer["l1_px"]["max"], 0)
            seen = len(client.events)
            with ServerProcess(*arguments, stop_limit=60) as server:
                self.check_end(client)
                self.assertGreaterEqual(len(client.events), max(seen, 30))

    def test_our_client_finds_circles_for_an_original_server(self):
        port = free_port()
        with ball_client(port, 0, *DETECTOR) as client:
            wait_until(lambda: client.errors, "the client waits", LIMIT)
            for _ in range(2):  # an original server serves one client in its life
                with original("server", port, 6) as server:
                    self.check_end(server)
                    answer = server.of("answer")[0]["sdp"]
                    self.assertIn("DTLS/SCTP 5000", answer)
                    estimates = server.of("estimate")
                    self.assertEqual(len(estimates), 6)
                    for estimate in estimates:
                        self.assertEqual((estimate["dtype"], estimate["shape"]), ("float32", [2]))
                        self.assertLess(estimate["error"], 8)
            client.send_signal(signal.SIGINT)
            self.assertEqual(client.wait(), 130)

    def test_says_bye_to_an_original_server(self):
        port = free_port()
        with ball_client(port, 3, "--detector", "light") as client, original("server", port, 10**6) as server:
            self.check_end(client)
            self.check_end(server)
            self.assertTrue(server.of("bye"), server.events[-3:])

    def test_bench_loop_measures_a_data_channel(self):
        with ServerProcess("--camera", "ball=synthetic:ball", stop_limit=60) as server:
            if "/rtc/{camera}" not in server.get("/api/v1/openapi.json").json["paths"]:
                self.skipTest("this server has no POST /rtc/{camera}")
            ended = subprocess.run([BINARY, "bench-loop", f"{server.address}/ball", "--transport", "datachannel", "--codec", "raw",
                                    "--codec", "jpeg", "--frames", "15", "--json"],
                                   capture_output=True, text=True, timeout=LIMIT)
            self.assertEqual(ended.returncode, 0, ended.stderr)
            raw, jpeg = (json.loads(line) for line in ended.stdout.splitlines())
            self.assertEqual((raw["frames"], raw["error_px"]["max"], raw["repeated"]), (15, 0, 0))
            self.assertTrue(0 < jpeg["error_px"]["max"] < 1, jpeg)

    def test_the_offer_may_go_over_tls(self):
        with tempfile.TemporaryDirectory() as folder, \
                ServerProcess("--camera", "ball=synthetic:ball", "--auth", "always", "--state-dir", folder, stop_limit=60) as server:
            ended = subprocess.run([BINARY, "bench-loop", f"lenswires://{server.address}/ball", "--transport", "datachannel", "--codec", "raw",
                                    "--frames", "5", "--json", "--insecure", "--token-file", f"{folder}/token"],
                                   capture_output=True, text=True, timeout=LIMIT)
            self.assertEqual(ended.returncode, 0, ended.stderr)
            self.assertEqual(json.loads(ended.stdout)["frames"], 5)

    def test_brings_its_own_ball(self):
        with ServerProcess("--camera", "room=synthetic:room?size=64x64", "--door", "ball:0?norm=l2") as server:
            self.assertEqual(scores(server)["camera"], "ball")
            self.assertEqual({c["name"] for c in server.get("/api/v1/cameras").json["cameras"]}, {"room", "ball"})

    def test_without_the_module_it_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "lenswire-webrtc.so").write_text("not a library")
            environment = {**os.environ, "LENSWIRE_MODULE_PATH": folder}
            for command in (("serve", "--listen", "127.0.0.1:0", "--camera", "b=synthetic:ball", "--door", "ball:0"),
                            ("ball-client", "127.0.0.1:1", "--detector", "light")):
                ended = subprocess.run([BINARY, *command], capture_output=True, text=True, timeout=LIMIT, env=environment)
                self.assertNotEqual(ended.returncode, 0)
                self.assertIn("webrtc", ended.stderr)
                self.assertIn("install", ended.stderr)


if __name__ == "__main__":
    reason = missing()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(0)
    if "LENSWIRE_TEST_NAMESPACE" not in os.environ:
        enter_namespace()
    set_up_namespace()
    unittest.main(verbosity=2)
