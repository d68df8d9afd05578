#!/usr/bin/python3
"""The Camera2TCP door as its clients see it: the recorded conversations, the old and the newest client's ways of
reading, netcat, links of 1500 bytes, two hundred clients that vanish.

Environment: LENSWIRE_BINARY, the program to test."""

import gzip
import os
import pathlib
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from server_process import ROOT, ServerProcess, wait_until  # noqa: E402

TRANSCRIPTS = ROOT.parent / "shared" / "protocols" / "transcripts"
SANITIZED = bool(os.environ.get("LENSWIRE_SANITIZE"))
HELPER = pathlib.Path(__file__).resolve().parent / "camera2tcp_newest_client.py"
ROOM = "room=synthetic:room?size=640x480&fps=30"
SMALL_PICTURE = "synthetic:ball?size=64x48&fps=60"


class DoorServer(ServerProcess):
    """A server with doors; `doors` are their ports in the order they were asked for."""

    @property
    def doors(self):
        def announced():
            ports = re.findall(r"^lenswire: door open on \S+:(\d+)$", self.log, re.M)
            return "lenswire: camera" in self.log and [int(port) for port in ports]
        return wait_until(announced, "the doors are announced")


class OldClient:
    """Scripts A-E: asks for the geometry, then reads until rows * cols * channels bytes are there."""

    def __init__(self, port, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port), 20)

    def say(self, text):
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def text(self):
        """One recv, as the originals read answers."""
        return self.socket.recv(1024).decode()

    def ask(self, word):
        self.say(word)
        return self.text()

    def exactly(self, count):
        data = bytearray()
        while len(data) < count:
            piece = self.socket.recv(min(65536, count - len(data)))
            if not piece:
                raise AssertionError(f"the door closed the connection after {len(data)} of {count} bytes")
            data += piece
        return bytes(data)

    def picture(self, word, count):
        self.say(word)
        return self.exactly(count)

    def silent_for(self, seconds):
        return not select.select([self.socket], [], [], seconds)[0]

    def closed(self):
        """Whether the door ends the connection, without another byte."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def bgr_rows(png):
    """Width, height and BGR bytes of an RGB PNG, read by OpenCV where it is there."""
    import cv2
    picture = cv2.imread(str(png), cv2.IMREAD_COLOR)
    return picture.shape[1], picture.shape[0], picture.tobytes()


def conversation(name):
    """[(from_client, bytes or None, first bytes, length)]: the blocks of a recording that carry bytes."""
    blocks = []
    client_ended = False
    for block in (TRANSCRIPTS / name).read_text().split("\n\n"):
        head = re.match(r"\[\s*[\d.]+\] tcp \S+:(\d+) -> \S+:(\d+)  (\d+) bytes", block)
        if not head:
            client_ended = client_ended or bool(re.match(r"\[.*\] tcp \S+ -> \S+:8080  FIN", block))
            if re.match(r"\[.*\] tcp \S+:8080 -> \S+  FIN", block) and not client_ended:
                blocks.append((False, b"", 0))
            continue
        dump = b""
        for line in block.splitlines()[1:]:
            if "trimmed" in line:
                break
            dump += bytes.fromhex("".join(re.findall(r"(?:(?<= )[0-9a-f]{2}(?= ))", line[10:60])))
        blocks.append((head.group(2) == "8080", dump, int(head.group(3))))
    return blocks


class Words(unittest.TestCase):
    """Every row of the specification's table."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(DoorServer(
            "--camera", ROOM, "--camera", "ball=" + SMALL_PICTURE,
            "--camera", "slow=synthetic:room?size=640x480&fps=3",
            "--door", "camera2tcp:0=room", "--door", "camera2tcp:0=ball", "--door", "camera2tcp:0=room?gzip=1",
            "--door", "camera2tcp:0=room?skeleton=json&size=160x120", "--door", "camera2tcp:0=slow?strict=1"))
        cls.room, cls.ball, cls.gzip, cls.resized, cls.strict = cls.server.doors

    def client(self, port=None):
        client = OldClient(port or self.room)
        self.addCleanup(client.close)
        return client

    def test_geometry_texts(self):
        client = self.client()
        self.assertEqual(client.ask("Connecting2RGBWebcam"), "480,640,3")
        self.assertEqual(client.ask("Connecting2KinectWebcam"), "1080,1920,3")
        self.assertEqual(client.ask("Connecting2KinectDepth"), "512,424,1")
        self.assertEqual(client.ask("Connecting2KinectSkeleton"), "6")
        self.assertEqual(client.ask("Connecting2SimpleImage"), "512,512,3")

    def test_every_picture_word_of_every_version(self):
        sizes = {"RGBWebcam": 921600, "RGB": 921600, "KinectWebcam": 6220800, "RGBHD": 6220800,
                 "KinectDepth": 434176, "Depth": 434176, "SimpleImage": 786432}
        client = self.client()
        for word, size in sizes.items():
            client.picture(word, size)
            self.assertTrue(client.silent_for(0.02), f"more than one picture for {word}")
        for word in ("KinectSkeleton", "Skeleton"):
            self.assertEqual(client.ask(word), "no bodies")

    def test_a_bare_word_needs_no_handshake(self):
        self.assertEqual(len(self.client().picture("RGB", 921600)), 921600)

    def test_unknown_words(self):
        client = self.client()
        self.assertEqual(client.ask("GiveMeAPicture"), "Invalid request")
        self.assertEqual(client.ask("x" * 5000), "Invalid request")
        self.assertEqual(client.ask(bytes(range(128, 256))), "Invalid request")
        self.assertEqual(client.ask("Connecting2RGBWebcam\r\n"), "480,640,3")
        client.say("rubbishRGBWebcam")
        client.exactly(921600)
        self.assertTrue(client.silent_for(0.05), "a text went into the frame stream")

    def test_a_word_in_pieces(self):
        client = self.client()
        for piece in ("Connecting2", "Kinect", "Depth"):
            self.assertTrue(client.silent_for(0.01))
            client.say(piece)
        self.assertEqual(client.text(), "512,424,1")

    def test_pictures_follow_each_other(self):
        client = self.client(self.ball)
        self.assertEqual(client.ask("Connecting2RGBWebcam"), "48,64,3")
        pictures = {client.picture("RGBWebcam", 9216) for _ in range(12)}
        self.assertGreater(len(pictures), 10, "the same picture again and again")

    def test_colour_is_blue_green_red(self):
        with self.subTest("against the page's own JPEG"):
            try:
                import cv2
                import numpy
            except ImportError:
                self.skipTest("python3-opencv is not installed")
            server = self.enterContext(DoorServer("--camera", "r=synthetic:room?noise=0&size=320x240",
                                                  "--door", "camera2tcp:0"))
            server.patch("/api/v1/cameras/r/controls", {"moving": False})
            jpeg = server.get("/cameras/r/color.jpg?quality=100").body
            expected = cv2.imdecode(numpy.frombuffer(jpeg, numpy.uint8), cv2.IMREAD_COLOR).astype(int)
            with OldClient(server.doors[0]) as client:
                client.picture("RGBWebcam", expected.size)
                got = numpy.frombuffer(client.picture("RGBWebcam", expected.size), numpy.uint8)
            difference = abs(got.reshape(expected.shape).astype(int) - expected)
            self.assertLess(difference.mean(), 8, "JPEG has half the colour resolution")
            swapped = abs(got.reshape(expected.shape)[:, :, ::-1].astype(int) - expected)
            self.assertGreater(swapped.mean(), 2 * difference.mean(), "the picture is too grey to tell")

    def test_kinect_depth_is_big_endian_millimetres(self):
        depth = self.client().picture("KinectDepth", 434176)
        values = [depth[i] << 8 | depth[i + 1] for i in range(0, len(depth), 2)]
        self.assertTrue(all(value == 0 for value in values[:20 * 512]), "640x480 leaves bars of 20 rows")
        self.assertTrue(all(value == 0 for value in values[404 * 512:]))
        measured = [value for value in values if value]
        self.assertGreater(len(measured), 0.8 * 512 * 384)
        self.assertTrue(all(300 < value < 12000 for value in measured), "a room's depths in mm")

    def test_the_test_picture_visibly_changes(self):
        client = self.client()
        pictures = []
        end = time.monotonic() + 20
        while len(set(pictures)) < 5 and time.monotonic() < end:
            pictures.append(client.picture("SimpleImage", 786432))
        self.assertGreaterEqual(len(set(pictures)), 5)
        changed = sum(a != b for a, b in zip(pictures[0], pictures[-1]))
        self.assertGreater(changed, 1000)

    def test_several_services_on_one_connection(self):
        client = self.client()
        for _ in range(3):
            self.assertEqual(client.ask("Connecting2KinectDepth"), "512,424,1")
            client.picture("KinectDepth", 434176)
            self.assertEqual(client.ask("KinectSkeleton"), "no bodies")
            client.picture("RGBWebcam", 921600)

    def test_many_clients_see_the_camera_at_its_full_rate(self):
        clients = [self.client(self.ball) for _ in range(8)]
        began = time.monotonic()
        for _ in range(30):
            for client in clients:
                client.say("RGBWebcam")
            for client in clients:
                client.exactly(9216)
        self.assertLess(time.monotonic() - began, 5, "30 pictures of a 60 Hz camera for each of eight")

    def test_gzip_on_request(self):
        client = self.client(self.gzip)
        client.say("KinectDepth")
        data = b""
        while True:
            data += client.socket.recv(65536)
            try:
                depth = gzip.decompress(data)
                break
            except EOFError:
                pass
        self.assertEqual(len(depth), 434176)
        client.picture("RGBWebcam", 921600)

    def test_a_smaller_size_on_request(self):
        client = self.client(self.resized)
        self.assertEqual(client.ask("Connecting2RGBWebcam"), "120,160,3")
        self.assertGreater(len(set(client.picture("RGBWebcam", 120 * 160 * 3))), 50)
        self.assertEqual(client.ask("Connecting2SimpleImage"), "120,160,3")
        client.picture("SimpleImage", 120 * 160 * 3)
        self.assertEqual(client.ask("KinectSkeleton"), "no bodies", "there is nobody in the room")

    def test_status_texts_only_when_strict(self):
        client = self.client(self.strict)
        answers = set()
        for word, text in (("KinectDepth", b"no depth frame"), ("KinectWebcam", b"no frame")):
            size = 434176 if word == "KinectDepth" else 6220800
            end = time.monotonic() + 60
            while time.monotonic() < end:
                client.say(word)
                head = client.exactly(len(text))
                answers.add(head if head == text else word)
                if head != text:
                    client.exactly(size - len(text))
                if {text, word} <= answers:
                    break
        self.assertEqual(answers, {b"no depth frame", b"no frame", "KinectDepth", "KinectWebcam"})

    def test_a_camera_without_depth_has_no_kinect(self):
        client = self.client(self.ball)
        self.assertEqual(client.ask("Connecting2KinectDepth"), "512,424,1")
        client.say("KinectDepth")
        self.assertTrue(client.closed())


