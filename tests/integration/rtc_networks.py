"""Three networks: the server's, the client's, and a gateway between them that a test can close to UDP or make a NAT."""

import ctypes
import os
import pathlib
import shutil
import subprocess
import threading
import unittest

from rtc_network import CLONE_NEWNET, PATIENCE

SERVER, CLIENT = "10.98.1.2", "10.98.2.2"
INSIDE, OUTSIDE = "10.98.1.1", "10.98.2.1"  # the gateway, as the server and as the client see it
TURNSERVER = shutil.which("turnserver") or "/usr/sbin/turnserver"

_libc = ctypes.CDLL(None, use_errno=True)


def enter(network):
    """Moves this thread, and the threads and processes that it starts, to another network."""
    with open(network, "rb") as file:
        if _libc.setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


def run(*words, inside=None):
    nsenter = ("nsenter", f"--net={inside}") if inside else ()
    subprocess.run([*nsenter, *words], check=True, capture_output=True, timeout=60)


class Network:
    """A network namespace; it ends with this program, whatever ends that."""

    def __init__(self):
        self._holder = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._holder.stdin.write(b"\n")
        self._holder.stdin.flush()
        self._holder.stdout.readline()  # `cat` answers, so the namespace is there
        self.path = f"/proc/{self._holder.pid}/ns/net"

    def ip(self, words):
        run("ip", *words.split(), inside=self.path)

    def close(self):
        self._holder.communicate()


class Networks:
    """The caller's thread is on the server's side. A context."""

    def __init__(self, nat):
        if os.geteuid() != 0 or not all(map(shutil.which, ("ip", "unshare", "nsenter", "setpriv"))):
            raise unittest.SkipTest("needs root, iproute2 and util-linux for network namespaces")
        if not os.path.exists(TURNSERVER):
            raise unittest.SkipTest("needs coturn")
        if nat and not shutil.which("iptables"):
            raise unittest.SkipTest("needs iptables for a NAT")
        if _libc.unshare(CLONE_NEWNET):
            raise unittest.SkipTest("may not make a network namespace")
        self.here = f"/proc/{os.getpid()}/task/{threading.get_native_id()}/ns/net"
        self.gateway, self.client = Network(), Network()
        for words in ("link set lo up", f"link add s0 type veth peer name r0 netns {self.gateway.path}",
                      f"addr add {SERVER}/24 dev s0", "link set s0 up"):
            run("ip", *words.split())
        for words in ("link set lo up", f"link add r1 type veth peer name c0 netns {self.client.path}",
                      f"addr add {INSIDE}/24 dev r0", "link set r0 up", f"addr add {OUTSIDE}/24 dev r1", "link set r1 up"):
            self.gateway.ip(words)
        for words in ("link set lo up", f"addr add {CLIENT}/24 dev c0", "link set c0 up"):
            self.client.ip(words)
        run("ip", "route", "add", "default", "via", INSIDE)
        run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward", inside=self.gateway.path)
        if nat:
            # Nothing leads from the client to the server but what the server has begun.
            try:
                run("iptables", "-t", "nat", "-A", "POSTROUTING", "-o", "r1", "-j", "MASQUERADE", inside=self.gateway.path)
            except subprocess.CalledProcessError as error:
                self.close()
                raise unittest.SkipTest(f"no NAT here: {error.stderr.decode().strip()}") from None
        else:
            self.client.ip(f"route add default via {OUTSIDE}")
            for side, subnet in (("r0", "10.98.2.0/24"), ("r1", "10.98.1.0/24")):
                self.gateway.ip(f"rule add iif {side} to {subnet} ipproto udp blackhole")

    def close(self):
        self.client.close()
        self.gateway.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Coturn:
    """A context."""

    def __init__(self, folder, network, *arguments):
        folder = pathlib.Path(folder)
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "nsenter", f"--net={network.path}", TURNSERVER, "-n", "-v", "--log-file=stdout",
             "--simple-log", "--no-tls", "--no-dtls", "--no-cli", f"--pidfile={folder}/pid", f"--userdb={folder}/db", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._started = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._started.wait(PATIENCE) or self._process.poll() is not None:
            self.__exit__()
            raise AssertionError("coturn does not start")

    def _read(self):
        for line in self._process.stdout:
            if b"Total General servers" in line:
                self._started.set()
        self._started.set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        self._reader.join(PATIENCE)
        self._process.stdout.close()
