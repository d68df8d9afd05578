#!/usr/bin/python3
"""EtherSense on its real port and group, between network namespaces: an office of machines in one.

Environment: LENSWIRE_BINARY, the program to test. Needs root and `ip`; skipped otherwise."""

import contextlib
import ctypes
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from ethersense_peers import OriginalServer, Viewer, python2_pickle, python3_pickle  # noqa: E402
from server_process import ServerProcess, wait_until  # noqa: E402

CLONE_NEWNET = 0x40000000
GROUP = "224.0.0.1"
LIBC = ctypes.CDLL(None, use_errno=True)


def run(*command):
    subprocess.run(command, check=True, capture_output=True, timeout=60)


class Machine:
    """A network namespace with an address on the office's bridge, which lives in the namespace of the first."""

    def __init__(self, office, name, address, bridge=None):
        self.name = f"lw{os.getpid()}{name}"
        self.address = address
        run("ip", "netns", "add", self.name)
        office.callback(run, "ip", "netns", "del", self.name)
        self.ip("link", "set", "lo", "up")
        if bridge:
            self.join(bridge, "eth0", address)
            self.ip("route", "add", "default", "via", bridge.address)

    def ip(self, *words):
        run("ip", "-n", self.name, *words)

    def far_end(self, interface):
        return f"v{self.name[-6:]}{interface[-1]}"

    def join(self, other, interface, address, bridge="br0"):
        """A cable to the other's bridge."""
        far = self.far_end(interface)
        self.ip("link", "add", interface, "type", "veth", "peer", "name", far, "netns", other.name)
        other.ip("link", "set", far, "master", bridge)
        other.ip("link", "set", far, "up")
        self.ip("addr", "add", f"{address}/24", "dev", interface)
        self.ip("link", "set", interface, "up")

    def add_bridge(self, name, address):
        self.ip("link", "add", name, "type", "bridge", "mcast_snooping", "0")
        self.ip("addr", "add", f"{address}/24", "dev", name)
        self.ip("link", "set", name, "up")

    @contextlib.contextmanager
    def here(self):
        """Sockets and threads that are made inside belong to this machine."""
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{self.name}") as there:
            if LIBC.setns(there.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield
            finally:
                LIBC.setns(home.fileno(), CLONE_NEWNET)

    def viewer(self, address=None):
        with self.here():
            return Viewer(1024, 1024, address or self.address)

    def serve(self, *arguments):
        return ServerProcess(*arguments, command=("ip", "netns", "exec", self.name))

    def server(self, dump, shape=(12, 16)):
        with self.here():
            return OriginalServer("0.0.0.0", 1024, 1024, dump, shape)

    def camera(self, process, name):
        with self.here():
            return process.get(f"/api/v1/cameras/{name}").json


class Office(unittest.TestCase):
    def setUp(self):
        if os.geteuid() != 0 or not shutil.which("ip"):
            self.skipTest("only root may make network namespaces")
        office = self.enterContext(contextlib.ExitStack())
        try:
            self.host = Machine(office, "h", "10.77.0.1")
        except subprocess.CalledProcessError as error:
            self.skipTest(f"no network namespaces here: {error.stderr.decode().strip()}")
        self.office = office
        self.host.add_bridge("br0", "10.77.0.1")
        self.one = Machine(office, "a", "10.77.0.2", self.host)
        self.two = Machine(office, "b", "10.77.0.3", self.host)
        self.host.ip("route", "add", "default", "via", "10.77.0.2")

    def door(self, options="", *arguments):
        server = self.enterContext(self.host.serve("--camera", "room=synthetic:room", "--door",
                                                   f"ethersense{options}", *arguments))
        wait_until(lambda: "ethersense_open" in server.log, "the door is open")
        return server


class Door(Office):
    def test_everybody_who_pings_the_group_is_called_back(self):
        self.door("", "--insecure-lan")
        for machine in (self.one, self.two):
            viewer = self.enterContext(machine.viewer())
            viewer.ping(host=GROUP)
            reader = self.enterContext(viewer.accept())
            for _ in range(30):
                self.assertEqual(reader.frame()[1].shape, (240, 320))

    def test_door_at_one_address_hears_its_network_alone(self):
        self.host.add_bridge("br1", "10.78.0.1")
        other = Machine(self.office, "c", "10.78.0.2")
        other.join(self.host, "eth0", "10.78.0.2", "br1")
        other.ip("route", "add", "default", "via", "10.78.0.1")
        self.door(":10.77.0.1:1024", "--insecure-lan")
        outside = self.enterContext(other.viewer())
        outside.ping(host=GROUP)
        for host in (GROUP, "10.77.0.1"):
            with self.one.viewer() as viewer:
                viewer.ping(host=host)
                with viewer.accept() as reader:
                    reader.frame()
        self.assertFalse(outside.called_within(0.3))

    def test_interface_that_comes_later_is_joined(self):
        server = self.door("", "--insecure-lan")
        self.host.add_bridge("br1", "10.78.0.1")
        late = Machine(self.office, "c", "10.78.0.2")
        late.join(self.host, "eth0", "10.78.0.2", "br1")
        late.ip("route", "add", "default", "via", "10.78.0.1")
        viewer = self.enterContext(late.viewer())
        viewer.ping(host=GROUP)
        with viewer.accept() as reader:
            reader.frame()
        self.assertNotIn("ethersense_join", server.log)

    def test_stranger_is_called_only_when_that_is_allowed(self):
        self.one.ip("addr", "add", "8.8.8.8/32", "dev", "eth0")
        run("ip", "netns", "exec", self.host.name, "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0")
        viewer = self.enterContext(self.one.viewer("8.8.8.8"))
        server = self.door("", "--insecure-lan")
        viewer.ping(host="10.77.0.1")
        wait_until(lambda: re.search(r'ping_refused source=8.8.8.8 reason="not a neighbour"', server.log), "a refusal")
        self.assertFalse(viewer.called_within(0.5))
        self.door(":1025?allow-public=1", "--insecure-lan")
        with self.one.here(), Viewer(1026, 1025, "8.8.8.8") as other:
            other.ping(host="10.77.0.1")
            with viewer.accept() as reader:
                reader.frame()

    def test_without_insecure_lan_only_this_machine_is_served(self):
        server = self.door()
        stranger = self.enterContext(self.one.viewer())
        stranger.ping(host=GROUP)
        wait_until(lambda: "ethersense_ping_refused source=10.77.0.2" in server.log, "a refusal")
        own = self.enterContext(self.host.viewer())
        own.ping(host=GROUP)
        with own.accept() as reader:
            reader.frame()
        self.assertFalse(stranger.called_within(0.3))

    def test_viewer_whose_machine_lost_power_comes_back_with_one_ping(self):
        self.door("", "--insecure-lan")
        viewer = self.enterContext(self.one.viewer())
        viewer.ping(host=GROUP)
        old = self.enterContext(viewer.accept())
        old.frame()
        # No goodbye reaches the server: what was sent by the old connection is lost on the way.
        rules = ("-p", "tcp", "--dport", str(old.connection.getpeername()[1]), "-j", "DROP")
        if not shutil.which("iptables"):
            self.skipTest("iptables is missing")
        run("ip", "netns", "exec", self.one.name, "iptables", "-A", "OUTPUT", *rules)
        old.close()
        viewer.ping(host=GROUP)
        with viewer.accept(30) as reader:
            reader.frame()

    def test_two_cameras_at_one_port_both_call(self):
        self.enterContext(self.host.serve("--camera", "a=synthetic:room", "--camera", "b=synthetic:room?size=320x240",
                                          "--door", "ethersense=a", "--door", "ethersense=b", "--insecure-lan"))
        viewer = self.enterContext(self.one.viewer())

        def called():
            viewer.ping(host=GROUP)
            return viewer.called_within(0.2)
        wait_until(called, "the doors are open")
        readers = [self.enterContext(viewer.accept()) for _ in range(2)]
        self.assertEqual({reader.frame()[1].shape for reader in readers}, {(240, 320), (120, 160)})

    def test_viewer_behind_a_narrow_link_gets_whole_frames(self):
        # 5 frames of 190 kB a second instead of 30, in small segments.
        self.one.ip("link", "set", "eth0", "mtu", "576")
        far = self.one.far_end("eth0")
        run("tc", "-n", self.host.name, "qdisc", "add", "dev", far, "root", "tbf", "rate", "8mbit", "burst", "20kb",
            "latency", "200ms")
        self.door("", "--insecure-lan")
        viewer = self.enterContext(self.one.viewer())
        viewer.ping(host=GROUP)
        with viewer.accept() as reader:
            stamps = [reader.frame()[0] for _ in range(12)]
        self.assertGreater(np.median(np.diff(stamps)), 100)


class Source(Office):
    def test_bare_source_finds_the_server_of_the_network(self):
        server = self.enterContext(self.two.server(python2_pickle))
        relay = self.enterContext(self.one.serve("--camera", "cam=ethersense:", "--always-on", "cam"))
        wait_until(lambda: self.one.camera(relay, "cam")["state"] == "streaming", "frames")
        wait_until(lambda: server.sent > 60, "two seconds of frames")
        self.assertFalse(server.dead)
        self.assertEqual(len(server.pings), 1)

    def test_two_bare_sources_share_two_servers_and_find_one_again(self):
        stays = self.enterContext(self.two.server(python3_pickle(4), (6, 10)))
        goes = self.host.server(python2_pickle, (4, 9))
        relay = self.enterContext(self.one.serve("--camera", "a=ethersense:?ping=1", "--camera", "b=ethersense:?ping=1",
                                                 "--always-on", "a", "--always-on", "b"))
        for name in ("a", "b"):
            wait_until(lambda n=name: self.one.camera(relay, n)["state"] == "streaming", f"frames of {name}")
        connections = stays.connections
        goes.close()
        lost = wait_until(lambda: next((n for n in ("a", "b") if self.one.camera(relay, n)["state"] != "streaming"),
                                       None), "one is missed")
        with self.host.server(python2_pickle, (4, 9)):
            wait_until(lambda: self.one.camera(relay, lost)["state"] == "streaming", "frames of it again", 40)
        # It was asked for by its own address: the group would have been the other's end.
        self.assertFalse(stays.dead)
        self.assertEqual(stays.connections, connections)

    def test_second_bare_source_that_starts_later_gets_the_other_server(self):
        servers = [self.enterContext(m.server(python3_pickle(4))) for m in (self.two, self.host)]
        relay = self.enterContext(self.one.serve("--camera", "a=ethersense:?ping=1", "--camera", "b=ethersense:?ping=1",
                                                 "--always-on", "a", "--linger", "0.2"))
        wait_until(lambda: self.one.camera(relay, "a")["state"] == "streaming", "frames of a")
        wait_until(lambda: all(server.connections for server in servers), "both servers have called")
        # It looks once what there is, and lets go.
        wait_until(lambda: self.one.camera(relay, "b")["state"] in ("idle", "absent"), "nobody wants b")
        with self.one.here():
            answer = wait_until(lambda: (r := relay.get("/cameras/b/depth.png")).status == 200 and r, "a picture of b")
        self.assertTrue(answer.body.startswith(b"\x89PNG"))
        self.assertEqual([server.dead for server in servers], [False, False])

    def test_source_of_an_interface_takes_only_servers_from_there(self):
        self.host.add_bridge("br1", "10.78.0.1")
        self.one.join(self.host, "eth1", "10.78.0.2", "br1")
        server = self.enterContext(self.two.server(python3_pickle(4)))
        relay = self.enterContext(self.one.serve("--camera", "here=ethersense:eth0", "--camera", "there=ethersense:eth1",
                                                 "--always-on", "here", "--always-on", "there"))
        wait_until(lambda: self.one.camera(relay, "here")["state"] == "streaming", "frames")
        wait_until(lambda: server.sent > 60, "two seconds of frames")
        self.assertFalse(server.dead)
        self.assertNotEqual(self.one.camera(relay, "there")["state"], "streaming")


if __name__ == "__main__":
    unittest.main(verbosity=2)
