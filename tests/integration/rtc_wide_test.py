#!/usr/bin/python3
"""Data channels where neither end can reach the other: `serve` and our clients through coturn's TURN, and behind a NAT with its STUN.

Environment: LENSWIRE_BINARY. Needs root, `ip`, coturn, python3-aiortc and, for the NAT, iptables; skipped otherwise."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rtc_network import PATIENCE, RtcTransport, aiortc, compare_depth, post_offer  # noqa: E402
from rtc_networks import CLIENT, INSIDE, OUTSIDE, SERVER, Coturn, Networks, enter  # noqa: E402
from server_process import BINARY, ServerProcess, lenswire  # noqa: E402

MODULE = pathlib.Path(BINARY).resolve().parent.parent / "lib/lenswire/modules/lenswire-webrtc.so"
PASSWORD = "hunter2:@x"
ROOM = "room=synthetic:room?size=160x120"


def command_line(server):
    return pathlib.Path(f"/proc/{server.pid}/cmdline").read_bytes().decode().split("\0")


@unittest.skipUnless(MODULE.exists(), "the module webrtc was not built")
class Wide(unittest.TestCase):
    NAT = False

    @classmethod
    def setUpClass(cls):
        cls.networks = cls.enterClassContext(Networks(cls.NAT))
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.password_file = cls.folder / "password"
        cls.password_file.touch(0o600)
        cls.password_file.write_text(PASSWORD + "\n")

    def in_clients_network(self, *command):
        ended = subprocess.run(["nsenter", f"--net={self.networks.client.path}", *command], capture_output=True, text=True,
                               timeout=PATIENCE)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return [json.loads(line) for line in ended.stdout.splitlines()]

    def aiortc_client(self, server):
        """From the client's network; only its offer takes a way of its own to the server."""
        def post(*arguments):
            enter(self.networks.here)
            status, headers, self.answer = post_offer(*arguments)
            return status, headers, self.answer
        return RtcTransport(server.port, "room", network=lambda: enter(self.networks.client.path), post=post)


class ThroughARelay(Wide):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.enterClassContext(Coturn(cls.folder, cls.networks.gateway, f"--listening-ip={INSIDE}", f"--listening-ip={OUTSIDE}",
                                     f"--relay-ip={OUTSIDE}", "--lt-cred-mech", f"--user=lens:{PASSWORD}", "--realm=test"))
        cls.turn = ("--rtc-turn", f"lens@{INSIDE}", "--rtc-turn-password-file", cls.password_file)

    @unittest.skipUnless(aiortc, "needs python3-aiortc")
    def test_a_relayed_server_gives_exact_depth_and_keeps_the_password(self):
        with ServerProcess("--camera", ROOM, "--verbose", *self.turn) as server:
            transport = self.aiortc_client(server)
            self.assertRegex(self.answer, rf"a=candidate:.* {re.escape(OUTSIDE)} \d+ typ relay")
            compare_depth(server, transport)
            self.assertEqual(transport.remote_address(), OUTSIDE, "no other way leads there")
            transport.close()
            for text in (server.log, self.answer, server.get("/api/v1/server").text, *command_line(server)):
                self.assertNotIn(PASSWORD, text)

    def test_without_a_relay_there_is_no_way(self):
        with ServerProcess("--camera", ROOM, "--listen", f"{SERVER}:0", "--insecure-lan") as server:
            ended = subprocess.run(["nsenter", f"--net={self.networks.client.path}", BINARY, "stat", self.rtc_url(server), "--count", "1",
                                    "--connect-timeout", "3"], capture_output=True, text=True, timeout=PATIENCE)
            self.assertNotEqual(ended.returncode, 0)
            self.assertIn("data channel does not open", ended.stderr)

    @staticmethod
    def rtc_url(server):
        port = re.search(rf"listening on http://{re.escape(SERVER)}:(\d+)", server.log).group(1)
        return f"rtc://{SERVER}:{port}/room"

    def test_our_client_may_be_the_relayed_one(self):
        with ServerProcess("--camera", ROOM, "--listen", f"{SERVER}:0", "--insecure-lan") as server:
            lines = self.in_clients_network(BINARY, "stat", self.rtc_url(server), "--rtc-turn", f"lens@{OUTSIDE}",
                                            "--rtc-turn-password-file", str(self.password_file), "--count", "1", "--json")
            self.assertGreater(sum(line["frames"] for line in lines), 0, lines)

    def test_the_ball_door_and_its_client_are_relayed(self):
        with ServerProcess("--camera", "ball=synthetic:ball", "--door", "ball:0", "--insecure-lan", "--rtc-turn",
                           f"lens:{PASSWORD}@{INSIDE}", stop_limit=60) as server:
            # On the command line it works too, but not without a word.
            self.assertIn("rtc_turn_password", server.log)
            self.assertNotIn(PASSWORD, server.log)
            port = re.search(r"door open on 0\.0\.0\.0:(\d+)", server.log).group(1)
            lines = self.in_clients_network(BINARY, "ball-client", f"{SERVER}:{port}", "--detector", "light", "--frames", "5", "--json")
            self.assertEqual(len(lines), 5)
        with ServerProcess("--camera", "ball=synthetic:ball", "--door", "ball:0", "--insecure-lan", stop_limit=60) as server:
            port = re.search(r"door open on 0\.0\.0\.0:(\d+)", server.log).group(1)
            lines = self.in_clients_network(BINARY, "ball-client", f"{SERVER}:{port}", "--detector", "light", "--frames", "5", "--json",
                                            "--rtc-turn", f"lens@{OUTSIDE}", "--rtc-turn-password-file", str(self.password_file))
            self.assertEqual(len(lines), 5)


