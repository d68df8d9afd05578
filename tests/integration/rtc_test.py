#!/usr/bin/python3
"""Data channels between the module webrtc and aiortc, libdatachannel and itself, in a network namespace of the test's own.

Environment: RTC_PEER, a program that is one end; LENSWIRE_BINARY. Needs root, `ip` and python3-aiortc; skipped otherwise."""

import asyncio
import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from rtc_network import ADDRESS, PATIENCE, aiortc, own_network  # noqa: E402

PEER = os.environ["RTC_PEER"]
MODULE = pathlib.Path(os.environ["LENSWIRE_BINARY"]).parent.parent / "lib/lenswire/modules/lenswire-webrtc.so"


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

    def __init__(self, *arguments, program=(PEER,)):
        self.arguments = arguments
        self.program = program
        self.process = None
        self.said = []

    async def start(self):
        self.process = await asyncio.create_subprocess_exec(
            *self.program, *self.arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20)
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


async def introduce(offering, answering):
    await answering.tell(sdp=(await offering.until("sdp"))["sdp"])
    await offering.tell(sdp=(await answering.until("sdp"))["sdp"])
    await offering.until("open")
    await answering.until("open")


class Libdatachannel(unittest.IsolatedAsyncioTestCase):
    LONG = 1 << 20

    def setUp(self):
        if not shutil.which("node"):
            self.skipTest("needs node")
        # The registry cannot be reached from here; what was installed before is found.
        folder = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "lenswire"
        found = sorted(folder.glob("node-datachannel-*/node_modules/node-datachannel"))
        if not found:
            self.skipTest("needs npm's node-datachannel: run tools/setup-node-datachannel")
        self.folder = str(found[-1].parent.parent)

    def theirs(self, kind):
        return OurEnd(self.folder, kind, str(self.LONG), program=("node", str(HERE / "rtc_node_peer.mjs")))

    async def test_answers_our_offer(self):
        async with await OurEnd("offer", f"send={self.LONG}").start() as ours, await self.theirs("answer").start() as theirs:
            await theirs.tell(type="offer", sdp=(await ours.until("sdp"))["sdp"])
            await ours.tell(sdp=(await theirs.until("sdp"))["sdp"])
            self.assertEqual((await theirs.until("message"))["message"], self.LONG)
            self.assertEqual((await ours.until("message"))["message"], self.LONG, "and back")

    async def test_offers_to_us(self):
        async with await OurEnd("answer").start() as ours, await self.theirs("offer").start() as theirs:
            await ours.tell(sdp=(await theirs.until("sdp"))["sdp"])
            await theirs.tell(type="answer", sdp=(await ours.until("sdp"))["sdp"])
            self.assertEqual((await ours.until("message"))["message"], self.LONG)
            self.assertEqual((await theirs.until("message"))["message"], self.LONG, "and back")


class OwnEnds(unittest.IsolatedAsyncioTestCase):
    async def test_a_killed_peer_is_noticed(self):
        async with await OurEnd("offer", "dead_ms=6000").start() as ours, await OurEnd("answer").start() as theirs:
            await introduce(ours, theirs)
            theirs.process.kill()
            # ICE consent may be the first to notice on a slow machine.
            self.assertRegex((await ours.until("end"))["end"], "no sign of life|no way leads to the peer")

    async def test_frames_pass_a_turn_server(self):
        program = shutil.which("turnserver") or "/usr/sbin/turnserver"
        if not os.path.exists(program):
            self.skipTest("needs coturn")
        with tempfile.TemporaryDirectory() as folder:
            turn = await asyncio.create_subprocess_exec(
                program, "-n", "-v", "--log-file=stdout", "--simple-log", f"--listening-ip={ADDRESS}", f"--relay-ip={ADDRESS}",
                "--lt-cred-mech", "--user=lens:wire", "--realm=test", "--no-tls", "--no-dtls", "--no-cli",
                f"--pidfile={folder}/pid", f"--userdb={folder}/db", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
            try:
                while b"Total General servers" not in (line := await asyncio.wait_for(turn.stdout.readline(), PATIENCE)):
                    self.assertTrue(line, "coturn does not start")
                drain = asyncio.create_task(turn.stdout.read())
                relay = f"turn={ADDRESS}:3478:lens:wire"
                async with (await OurEnd("offer", relay, "send=1000000").start() as ours,
                            await OurEnd("answer", relay).start() as theirs):
                    await introduce(ours, theirs)
                    self.assertEqual((await ours.until("message"))["message"], 1000000, "there and back")
                    await ours.tell(statistics=True)
                    self.assertRegex((await ours.until("local"))["local"], "^relay ")
            finally:
                turn.terminate()
                await turn.wait()
                drain.cancel()


if __name__ == "__main__":
    unittest.main()
