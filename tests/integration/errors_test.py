#!/usr/bin/python3
"""What goes wrong for users: each message names the thing and the cure, each exit code is the manual's.

Environment: LENSWIRE_BINARY, the program to test."""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from scripted_server import ScriptedServer  # noqa: E402
from server_process import BINARY, ServerProcess, lenswire, lwp, wait_until  # noqa: E402


class Errors(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.out = self.folder / "out"

    def fails(self, code, parts, *arguments, **options):
        """One line `lenswire: WHAT IS WRONG; WHAT TO DO` with all `parts`, and this exit code."""
        result = lenswire(*arguments, **options)
        self.assertEqual(result.returncode, code, result.stderr)
        lines = [line for line in result.stderr.splitlines() if line.startswith("lenswire: ")]
        self.assertEqual(len(lines), 1, result.stderr)
        for part in parts:
            self.assertIn(str(part), lines[0])
        return lines[0]

    def serve_fails(self, code, parts, *arguments, **options):
        return self.fails(code, parts, "serve", "--listen", "127.0.0.1:0", *arguments, **options)


class AtStart(Errors):
    def test_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            self.fails(5, [address, "--listen"], "serve", "--listen", address, "--camera", "b=synthetic:ball")

    def test_a_foreign_address(self):
        self.fails(2, ["192.0.2.1", "`ip address`"], "serve", "--listen", "192.0.2.1:6480", "--insecure-lan", "--camera",
                   "b=synthetic:ball")

    def test_unknown_kind_of_source_lists_the_known(self):
        self.serve_fails(8, ["'door'", "webcam", "replay:", "v4l2:", "synthetic:"], "--camera", "door=webcam:0")

    def test_unknown_option_of_a_source_lists_the_known(self):
        self.serve_fails(2, ["'b'", "speed", "size, fps, seed"], "--camera", "b=synthetic:ball?speed=3")

    def test_unknown_scene_lists_the_known(self):
        self.serve_fails(2, ["garden", "room", "ball"], "--camera", "b=synthetic:garden")

    def test_camera_options_that_make_no_sense(self):
        self.serve_fails(2, ["NAME=URI"], "--camera", "synthetic:ball")
        self.serve_fails(2, ["'../etc'", "letters"], "--camera", "../etc=synthetic:ball")
        self.serve_fails(2, ["two cameras", "'b'"], "--camera", "b=synthetic:ball", "--camera", "b=synthetic:room")
        self.serve_fails(2, ["--always-on c", "--camera c=URI"], "--camera", "b=synthetic:ball", "--always-on", "c")

    def test_configuration_file(self):
        file = self.folder / "lenswire.toml"
        self.serve_fails(3, [file], "--config", file)
        file.write_text("listen = ['127.0.0.1:0']\ncolour = 1\n")
        self.serve_fails(2, [f"{file}, line 2", "colour", "max_connections"], "--config", file)
        file.write_text("io_threads = 'many'\n")
        self.serve_fails(2, [f"{file}, line 1", "io_threads", "whole number"], "--config", file)
        file.write_text("[[camera]\n")
        self.serve_fails(2, [f"{file}, line 1"], "--config", file)

    def test_certificate(self):
        self.serve_fails(3, [self.folder / "no.pem"], "--cert", self.folder / "no.pem", "--key", self.folder / "no.key",
                         "--camera", "b=synthetic:ball")

    def test_a_token_file_that_others_may_read(self):
        token = self.folder / "token"
        token.write_text("0123456789abcdef0123456789abcdef\n")
        token.chmod(0o644)
        self.serve_fails(4, [token, "chmod 600"], "--camera", "b=synthetic:ball", "--auth", "always", "--state-dir",
                         self.folder)


class Cameras(Errors):
    def state(self, server, name):
        return next(c for c in server.get("/api/v1/cameras").json["cameras"] if c["name"] == name)

    def test_a_missing_folder_is_an_absent_camera_with_its_reason(self):
        missing = self.folder / "not-there"
        with ServerProcess("--camera", f"desk=replay:{missing}", "--camera", "ball=synthetic:ball") as server:
            camera = self.state(server, "desk")
            self.assertEqual(camera["state"], "absent")
            self.assertIn(str(missing), camera["reason"])
            wait_until(lambda: str(missing) in server.log.replace(f"desk = replay:{missing}", ""),
                       "`serve` says that the folder is missing")
            self.assertEqual((server.get("/healthz").status, server.get("/healthz").text), (503, "degraded\n"))
            self.assertEqual(server.get("/cameras/ball/color.jpg").status, 200, "the other camera works")
            answer = server.get("/cameras/desk/depth.png")
            self.assertEqual(answer.status, 503)
            self.assertIn(str(missing), answer.json["message"])
            self.fails(3, ["'desk'", "absent", missing, "check the path"], "grab", server.address + "/desk/depth", "--out", self.out)
            self.assertFalse(self.out.exists())
            self.assertIn(str(missing), lenswire("ls", server.address).stdout)
            # It appears, and no restart is needed.
            missing.mkdir()
            (missing / "depth_000.png").write_bytes(lwp.png_encode_16(np.full((8, 8), 7, np.uint16)))
            wait_until(lambda: server.get("/cameras/desk/depth.png").status == 200, "the camera comes by itself")
            self.assertEqual(server.get("/healthz").status, 200)

    def test_an_empty_folder_and_one_of_other_files(self):
        (self.folder / "notes.txt").write_text("nothing")
        with ServerProcess("--camera", f"desk=replay:{self.folder}") as server:
            camera = self.state(server, "desk")
            self.assertIn(camera["state"], ("absent", "failed"))
            self.assertIn("depth_000.png", camera["reason"])

    def test_a_damaged_picture_is_counted_and_the_rest_plays_on(self):
        pictures = [lwp.png_encode_16(np.full((16, 16), 100 + i, np.uint16)) for i in range(4)]
        damaged = bytearray(pictures[2])
        damaged[len(damaged) // 2] ^= 0xFF
        for i, data in enumerate((pictures[0], pictures[1], bytes(damaged), pictures[3])):
            (self.folder / f"depth_{i:03}.png").write_bytes(data)
        with ServerProcess("--camera", f"desk=replay:{self.folder}?fps=30") as server:
            reader = lwp.Reader("127.0.0.1", server.port)
            self.addCleanup(reader.close)
            reader.subscribe("desk", "depth", "raw", policy="every")
            for _ in range(9):
                _, frame = reader.next()
                self.assertNotEqual(frame.sequence % 4, 2, "the damaged one is left out")
                self.assertEqual(int(frame.pixels[3, 3]), 100 + frame.sequence % 4)
            camera = self.state(server, "desk")
            self.assertEqual(camera["state"], "streaming")
            self.assertGreaterEqual(camera["counters"]["troubles"], 2)
            self.assertIn("depth_002.png", str(camera))

    def test_a_folder_that_holds_only_damage(self):
        (self.folder / "depth_000.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
        with ServerProcess("--camera", f"desk=replay:{self.folder}") as server:
            camera = self.state(server, "desk")
            self.assertEqual(camera["state"], "failed")
            self.assertIn("depth_000.png", camera["reason"])

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "needs root and setpriv")
    def test_no_permission(self):
        nobody = pwd.getpwnam("nobody")
        secret = self.folder / "secret"
        secret.mkdir(0o700)
        (secret / "depth_000.png").write_bytes(lwp.png_encode_16(np.ones((8, 8), np.uint16)))
        self.folder.chmod(0o755)
        command = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
        # nobody may not be able to reach a build tree in somebody's home.
        if subprocess.run([*command, BINARY, "version"], capture_output=True).returncode != 0:
            self.skipTest("nobody cannot run the program where it lies")
        with ServerProcess("--camera", f"desk=replay:{secret}", command=command) as server:
            camera = self.state(server, "desk")
            self.assertEqual(camera["state"], "failed")
            self.assertIn(str(secret), camera["reason"])
            self.assertRegex(camera["reason"], "(?i)permission|may not")
            self.fails(3, ["'desk'", secret, "chmod"], "grab", server.address + "/desk/depth", "--out", self.out)
        result = subprocess.run([*command, BINARY, "serve", "--listen", "127.0.0.1:0", "--auth", "always", "--camera",
                                 "b=synthetic:ball", "--state-dir", str(secret)], capture_output=True, text=True, timeout=30)
        self.assertEqual(result.returncode, 4, result.stderr)
        self.assertIn(str(secret), result.stderr)


class Clients(Errors):
    def test_no_such_camera_or_stream_lists_those_there_are(self):
        with ServerProcess("--camera", "ball=synthetic:ball", "--camera", "room=synthetic:room?size=160x120") as server:
            self.fails(3, ["kitchen", "ball, room"], "grab", server.address + "/kitchen/depth", "--out", self.out)
            self.fails(3, ["infrared", "depth", "color"], "grab", server.address + "/room/infrared", "--out", self.out)
            self.fails(2, ["ball", "room"], "grab", server.address, "--out", self.out)
            self.fails(3, ["zoom", "noise"], "get", server.address + "/room", "zoom")
            self.fails(3, ["zoom"], "set", server.address + "/room", "zoom", 1)
            self.fails(2, ["noise"], "set", server.address + "/room", "noise", 99)

    def test_wrong_version(self):
        hello = lwp.cbor_encode({"versions": [9, 9], "client": "from the future"})
        with ServerProcess("--camera", "ball=synthetic:ball") as server, server.connect() as peer:
            peer.sendall(lwp.make_message(lwp.HELLO, payload=hello))
            with peer.makefile("rb") as answer:
                message = lwp.parse_message(answer.read())
            self.assertEqual(message.kind, lwp.BYE)
            bye = lwp.cbor_decode(message.payload)
            self.assertEqual(bye["error"], "version_mismatch")
            self.assertIn("1", bye["message"])
            self.assertIn("9", bye["message"])

        def newer(peer):
            peer.read()
            peer.send_map(lwp.WELCOME, 0, {"version": 9, "server": "lenswire 9", "name": "x", "role": "view",
                                           "monotonic_ns": 1, "utc_ns": 1, "max_message_bytes": 1 << 20})

        with ScriptedServer(newer) as scripted:
            self.fails(9, ["9"], "ls", scripted.address)

    def test_the_command_line_wins_over_the_file(self):
        file = self.folder / "serve.toml"
        file.write_text('name = "of the file"\nauth = "always"\nmax_connections = 7\nrtc_stun = "of.the.file"\n')
        with ServerProcess("--config", file, "--name", "given", "--auth", "remote", "--rtc-stun", "given:1", "--camera",
                           "b=synthetic:ball") as server:
            told = server.get("/api/v1/server").json
            self.assertEqual((told["name"], told["rtc"]), ("given", {"stun": "given:1"}))

    def test_token(self):
        with ServerProcess("--camera", "ball=synthetic:ball", "--auth", "always", "--state-dir", self.folder) as server:
            own = self.folder / "token"
            self.assertEqual(own.stat().st_mode & 0o777, 0o600)
            self.assertNotIn(own.read_text().strip(), server.log)
            wrong = self.folder / "wrong"
            wrong.touch(0o600)
            wrong.write_text("f" * 64 + "\n")
            self.fails(4, ["--token-file"], "ls", server.address)
            self.fails(4, ["wrong token"], "ls", server.address, "--token-file", wrong)
            self.assertEqual(lenswire("ls", server.address, "--token-file", own).returncode, 0)
            refused = server.get("/api/v1/cameras", {"Authorization": "Bearer " + "f" * 64})
            self.assertEqual(refused.status, 401)
            self.assertIn("wrong token", refused.json["message"])

    def test_guessing_is_slowed_down(self):
        with ServerProcess("--camera", "ball=synthetic:ball", "--auth", "always", "--state-dir", self.folder) as server:
            answers = [server.get("/api/v1/cameras", {"Authorization": f"Bearer {i:064}"}).status for i in range(12)]
            self.assertEqual(answers, [401] * 10 + [429] * 2)
            self.assertEqual(server.get("/healthz").status, 200)

    def test_server_gone_in_the_middle(self):
        server = ServerProcess("--camera", "ball=synthetic:ball?fps=100")
        process = subprocess.Popen([BINARY, "grab", server.address + "/ball", "--frames", "100000", "--out", self.out],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        index = self.out / "frames.jsonl"
        wait_until(lambda: index.exists() and index.read_text(), "the first frame")
        server.kill()
        _, errors = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 6, errors)
        self.assertIn(f"`lenswire ls {server.address}`", errors)
        self.assertEqual(errors.count("lenswire: "), 1, errors)

    def test_server_stopped_in_good_order_in_the_middle(self):
        with ServerProcess("--camera", "ball=synthetic:ball?fps=100") as server:
            process = subprocess.Popen([BINARY, "grab", server.address + "/ball", "--frames", "100000", "--out", self.out],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            index = self.out / "frames.jsonl"
            wait_until(lambda: index.exists() and index.read_text(), "the first frame")
        _, errors = process.communicate(timeout=30)
        self.assertIn(process.returncode, (6, 11), errors)
        self.assertIn("lenswire: ", errors)

    def test_server_that_hangs(self):
        server = ServerProcess("--camera", "ball=synthetic:ball?fps=100")
        self.addCleanup(server.kill)
        os.kill(server.pid, signal.SIGSTOP)
        self.fails(7, [server.address], "ls", server.address, "--connect-timeout", 0.5)
        os.kill(server.pid, signal.SIGCONT)


if __name__ == "__main__":
    unittest.main()
