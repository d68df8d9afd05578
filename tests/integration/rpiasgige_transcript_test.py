"""What clients once sent to original rpiasgige servers, sent again; what those answered, compared byte by byte.

The recordings lie beside the repository and not in it; without them the test is skipped."""

import os
import re
import struct
import tempfile
import unittest

from rpiasgige_client import DoorProcess, TcpClient, packet, write_png
from server_process import ROOT

RECORDINGS = ROOT.parent / "shared" / "protocols" / "transcripts"
BLOCK = re.compile(r"^\[ *[\d.]+\] tcp [\d.]+:(\d+) -> [\d.]+:(\d+)  (\d+) bytes")
ROW = re.compile(r"^    [0-9a-f]{6}  ((?:[0-9a-f]{2} )+)")


def conversations(name):
    """[[(sent by the client, answered)]] of a recording; runs that were trimmed have only their beginning."""
    by_client, open_run = {}, None
    for line in (RECORDINGS / name).read_text().splitlines():
        block = BLOCK.match(line)
        if block:
            source, target = block.group(1), block.group(2)
            exchanges = by_client.setdefault(source if target == "4001" else target, [])
            if target == "4001":
                exchanges.append([b"", b"", int(block.group(3)), 0])
            elif exchanges:
                exchanges[-1][3] = int(block.group(3))
            open_run = (exchanges, 0 if target == "4001" else 1) if exchanges else None
        elif (row := ROW.match(line)) and open_run:
            exchanges, side = open_run
            exchanges[-1][side] += bytes.fromhex(row.group(1))
        elif "trimmed" in line or line.startswith("["):
            open_run = None
    return list(by_client.values())


def unmask(frame):
    """The payload of one masked client frame of less than 126 bytes, or None for what is no data frame."""
    if len(frame) < 6 or frame[0] not in (0x81, 0x82):
        return None
    length, mask = frame[1] & 0x7F, frame[2:6]
    return bytes(byte ^ mask[i % 4] for i, byte in enumerate(frame[6:6 + length]))


@unittest.skipUnless((RECORDINGS / "rpiasgige-tcp-commands.txt").exists(), "no recordings beside the repository")
class Transcripts(unittest.TestCase):
    def setUp(self):
        # Like the recorded server: pictures of 320 x 240 from a file, whose size can't be set.
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        picture = write_png(os.path.join(folder.name, "a.png"), 320, 240)
        self.server = DoorProcess("--camera", f"cam=image:{picture}?fps=30")
        self.addCleanup(self.server.stop)
        self.port = self.server.doors[0]

    def test_tcp(self):
        compared = 0
        opened = False
        for exchanges in conversations("rpiasgige-tcp-commands.txt"):
            for sent, answered, sent_bytes, answer_bytes in exchanges:
                if len(sent) != sent_bytes or not answered:
                    continue
                with TcpClient(self.port) as client:
                    client.send(sent)
                    client.socket.shutdown(1)
                    got = client.rest()
                if sent.startswith(b"SET0") and struct.unpack("<i", sent[5:9])[0] == 12 and opened:
                    # A file of just that width refused it; what a camera has already, ours grants.
                    self.assertEqual(got, packet(b"0200"))
                elif sent.count(b"PING") == 2:
                    self.assertEqual(got, answered * 2, "the original lost the second")
                elif sent.startswith(b"GRAB") and answer_bytes > 100:
                    self.assertEqual((got[:21], len(got)), (answered[:21], answer_bytes))
                else:
                    self.assertEqual(got, answered, sent)
                opened = opened or sent.startswith(b"OPEN")
                compared += 1
        self.assertGreaterEqual(compared, 14)

    def test_websocket(self):
        handshake = (b"GET /any/path HTTP/1.1\r\nUpgrade: websocket\r\nHost: 127.0.0.1:4001\r\n"
                     b"Origin: http://127.0.0.1:4001\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                     b"Sec-WebSocket-Version: 13\r\nConnection: Upgrade\r\n\r\n")
        compared = 0
        for exchanges in conversations("rpiasgige-websocket.txt"):
            if not exchanges or not exchanges[0][0].startswith(b"GET "):
                continue
            with TcpClient(self.port) as client:
                client.send(handshake)
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += client.exactly(1)
                self.assertTrue(head.startswith(b"HTTP/1.1 101 "))
                for sent, answered, sent_bytes, answer_bytes in exchanges[1:]:
                    request = unmask(sent)
                    if len(sent) != sent_bytes or not answered or (request is None and sent[0] not in (0x88, 0x89)):
                        break
                    client.send(sent)
                    if answer_bytes > 1000:  # the original cut it into frames of 4 KiB
                        flags, length = client.exactly(2)
                        size = struct.unpack(">Q" if length == 127 else ">H", client.exactly(8 if length == 127 else 2))
                        self.assertEqual((flags, size[0]), (0x82, 21 + 320 * 240 * 3))
                        self.assertEqual(client.exactly(size[0])[:21], answered[4:25])
                    else:
                        self.assertEqual(client.exactly(answer_bytes), answered, (request, sent))
                    compared += 1
        self.assertGreaterEqual(compared, 16)


if __name__ == "__main__":
    unittest.main()
