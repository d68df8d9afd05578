#!/usr/bin/python3
"""Both halves of the ball protocol on aiortc, as the original project has them.

    ball_peers.py client PORT FRAMES MODE     finds the ball by its light; MODE: perfect, gaps, late, hostile
    ball_peers.py server PORT FRAMES          bounces a ball, scores the estimates

Each writes a line of JSON for every event."""

import asyncio
import json
import pickle
import random
import sys

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.signaling import BYE, TcpSocketSignaling

HOST = "127.0.0.1"
SIDE, RADIUS = 400, 20


def tell(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


def connection():
    # No STUN server: the namespace has no way to one.
    return RTCPeerConnection(RTCConfiguration(iceServers=[]))


def center_of_light(picture):
    rows, columns = np.nonzero(picture.max(axis=2))
    return float(columns.mean()), float(rows.mean())


HOSTILE = [
    pickle.dumps(np.array([np.nan, 1.0])), pickle.dumps(np.array([np.inf, 1], np.float32)),
    pickle.dumps(np.array([1e300, -1e300])), pickle.dumps(np.array([1.0, 2.0, 3.0])),
    pickle.dumps(np.zeros((40, 40))), pickle.dumps({"x": 1}), b"", b"\x80\x04", b"cos\nsystem\n(S'true'\ntR.", b"x" * 60000,
]


class Client:
    """Answers the offer, looks at each picture and sends a centre back."""

    def __init__(self, port, frames, mode):
        self.port, self.frames, self.mode = port, frames, mode
        self.seen = 0
        self.late = []
        self.done = asyncio.Event()

    async def run(self):
        signaling = TcpSocketSignaling(HOST, self.port)
        pc = connection()
        pc.on("datachannel", self.on_channel)
        offer = await signaling.receive()
        tell("offer", sdp=offer.sdp)
        await pc.setRemoteDescription(offer)
        await pc.setLocalDescription(await pc.createAnswer())
        await signaling.send(pc.localDescription)
        until_bye = asyncio.create_task(signaling.receive())
        await asyncio.wait([until_bye, asyncio.create_task(self.done.wait())], return_when=asyncio.FIRST_COMPLETED)
        if until_bye.done():
            tell("bye" if until_bye.result() is BYE else "lost")
        await signaling.close()
        await pc.close()

    def on_channel(self, channel):
        tell("channel", label=channel.label, ordered=channel.ordered, protocol=channel.protocol)
        channel.on("message", lambda message: self.on_picture(channel, message))

    def on_picture(self, channel, message):
        picture = pickle.loads(message)
        if self.seen == 0:
            tell("picture", shape=picture.shape, dtype=str(picture.dtype), bytes=len(message))
        self.seen += 1
        center = center_of_light(picture)
        tell("center", center=center)
        vector = pickle.dumps(np.array(center, np.float32))
        if self.mode == "hostile":
            for message in HOSTILE:
                channel.send(message)
            channel.send("text")
        if self.mode == "late":
            # As the original: an estimate goes when a later picture comes.
            self.late.append(vector)
            if len(self.late) > 2:
                channel.send(self.late.pop(0))
        elif self.mode != "gaps" or self.seen % 3:
            channel.send(vector)
        if self.seen == self.frames:
            asyncio.ensure_future(self.leave(channel))

    async def leave(self, channel):
        while channel.bufferedAmount:
            await asyncio.sleep(0.05)
        self.done.set()


class BouncingBall:
    def __init__(self):
        self.center = [280, 60]
        self.speed = [2, 2]

    def step(self):
        for axis in (0, 1):
            self.center[axis] += self.speed[axis]
            if not RADIUS <= self.center[axis] < SIDE - RADIUS:
                self.center[axis] = min(max(self.center[axis], RADIUS), SIDE - RADIUS - 1)
                self.speed[axis] = -int(np.sign(self.speed[axis])) * random.randint(1, 5)
        rows, columns = np.ogrid[:SIDE, :SIDE]
        picture = np.zeros((SIDE, SIDE, 3), np.uint8)
        picture[(columns - self.center[0]) ** 2 + (rows - self.center[1]) ** 2 <= RADIUS**2] = (255, 0, 0)
        return picture


class Server:
    """Offers a channel, sends pictures, pairs the n-th estimate with the n-th of them; one client in its life."""

    def __init__(self, port, frames):
        self.port, self.frames = port, frames
        self.centers = []
        self.estimates = 0
        self.done = asyncio.Event()

    async def run(self):
        signaling = TcpSocketSignaling(HOST, self.port)
        pc = connection()
        channel = pc.createDataChannel("frames")
        channel.on("open", lambda: asyncio.ensure_future(self.send(channel)))
        channel.on("message", self.on_estimate)
        await pc.setLocalDescription(await pc.createOffer())
        await signaling.send(pc.localDescription)
        answer = await signaling.receive()
        tell("answer", sdp=answer.sdp)
        await pc.setRemoteDescription(answer)
        until_bye = asyncio.create_task(signaling.receive())
        await asyncio.wait([until_bye, asyncio.create_task(self.done.wait())], return_when=asyncio.FIRST_COMPLETED)
        if until_bye.done():
            tell("bye" if until_bye.result() is BYE else "lost")
        await signaling.close()
        await pc.close()

    async def send(self, channel):
        ball = BouncingBall()
        while channel.readyState == "open" and len(self.centers) < self.frames:
            picture = ball.step()
            self.centers.append(tuple(ball.center))
            channel.send(pickle.dumps(picture))
            # The original does not look, and queues without end.
            while channel.bufferedAmount > 1_000_000:
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.05)

    def on_estimate(self, message):
        vector = pickle.loads(message)
        if self.estimates < len(self.centers):
            actual = self.centers[self.estimates]
            tell("estimate", dtype=str(vector.dtype), shape=vector.shape, actual=actual, estimate=vector.tolist(),
                 error=float(np.linalg.norm(np.array(actual) - vector)))
        self.estimates += 1
        if self.estimates == self.frames:
            self.done.set()


if __name__ == "__main__":
    kind, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    peer = Client(port, count, sys.argv[4]) if kind == "client" else Server(port, count)
    asyncio.run(peer.run())
    tell("end")
