#!/usr/bin/python3
"""The real `lenswire` program against a scripted server: output, files, messages, exit codes.

Environment: LENSWIRE_BINARY, the program to test."""

import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from scripted_server import DEPTH, Script, ScriptedServer, camera, depth_pixels, lwp  # noqa: E402

BINARY = os.environ["LENSWIRE_BINARY"]


def run(*arguments, **options):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60, **options)


class Commands(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = pathlib.Path(folder.name) / "out"

    def succeeds(self, *arguments):
        result = run(*arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def fails(self, code, part, *arguments):
        """`lenswire: <what>; <remedy>` on stderr, one line, and this exit code."""
        result = run(*arguments)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertTrue(result.stderr.startswith("lenswire: "), result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertIn(part, result.stderr)
        return result.stderr


class Listing(Commands):
    def test_ls_shows_cameras_streams_and_controls(self):
        with ScriptedServer(Script()) as server:
            text = self.succeeds("ls", server.address)
        for part in ("test bench", "room", "streaming", "depth", "z16", "8x4", "calibrated", "gain", "1=manual"):
            self.assertIn(part, text)

    def test_ls_json_holds_what_the_server_said(self):
        with ScriptedServer(Script()) as server:
            data = json.loads(self.succeeds("ls", server.address, "--json"))
        one = data["cameras"][0]
        self.assertEqual(one["streams"][0]["intrinsics"], DEPTH["intrinsics"])
        self.assertEqual(one["counters"], {"frames": 12})
        self.assertEqual(one["controls"][1]["menu"][1], {"index": 1, "name": "manual"})

    def test_hostile_text_cannot_steer_the_terminal(self):
        evil = camera(state="failed", reason="\x1b]0;owned\x07 gone")
        with ScriptedServer(Script([evil])) as server:
            text = self.succeeds("ls", server.address)
        self.assertNotIn("\x1b", text)
        self.assertIn("gone", text)

    def test_ls_local_and_version_need_no_server(self):
        self.assertIn("sources", json.loads(self.succeeds("ls", "--local", "--json")))
        self.assertIn("raw", json.loads(self.succeeds("version", "--json"))["codecs"])

    def test_every_command_has_help_with_an_example(self):
        for command in ("ls", "grab", "stat", "ping", "get", "set", "depth", "doctor", "test-camera", "version"):
            self.assertIn("Example: lenswire " + command, self.succeeds(command, "--help"))


class Grabbing(Commands):
    def test_depth_is_exact_over_raw_and_png(self):
        for codec in (0, 2):
            folder = self.out / str(codec)
            with ScriptedServer(Script(codec=codec)) as server:
                self.succeeds("grab", server.address + "/room/depth", "--frames", 3, "--out", folder)
            for sequence in (1, 2, 3):
                data = (folder / f"room-depth-{sequence:08}.png").read_bytes()
                self.assertEqual(lwp.png_decode(data).tobytes(), depth_pixels(sequence))
            self.assertEqual(len(list(folder.iterdir())), 4, "three pictures and frames.jsonl, nothing else")

    def test_index_tells_times_losses_and_calibration(self):
        with ScriptedServer(Script(missed=[(1, 3, 40)])) as server:
            self.succeeds("grab", server.address + "/room/depth", "--frames", 2, "--out", self.out)
        first, second = map(json.loads, (self.out / "frames.jsonl").read_text().splitlines())
        self.assertEqual(first["file"], "room-depth-00000001.png")
        self.assertEqual(first["profile"]["intrinsics"], DEPTH["intrinsics"])
        self.assertEqual(second["missed"], [{"reason": "slow_client", "count": 3, "first_sequence": 40}])
        age = first["received_time_ns"] - first["capture_time_ns"]
        self.assertGreater(age, 1_000_000 - first["capture_uncertainty_ns"])
        self.assertGreater(first["capture_uncertainty_ns"], 1000)

    def test_all_streams_where_none_is_named(self):
        with ScriptedServer(Script()) as server:
            self.succeeds("grab", server.address, "--frames", 2, "--out", self.out, "--format", "raw")
        names = sorted(p.name for p in self.out.iterdir())
        self.assertEqual([n for n in names if "depth" in n], ["room-depth-00000001.raw", "room-depth-00000002.raw"])
        self.assertEqual(len([n for n in names if "color" in n]), 2)

    def test_ply_holds_the_points(self):
        with ScriptedServer(Script()) as server:
            self.succeeds("grab", server.address + "/room/depth", "--format", "ply", "--out", self.out)
        head, _, body = (self.out / "room-depth-00000001.ply").read_bytes().partition(b"end_header\n")
        self.assertIn(b"element vertex 32\n", head)
        x, y, z = struct.unpack_from("<3f", body, 0)
        self.assertAlmostEqual(z, 0.100, 6)
        self.assertAlmostEqual(x, (0 - 4.0) / 10.0 * 0.100, 6)
        self.assertAlmostEqual(y, (0 - 2.0) / 10.0 * 0.100, 6)

    def test_nonsense_is_refused_before_a_file_is_made(self):
        with ScriptedServer(Script()) as server:
            self.fails(2, "JPEG has 8 bits", "grab", server.address + "/room/depth", "--format", "jpg", "--out", self.out)
            self.fails(2, "points come from depth", "grab", server.address + "/room/color", "--format", "ply", "--out", self.out)
        self.fails(2, "gif", "grab", "host/room", "--format", "gif")
        self.assertFalse(self.out.exists())

    def test_a_folder_that_cannot_be_made_is_named(self):
        self.out.write_text("a file is in the way")
        with ScriptedServer(Script()) as server:
            self.fails(2, str(self.out), "grab", server.address + "/room/depth", "--out", self.out / "x")

    def test_server_gone_in_the_middle(self):
        with ScriptedServer(Script(die_after=2)) as server:
            self.fails(6, "closed the connection", "grab", server.address + "/room/depth", "--frames", 9, "--out", self.out)
        self.assertEqual(len((self.out / "frames.jsonl").read_text().splitlines()), 2)

    def test_no_frames_is_a_timeout(self):
        with ScriptedServer(Script(frames=1)) as server:
            self.fails(7, "in time", "grab", server.address + "/room/depth", "--frames", 2, "--timeout", 0.3, "--out", self.out)

    def test_interrupt_ends_with_130(self):
        with ScriptedServer(Script(frames=1)) as server:
            process = subprocess.Popen([BINARY, "grab", server.address + "/room/depth", "--frames", "2", "--timeout",
                                        "60", "--out", str(self.out)], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
            index = self.out / "frames.jsonl"
            while not (index.exists() and index.read_text()):
                self.assertIsNone(process.poll())
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)
        self.assertEqual((process.returncode, errors), (130, b""))


class Controls(Commands):
    def test_get_one_or_all(self):
        with ScriptedServer(Script()) as server:
            self.assertEqual(self.succeeds("get", server.address + "/room"), "gain=5\nmode=0\n")
            self.assertEqual(self.succeeds("get", server.address, "gain"), "gain=5\n")
            self.fails(3, "it has: gain, mode", "get", server.address, "exposure")

    def test_set_is_one_group_and_shows_what_was_read_back(self):
        script = Script()
        with ScriptedServer(script) as server:
            text = self.succeeds("set", server.address, "mode", "manual", "gain", "7")
        self.assertEqual(sorted(text.splitlines()), ["gain=7", "mode=1"])
        groups = [r["settings"] for r in script.requests if r["op"] == "set_controls"]
        self.assertEqual(groups, [{"gain": 7, "mode": 1}])

    def test_set_refuses_bad_values(self):
        with ScriptedServer(Script()) as server:
            self.fails(2, "gain=much: expected a whole number", "set", server.address, "gain", "much")
            self.fails(2, "pairs of CONTROL and VALUE", "set", server.address, "gain")


class Measuring(Commands):
    def test_ping(self):
        with ScriptedServer(Script()) as server:
            lines = self.succeeds("ping", server.address, "--count", 3, "--interval", 0, "--json").splitlines()
        self.assertEqual(len(lines), 3)
        self.assertGreater(json.loads(lines[0])["round_trip_ns"], 0)

    def test_stat_counts_frames_bytes_and_losses(self):
        with ScriptedServer(Script(frames=5, missed=[(2, 4, 90)])) as server:
            lines = self.succeeds("stat", server.address + "/room/depth", "--count", 1, "--interval", 0.5, "--json")
        line = json.loads(lines)
        self.assertEqual(line["frames"], 5)
        self.assertEqual(line["missed"]["encoder_busy"], 4)
        self.assertGreaterEqual(line["capture_to_receive_p99_ns"], line["capture_to_receive_p50_ns"])
        self.assertGreater(line["uncertainty_ns"], 0)

    def test_doctor_examines_a_server(self):
        with ScriptedServer(Script(frames=100)) as server:
            result = run("doctor", server.address + "/room/depth", "--json")
        findings = {f["subject"]: f for f in json.loads(result.stdout)["findings"]}
        self.assertEqual(findings["camera room"]["verdict"], "ok")
        self.assertIn("frames come: z16 8x4", findings["room/depth"]["text"])
        self.assertEqual(findings["loopback"]["verdict"], "ok")

    def test_doctor_says_what_is_wrong(self):
        absent = camera(streams=(), state="absent", reason="/dev/video0 is not there")
        with ScriptedServer(Script([absent])) as server:
            result = run("doctor", server.address)
        self.assertEqual(result.returncode, 1)
        self.assertIn("/dev/video0 is not there", result.stdout)


    def test_doctor_tries_a_camera(self):
        result = run("doctor", "--json", "--camera", "synthetic:room?size=160x120", "--camera", "v4l2:/dev/none",
                     "--camera", "synthetic:room?size=1x1")
        findings = {f["subject"]: f for f in json.loads(result.stdout)["findings"]}
        self.assertIn("color 160x120 rgb8 at 30 Hz", findings["camera synthetic:room?size=160x120"]["text"])
        for uri, reason in (("v4l2:/dev/none", "no camera at /dev/none"), ("synthetic:room?size=1x1", "64 pixels")):
            finding = findings["camera " + uri]
            self.assertEqual(finding["verdict"], "problem")
            self.assertIn("failed to open", finding["text"])
            self.assertIn(reason, finding["text"])

    def test_a_camera_is_tested_without_a_server(self):
        text = self.succeeds("test-camera", "synthetic:room", "--size", "160x120", "--fps", "500", "--codec", "MJPG",
                             "--frames", "300")
        self.assertIn("color      160x120 mjpeg at 500 Hz", text)
        self.assertRegex(text, r"\n12\d frames: [\d.]+ fps, .* lost\n24\d frames: .*\n300 frames: ")
        self.fails(2, "at least 64 pixels", "test-camera", "synthetic:room", "--size", "3x3")
        self.fails(3, "no camera at /dev/none", "test-camera", "/dev/none", "--frames", "1")
        self.fails(8, "no auto-focus", "test-camera", "synthetic:room", "--auto-focus", "on")
        self.fails(7, "no frame within", "test-camera", "synthetic:room?fps=0.1", "--frames", "5", "--timeout", "0.3")


class Refusals(Commands):
    def test_bad_command_line(self):
        self.fails(2, "--help", "nonsense")
        self.fails(2, "--help", "grab")
        self.fails(2, "lenswire://host", "ls", "http://host")

    def test_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = "127.0.0.1:%d" % taken.getsockname()[1]
        message = self.fails(6, "`lenswire serve`", "ls", address)
        self.assertIn(address, message)

    def test_unknown_host(self):
        self.fails(3, "'no-such-host.invalid'", "ls", "no-such-host.invalid")

    def test_no_such_camera_or_stream(self):
        with ScriptedServer(Script([camera("room"), camera("lab")])) as server:
            self.fails(3, "there are: room, lab", "grab", server.address + "/kitchen/depth")
            self.fails(3, "it has: depth, color", "grab", server.address + "/room/infrared")
            self.fails(2, "room, lab", "grab", server.address)
        with ScriptedServer(Script([])) as server:
            self.fails(3, "--camera NAME=URI", "grab", server.address)

    def test_wrong_token_version_and_full_server(self):
        def bye(error, message):
            def script(peer):
                peer.read()
                peer.send_map(lwp.BYE, 0, {"error": error, "message": message})
            return script

        for error, code in (("permission_denied", 4), ("version_mismatch", 9), ("busy", 5)):
            with ScriptedServer(bye(error, "what the server says; what to do")) as server:
                self.fails(code, "what the server says; what to do", "ls", server.address)

    def test_token_comes_from_a_private_file(self):
        path = self.out.with_suffix(".token")
        path.write_text("very-secret\n")
        path.chmod(0o644)
        script = Script()
        with ScriptedServer(lambda peer: None, script) as server:
            message = self.fails(4, "chmod 600", "ls", server.address, "--token-file", path)
            self.assertNotIn("very-secret", message)
            path.chmod(0o600)
            self.succeeds("ls", server.address, "--token-file", path)
        self.assertEqual(script.hello["token"], "very-secret")

    def test_what_is_no_lenswire_server(self):
        with ScriptedServer(lambda peer: peer.send(b"HTTP/1.0 400 Bad Request\r\n\r\n")) as server:
            self.fails(2, "does not speak the lenswire protocol", "ls", server.address)
        with ScriptedServer(lambda peer: peer.read()) as server:
            self.fails(6, "instead of greeting", "ls", server.address)
        with ScriptedServer(lambda peer: peer.read() and peer.read()) as server:
            self.fails(7, "does not answer", "ls", server.address, "--connect-timeout", 0.3)


if __name__ == "__main__":
    unittest.main()