@unittest.skipUnless(aiortc, "needs python3-aiortc")
class BehindANat(Wide):
    NAT = True

    def test_the_answer_has_the_address_that_stun_found(self):
        with Coturn(self.folder, self.networks.client, f"--listening-ip={CLIENT}", "--stun-only"), \
                ServerProcess("--camera", ROOM, "--rtc-stun", CLIENT) as server:
            self.assertEqual(server.get("/api/v1/server").json["rtc"], {"stun": f"{CLIENT}:3478"})
            transport = self.aiortc_client(server)
            self.assertRegex(self.answer, rf"a=candidate:.* {re.escape(OUTSIDE)} \d+ typ srflx raddr {re.escape(SERVER)} rport \d+")
            compare_depth(server, transport)
            self.assertEqual(transport.remote_address(), OUTSIDE)
            transport.close()

    def test_servers_that_do_not_answer_hold_nobody_up_for_long(self):
        with ServerProcess("--camera", ROOM, "--rtc-stun", f"{CLIENT}:9", "--rtc-turn", f"a:b@{CLIENT}:9",
                           "--rtc-turn", "a:b@no.such.name.invalid") as server:
            transport = self.aiortc_client(server)
            self.assertIn("typ host", self.answer)
            compare_depth(server, transport)
            transport.close()


class Options(unittest.TestCase):
    def refused(self, *arguments):
        ended = lenswire(*arguments)
        self.assertNotEqual(ended.returncode, 0)
        self.assertNotIn("hunter2", ended.stderr)
        return ended.stderr

    def test_mistakes_are_told_at_once_and_without_the_password(self):
        serve = ("serve", "--listen", "127.0.0.1:0", "--camera", ROOM)
        self.assertIn("expected HOST[:PORT]", self.refused(*serve, "--rtc-stun", "stun:host:3478"))
        self.assertIn("there is no '@'", self.refused(*serve, "--rtc-turn", "lens:hunter2"))
        self.assertIn("'host:0'", self.refused(*serve, "--rtc-turn", "lens:hunter2@host:0"))
        self.assertIn("password is missing", self.refused(*serve, "--rtc-turn", "lens@host"))
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("hunter2\n")
            file.flush()
            os.chmod(file.name, 0o644)
            self.assertIn("chmod 600", self.refused(*serve, "--rtc-turn", "lens@host", "--rtc-turn-password-file", file.name))
        self.assertIn("no '@'", self.refused("ball-client", "127.0.0.1:1", "--detector", "light", "--rtc-turn", "lens:hunter2"))


if __name__ == "__main__":
    unittest.main()
