#!/usr/bin/python3
"""Data channels between the module webrtc and aiortc, in a network namespace of the test's own.

Environment: RTC_PEER, a program that is one end; LENSWIRE_BINARY. Needs root, `ip` and python3-aiortc; skipped otherwise."""

import asyncio
import ctypes
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

try:
    import aiortc
except ImportError:
    aiortc = None

PEER = os.environ["RTC_PEER"]
MODULE = pathlib.Path(os.environ["LENSWIRE_BINARY"]).parent.parent / "lib/lenswire/modules/lenswire-webrtc.so"
ADDRESS = "10.99.0.1"
CLONE_NEWNET = 0x40000000
PATIENCE = 120


def own_network():
    """This process and its children see loopback and one address, nothing else."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise unittest.SkipTest("needs root for a network namespace")
    for command in (
        "link set lo up",
        "link add lw0 type veth peer name lw1",
        f"addr add {ADDRESS}/24 dev lw0",
        "link set lw0 up",
        "link set lw1 up",
    ):
        subprocess.run(["ip", *command.split()], check=True, capture_output=True, timeout=60)


def setUpModule():
    if not MODULE.exists():
        raise unittest.SkipTest("the module webrtc was not built")
    if not shutil.which("ip"):
        raise unittest.SkipTest("needs iproute2")
    own_network()


class OurEnd:
    """The program, with what it says."""

    async def __aenter__(self):
        return self

    def __init__(self, *arguments):
        self.arguments = arguments
        self.process = None
        self.said = []

    async def start(self):
        self.process = await asyncio.create_subprocess_exec(
            PEER, *self.arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20)
        return self

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.stdin.close()
            await asyncio.wait_for(self.process.wait(), PATIENCE)

    async def until(self, key):
        """The next thing said that has `key`."""
        while True:
            line = await asyncio.wait_for(self.process.stdout.readline(), PATIENCE)
            assert line, f"ended after {self.said}"
            self.said.append(json.loads(line))
            if key in self.said[-1]:
                return self.said[-1]

    async def tell(self, **values):
        self.process.stdin.write(json.dumps(values).encode() + b"\n")
        await self.process.stdin.drain()


def pattern(size):
    return bytes(i & 0xFF for i in range(256)) * (size // 256) + bytes(range(size % 256))


class Inbox:
    """A channel's messages, to wait for."""

    def __init__(self, channel):
        self.queue = asyncio.Queue()
        channel.on("message", self.queue.put_nowait)

    async def next(self):
        return await asyncio.wait_for(self.queue.get(), PATIENCE)


@unittest.skipUnless(aiortc, "needs python3-aiortc")
class Aiortc(unittest.IsolatedAsyncioTestCase):
    LONG = 1 << 20

    async def exchange(self, channel, inbox):
        await_text, data = "grüße", pattern(self.LONG)
        channel.send(await_text)
        self.assertEqual(await inbox.next(), await_text)
        channel.send(data)
        self.assertEqual(await inbox.next(), data)

    async def answers_our_offer(self, *arguments):
        async with await OurEnd("offer", f"send={self.LONG}", *arguments).start() as ours:
            offer = (await ours.until("sdp"))["sdp"]
            theirs = aiortc.RTCPeerConnection()
            channels = asyncio.Queue()

            @theirs.on("datachannel")
            def on_channel(channel):
                channels.put_nowait((channel, Inbox(channel)))

            await theirs.setRemoteDescription(aiortc.RTCSessionDescription(offer, "offer"))
            await theirs.setLocalDescription(await theirs.createAnswer())
            await ours.tell(sdp=theirs.localDescription.sdp)
            channel, inbox = await asyncio.wait_for(channels.get(), PATIENCE)
            self.assertEqual(channel.label, "frames")
            self.assertEqual(await inbox.next(), pattern(self.LONG))
            await self.exchange(channel, inbox)
            await theirs.close()
            await ours.until("end")
        return offer, theirs

    async def test_answers_our_old_offer(self):
        offer, _ = await self.answers_our_offer("old")
        self.assertIn("DTLS/SCTP 5000", offer)

    async def test_answers_our_new_offer(self):
        offer, _ = await self.answers_our_offer()
        self.assertIn("UDP/DTLS/SCTP webrtc-datachannel", offer)

    async def test_offers_to_us_and_closes_the_channel(self):
        async with await OurEnd("answer").start() as ours:
            theirs = aiortc.RTCPeerConnection()
            channel = theirs.createDataChannel("frames")
            inbox = Inbox(channel)
            opened = asyncio.Event()
            channel.on("open", opened.set)
            await theirs.setLocalDescription(await theirs.createOffer())
            self.assertIn("DTLS/SCTP 5000", theirs.localDescription.sdp, "aiortc writes the old form")
            await ours.tell(sdp=theirs.localDescription.sdp)
            answer = (await ours.until("sdp"))["sdp"]
            self.assertIn("a=sctpmap:5000", answer)
            await theirs.setRemoteDescription(aiortc.RTCSessionDescription(answer, "answer"))
            await asyncio.wait_for(opened.wait(), PATIENCE)
            self.assertEqual((await ours.until("open"))["open"], "frames")
            await self.exchange(channel, inbox)
            limited = theirs.createDataChannel("limited", ordered=False, maxRetransmits=0)
            self.assertFalse((await ours.until("ordered"))["ordered"])
            self.assertEqual(limited.label, "limited")
            channel.close()
            self.assertEqual((await ours.until("closed"))["closed"], "frames")
            await theirs.close()


if __name__ == "__main__":
    unittest.main()
