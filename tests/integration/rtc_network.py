"""What tests of data channels share: a network of their own, and a transport of lwp_reader over aiortc."""

import asyncio
import ctypes
import http.client
import queue
import subprocess
import threading
import unittest

try:
    import aiortc
except ImportError:
    aiortc = None

ADDRESS = "10.99.0.1"
PATIENCE = 120
CLONE_NEWNET = 0x40000000


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


def pieces_to_messages(buffer):
    """Takes whole native messages from the front of a bytearray."""
    while len(buffer) >= 16:
        size = 16 + int.from_bytes(buffer[6:8], "little") + int.from_bytes(buffer[8:12], "little")
        if len(buffer) < size:
            return
        yield bytes(buffer[:size])
        del buffer[:size]


class RtcTransport:
    """The native protocol over a data channel, for lwp_reader.Reader. aiortc runs on a thread of its own."""

    def __init__(self, port, camera, network=None, post=None):
        """`network` is called on that thread first, and `post` does what post_offer() does."""
        self.longest_piece = 0
        self.location = None
        self._port = port
        self._buffer = bytearray()
        self._messages = queue.Queue()
        self._loop = asyncio.new_event_loop()
        self._post = post or post_offer
        if network:
            self._loop.call_soon(network)
        self._start()
        self._run(self._connect(camera))

    def _start(self):
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    def _take(self, piece):
        self.longest_piece = max(self.longest_piece, len(piece))
        self._buffer += piece
        for message in pieces_to_messages(self._buffer):
            self._messages.put(message)

    async def _connect(self, camera):
        self._peer = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
        self._channel = self._peer.createDataChannel("lenswire")
        self._channel.on("message", self._take)
        opened = asyncio.Event()
        self._channel.on("open", opened.set)
        self._channel.on("close", lambda: self._messages.put(None))
        await self._peer.setLocalDescription(await self._peer.createOffer())
        status, headers, answer = await asyncio.to_thread(
            self._post, self._port, camera, self._peer.localDescription.sdp)
        assert status == 201, (status, answer)
        self.location = headers["Location"]
        await self._peer.setRemoteDescription(aiortc.RTCSessionDescription(answer, "answer"))
        await asyncio.wait_for(opened.wait(), PATIENCE)

    def send(self, data):
        self._loop.call_soon_threadsafe(self._channel.send, bytes(data))

    def read_message(self):
        message = self._messages.get(timeout=PATIENCE)
        if message is None:
            raise EOFError("the data channel is closed")
        return message

    def remote_address(self):
        """Where the other end is met, by the pair of candidates that ICE has chosen."""
        return self._peer.sctp.transport.transport._connection._nominated[1].remote_addr[0]

    def stop_reading(self):
        """As a client whose process hangs."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)

    def has_messages(self):
        return not self._messages.empty()

    def read_again(self):
        self._start()

    def close(self):
        self._run(self._peer.close())


def post_offer(port, camera, sdp, kind="application/sdp"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", f"/rtc/{camera}", sdp, {"Content-Type": kind})
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


def compare_depth(server, transport):
    """Three frames of room/depth, over this transport and over TCP: the same in every pixel."""
    from server_process import lwp  # which needs numpy, unlike the rest of this file

    over_rtc, over_tcp = lwp.Reader("", 0, transport=transport), lwp.Reader("127.0.0.1", server.port)
    for reader in (over_rtc, over_tcp):
        reader.subscribe("room", "depth", "raw")
    by_sequence, compared = {}, 0
    while compared < 3:
        for reader in (over_rtc, over_tcp):
            frame = reader.next()[1]
            other = by_sequence.setdefault(frame.sequence, frame)
            if other is not frame:
                lwp.np.testing.assert_array_equal(frame.pixels, other.pixels)
                compared += 1
    over_tcp.close()