class Others(unittest.TestCase):
    def test_no_colour_no_service(self):
        with DoorServer("--camera", "d=synthetic:room?color=none&size=64x64", "--door", "camera2tcp:0") as server:
            with OldClient(server.doors[0]) as client:
                self.assertEqual(client.ask("Connecting2RGBWebcam"), "no service available")
                client.say("RGBWebcam")
                self.assertTrue(client.silent_for(0.3), "the original says nothing when its camera fails")
                client.picture("KinectDepth", 434176)

    def test_an_image_is_the_test_picture(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        with DoorServer("--camera", "r=synthetic:room?size=64x64", "--door", "camera2tcp:0?size=64x48") as server:
            with OldClient(server.doors[0]) as client:
                pixels = client.picture("RGBWebcam", 9216)
        write_png(folder / "a.png", 64, 48, pixels)
        for option, rate in (("", 30), ("&mark=1", 30)):
            with DoorServer("--camera", f"i=image:{folder}/a.png?fps={rate}{option}", "--door",
                            "camera2tcp:0") as server, OldClient(server.doors[0]) as client:
                self.assertEqual(client.ask("Connecting2SimpleImage"), "48,64,3")
                pictures = [client.picture("SimpleImage", 9216) for _ in range(6)]
                for picture in pictures:
                    changed = sum(picture[i:i + 3] != pixels[i:i + 3] for i in range(0, 9216, 3))
                    self.assertEqual(changed, 36, "a mark of 6 x 6 pixels, and nothing else")
                self.assertGreaterEqual(len(set(pictures)), 5)

    def test_netcat_as_in_the_readme(self):
        netcat = shutil.which("nc")
        if not netcat or "OpenBSD" not in subprocess.run([netcat, "-h"], capture_output=True, text=True).stderr:
            self.skipTest("netcat-openbsd is not installed")
        with DoorServer("--camera", ROOM, "--door", "camera2tcp:0") as server:
            def ask(words):
                return subprocess.run([netcat, "-N", "127.0.0.1", str(server.doors[0])], input=words,
                                      capture_output=True, timeout=20).stdout
            self.assertEqual(ask(b"Connecting2RGBWebcam\n"), b"480,640,3")
            self.assertEqual(ask(b"Connecting2RGBWebcam"), b"480,640,3")
            self.assertEqual(len(ask(b"RGB\n")), 921600)
            self.assertEqual(len(ask(b"RGB")), 921600)
            self.assertEqual(ask(b"hello\n"), b"Invalid request")
            self.assertEqual(len(ask(b"Connecting2KinectDepth\nKinectDepth\n")), 9 + 434176)

    def test_a_size_that_was_promised_holds(self):
        """The camera changes its picture's size while a client is there."""
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        write_png(folder / "a.png", 64, 48, bytes([10, 200, 30]) * (64 * 48))
        with DoorServer("--camera", f"i=image:{folder}/a.png?fps=50", "--linger", "0", "--door",
                        "camera2tcp:0") as server, OldClient(server.doors[0]) as client:
            self.assertEqual(client.ask("Connecting2RGBWebcam"), "48,64,3")
            client.picture("RGBWebcam", 9216)
            write_png(folder / "b.png", 128, 64, bytes([10, 200, 30]) * (128 * 64))
            os.replace(folder / "b.png", folder / "a.png")

            def closed():
                return server.get("/api/v1/cameras/i").json["state"] == "idle"
            wait_until(closed, "nobody wants the camera, so it is closed")
            picture = client.picture("RGBWebcam", 9216)
            self.assertEqual(picture[:64 * 3 * 8], bytes(64 * 3 * 8), "128x64 in 64x48 leaves bars of 8 rows")
            self.assertEqual(picture[64 * 3 * 8:64 * 3 * 9], bytes([10, 200, 30]) * 64)
            self.assertEqual(client.ask("Connecting2RGBWebcam"), "48,64,3")
            with OldClient(server.doors[0]) as other:
                self.assertEqual(other.ask("Connecting2RGBWebcam"), "64,128,3")
                self.assertEqual(len(other.picture("RGBWebcam", 128 * 64 * 3)), 128 * 64 * 3)

    def test_bad_options_are_named(self):
        for option, part in (("strict=maybe", "strict"), ("skeleton=xml", "words or json"), ("size=0x4", "size"),
                             ("colour=1", "strict, gzip, skeleton, size")):
            result = subprocess.run([os.environ["LENSWIRE_BINARY"], "serve", "--listen", "127.0.0.1:0", "--camera", ROOM,
                                     "--door", f"camera2tcp:0?{option}"], capture_output=True, text=True, timeout=20)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(part, result.stderr)

    def test_two_hundred_clients_that_ask_and_vanish(self):
        with DoorServer("--camera", ROOM, "--door", "camera2tcp:0") as server:
            with OldClient(server.doors[0]) as client:  # all that is made once
                for word, size in (("RGBWebcam", 921600), ("KinectDepth", 434176), ("KinectWebcam", 6220800)):
                    client.picture(word, size)
            wait_until(lambda: server.metrics().get("lenswire_connections", 1) <= 1, "the first client is gone")
            descriptors = server.descriptors()

            def wave():
                clients = [OldClient(server.doors[0]) for _ in range(200)]
                for i, client in enumerate(clients):
                    client.say(("RGBWebcam", "KinectDepth", "SimpleImage", "Connecting2RGB", "KinectWebcam")[i % 5])
                for i, client in enumerate(clients):
                    if i % 2:
                        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    client.close()
                wait_until(lambda: server.descriptors() <= descriptors + 2, "all descriptors are back", 12)
            wave()
            memory = server.resident_bytes()
            for _ in range(3):
                wave()
            if not SANITIZED:  # which keeps freed memory for a while
                self.assertLess(server.resident_bytes() - memory, 16 << 20)
            with OldClient(server.doors[0]) as client:
                client.picture("RGBWebcam", 921600)

    def test_a_client_that_takes_nothing_is_cut(self):
        with DoorServer("--camera", ROOM, "--door", "camera2tcp:0") as server:
            with OldClient(server.doors[0]) as client:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.say("KinectWebcam")
                wait_until(lambda: "client_cut" in server.log and "camera2tcp" in server.log, "it is cut", 30)


def write_png(path, width, height, bgr):
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rgb = bytearray(bgr)
    rgb[0::3], rgb[2::3] = bgr[2::3], bgr[0::3]
    rows = b"".join(b"\0" + bytes(rgb[y * width * 3:(y + 1) * width * 3]) for y in range(height))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


@unittest.skipUnless(TRANSCRIPTS.is_dir(), "the recordings (../shared/protocols) are not here")
class Recordings(unittest.TestCase):
    """What the unmodified programs said to each other: the client's bytes go in, and the answers must be the server's,
    in texts to the byte and in pictures to the length."""

    def replay(self, name, port):
        with OldClient(port) as client:
            for from_client, data, length in conversation(name):
                if from_client:
                    client.say(data)
                elif length == 0:
                    return client.closed()
                elif length < 20:
                    self.assertEqual(client.exactly(length), data)
                else:
                    client.exactly(length)
        return None

    def test_webcam(self):
        with DoorServer("--camera", "c=" + SMALL_PICTURE, "--door", "camera2tcp:0") as server:
            self.replay("camera2tcp-rgbwebcam-48x64.txt", server.doors[0])

    def test_simple_image(self):
        with DoorServer("--camera", "c=" + SMALL_PICTURE, "--door", "camera2tcp:0?size=64x48") as server:
            self.replay("camera2tcp-simpleimage-48x64.txt", server.doors[0])

    def test_no_kinect(self):
        with DoorServer("--camera", "c=" + SMALL_PICTURE, "--door", "camera2tcp:0") as server:
            self.assertTrue(self.replay("camera2tcp-kinectdepth-without-kinect.txt", server.doors[0]))

    def test_the_picture_that_hung_comes_whole(self):
        blocks = conversation("camera2tcp-truncated-send-hang.txt")
        self.assertEqual(blocks[1][1], b"512,512,3")
        with DoorServer("--camera", "c=" + SMALL_PICTURE, "--door", "camera2tcp:0") as server:
            with OldClient(server.doors[0]) as client:
                self.assertEqual(client.ask(blocks[0][1]).encode(), blocks[1][1])
                client.picture(blocks[2][1], 512 * 512 * 3)

    def test_the_newest_clients_bursts(self):
        """Its words in the order and pieces of the recording: one picture for each burst, and no text among them."""
        words = [data for from_client, data, _ in conversation("camera2tcp-rerequest-vga.txt")[2:] if from_client]
        self.assertIn(b"RGBWebcamRGBWebcam", words)
        with DoorServer("--camera", "c=synthetic:ball?size=640x480&fps=30", "--door", "camera2tcp:0") as server:
            with OldClient(server.doors[0]) as client:
                for burst in words[:12]:
                    picture = client.picture(burst, 921600)
                    self.assertNotIn(b"Invalid", picture[:32])
                    self.assertTrue(client.silent_for(0.01), "more than one picture for a burst")


class NewestClient(unittest.TestCase):
    """It takes a picture only if one recv() gives all of it, and asks again else. The pictures' first row tells
    whether they begin where they should."""

    def pictures(self, arguments, command=(), host="127.0.0.1", limit=120):
        result = subprocess.run([*command, "/usr/bin/python3", str(HELPER), host, *map(str, arguments)],
                                capture_output=True, text=True, timeout=limit)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return dict(part.split("=") for part in result.stdout.split())

    def assert_unshifted(self, seen):
        self.assertEqual(seen["shifted"], "0", seen)
        self.assertEqual(seen["pictures"], "12", seen)

    def test_on_loopback(self):
        with DoorServer("--camera", "i=" + barred_camera(self, 640, 480), "--door", "camera2tcp:0") as server:
            seen = self.pictures([server.doors[0], "RGBWebcam", 12])
        self.assert_unshifted(seen)

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("ip"), "network namespaces need root and iproute2")
    def test_with_a_frame_size_of_1500_bytes(self):
        name = f"c2t{os.getpid() % 100000}"
        far = ["ip", "netns", "exec", name]
        subprocess.run(["ip", "netns", "add", name], check=True)
        self.addCleanup(subprocess.run, ["ip", "netns", "del", name])
        subprocess.run(["ip", "link", "add", name + "a", "mtu", "1500", "type", "veth", "peer", "name", name + "b",
                        "mtu", "1500", "netns", name], check=True)
        subprocess.run(["ip", "address", "add", "10.213.7.1/30", "dev", name + "a"], check=True)
        subprocess.run(["ip", "link", "set", name + "a", "up"], check=True)
        subprocess.run([*far, "ip", "address", "add", "10.213.7.2/30", "dev", name + "b"], check=True)
        subprocess.run([*far, "ip", "link", "set", name + "b", "up"], check=True)
        with DoorServer("--camera", "i=" + barred_camera(self, 640, 480), "--insecure-lan",
                        "--door", "camera2tcp:10.213.7.1:0", "--door", "camera2tcp:10.213.7.1:0?size=1920x1080",
                        "--door", "camera2tcp:10.213.7.1:0?size=160x120") as server:
            small, large, tiny = server.doors
            for port in (small, tiny):
                self.assert_unshifted(self.pictures([port, "RGBWebcam", 12], far, "10.213.7.1"))
            # Whether one recv() ever finds 6 MB together is up to the client's machine.
            seen = self.pictures([large, "RGBWebcam", 12, 8], far, "10.213.7.1")
            self.assertEqual(seen["shifted"], "0", seen)
            self.assertGreater(int(seen["asked"]), 100, seen)


def barred_camera(test, width, height):
    """An `image:` whose first rows are bright and whose others are dark, at 30 pictures a second."""
    folder = pathlib.Path(test.enterContext(tempfile.TemporaryDirectory()))
    rows = [bytes([250, 240, 230]) * width] * 8 + [bytes([20, 30, 40]) * width] * (height - 8)
    write_png(folder / "bars.png", width, height, b"".join(rows))
    return f"image:{folder}/bars.png?fps=30"


if __name__ == "__main__":
    unittest.main(verbosity=2)
