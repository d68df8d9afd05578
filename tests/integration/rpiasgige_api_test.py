"""The client libraries for rpiasgige that lenswire installs: against our server, and against a stand-in for an original.

Environment: LENSWIRE_RPIASGIGE_PROGRAMS, where the C++ programs of tests/rpiasgige are built (absent: they are
skipped)."""

import contextlib
import io
import os
import pathlib
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

from rpiasgige_client import FOURCC, HEIGHT, MJPG, RATE, WIDTH, DoorProcess
from server_process import ROOT, wait_until

sys.path.insert(0, str(ROOT / "python"))
from rpiasgige import client_api  # noqa: E402
try:
    from rpiasgige import ws_client_api
except ImportError:
    ws_client_api = None

PROGRAMS = pathlib.Path(os.environ.get("LENSWIRE_RPIASGIGE_PROGRAMS", "/nonexistent"))


class Original:
    """Answers as an original server of the TCP generation: one conversation at a time, in pieces of 1024 bytes, out
    after three seconds of silence."""

    def __init__(self, silent=False):
        self.silent = silent
        self.values = {}
        self.opened = False
        self.conversations = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=3)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.conversations += 1
            with client, contextlib.suppress(OSError):
                client.settimeout(3)
                while self._converse(client):
                    pass

    def _converse(self, client):
        request = client.recv(41)
        if not request or self.silent:
            if self.silent:
                client.recv(41)
            return False
        command, keep, data = request[:4], request[4:5], request[9:]
        status, body = b"0200", b""
        if command == b"PING":
            status = b"PONG"
        elif command == b"ISOP":
            status = b"0200" if self.opened else b"NOPE"
        elif command in (b"OPEN", b"CLOS"):
            self.opened = command == b"OPEN"
        elif command == b"SET0":
            key, value = struct.unpack("<id", data)
            self.values[key] = value
        elif command == b"GET0":
            body = struct.pack("<d", self.values.get(struct.unpack("<i", data)[0], 0.0))
        else:
            body = struct.pack("<iii", 24, 32, 16) + bytes(range(256)) * 9
        answer = status + keep + struct.pack("<i", len(body)) + body
        for start in range(0, len(answer), 1024):
            client.sendall(answer[start:start + 1024])
        return keep == b"1"


class PythonApi(unittest.TestCase):
    def exercise(self, api, port):
        camera = api.Device("127.0.0.1", port)
        camera.setReadTimeout(5)
        self.assertTrue(camera.ping())
        for _ in range(10):
            self.assertTrue(camera.ping(keep_alive=True))
        if not camera.isOpened():
            self.assertTrue(camera.open())
        self.assertTrue(camera.isOpened(True))
        for property_id, value in ((WIDTH, 320), (HEIGHT, 240), (FOURCC, MJPG), (RATE, 60)):
            self.assertTrue(camera.set(property_id, value, keep_alive=True))
            self.assertEqual(camera.get(property_id, keep_alive=True), (True, value))
        counter = api.Performance_Counter(10)
        turns = 0
        for _ in range(20):
            ok, picture = camera.read(keep_alive=True)
            self.assertTrue(ok)
            self.assertEqual(picture.dtype, "uint8")
            turns += counter.loop(picture.nbytes)
        self.assertEqual(turns, 2)
        self.assertGreater(counter.get_fps(), 0)
        self.assertEqual(counter.get_mean_data_size(), picture.nbytes)
        self.assertTrue(camera.release())
        camera.close()
        return picture.shape

    def test_ours_over_tcp(self):
        with DoorProcess("--camera", "cam=synthetic:room") as server:
            self.assertEqual(self.exercise(client_api, server.doors[0]), (240, 320, 3))
            camera = client_api.Device("127.0.0.1", server.doors[0])
            self.assertEqual(camera.read(), (False, None))
            self.assertFalse(camera.set(WIDTH, 320))

    @unittest.skipUnless(ws_client_api, "no python3-websocket here")
    def test_ours_over_websocket(self):
        with DoorProcess("--camera", "cam=synthetic:room") as server:
            self.assertEqual(self.exercise(ws_client_api, server.doors[0]), (240, 320, 3))

    def test_an_original(self):
        with Original() as server:
            self.assertEqual(self.exercise(client_api, server.port), (24, 32, 3))

    def test_depth_comes_as_sixteen_bits(self):
        with DoorProcess("--camera", "cam=synthetic:room?size=160x120", doors=["rpiasgige:0?stream=depth"]) as server:
            camera = client_api.Device("127.0.0.1", server.doors[0])
            camera.open()
            ok, depth = camera.read()
            self.assertTrue(ok)
            self.assertEqual((depth.shape, depth.dtype), ((120, 160), "uint16"))
            self.assertGreater(int(depth.max()), 1000)

    def test_being_shown_out_for_silence_costs_no_call(self):
        with DoorProcess("--camera", "cam=synthetic:room?size=160x120") as server:
            camera = client_api.Device("127.0.0.1", server.doors[0])
            self.assertTrue(camera.open(keep_alive=True))
            wait_until(lambda: server.metrics()["lenswire_connections"] <= 1, "the server has closed")
            self.assertTrue(camera.isOpened(keep_alive=True))
            self.assertTrue(camera.read(keep_alive=True)[0])
            camera.close()

    def test_silence_is_a_timeout(self):
        with Original(silent=True) as server:
            camera = client_api.Device("127.0.0.1", server.port)
            camera.setReadTimeout(0.2)
            began = time.monotonic()
            self.assertRaises(TimeoutError, camera.ping)
            self.assertLess(time.monotonic() - began, 5)

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.assertRaises(ConnectionRefusedError, client_api.Device("127.0.0.1", port).ping)

    def test_printf(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            client_api.printf("%d pictures at %.1f fps\n", 3, 29.97)
        self.assertEqual(out.getvalue(), "3 pictures at 30.0 fps\n")


@unittest.skipUnless((PROGRAMS / "rpiasgige_basic").exists(), "built without libopencv-core-dev")
class CppApi(unittest.TestCase):
    @staticmethod
    def program(name, *arguments):
        return subprocess.run([PROGRAMS / name, *map(str, arguments)], capture_output=True, text=True, timeout=60)

    def test_the_basic_program(self):
        with DoorProcess("--camera", "cam=synthetic:room") as server:
            result = self.program("rpiasgige_basic", "-address=127.0.0.1", f"-port={server.doors[0]}",
                                  "-frame-width=320", "-frame-height=240", "--fps=60", "-cycles=10",
                                  "-max-iterations=30", "-auto-focus=off")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(result.stdout.count("230400 bytes"), 3, result.stdout)

    def test_the_basic_program_at_an_original(self):
        with Original() as server:
            result = self.program("rpiasgige_basic", "-address=127.0.0.1", f"-port={server.port}", "-frame-width=32",
                                  "-frame-height=24", "-max-iterations=10")
            self.assertEqual(result.returncode, 0, result.stderr)

    def test_two_cameras_at_once(self):
        with DoorProcess("--camera", "a=synthetic:room", "--camera", "b=synthetic:room?seed=2",
                         doors=["rpiasgige:0=a", "rpiasgige:0=b"]) as server:
            result = self.program("rpiasgige_synchronization", *server.doors)
            self.assertEqual((result.returncode, result.stdout), (0, "60 pictures\n"), result.stderr)

    def test_a_picture_beyond_the_buffer_is_an_exception(self):
        with DoorProcess("--camera", "a=synthetic:room", doors=["rpiasgige:0"]) as server, Original() as original:
            result = self.program("rpiasgige_synchronization", server.doors[0])
            self.assertEqual(result.returncode, 0, result.stderr)
            # This one does not care what size it was asked for.
            self.assertEqual(self.program("rpiasgige_synchronization", original.port).returncode, 5)

    def test_silence_is_false_twice_and_then_an_exception(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            result = self.program("rpiasgige_timeouts", silent.getsockname()[1])
        self.assertEqual((result.returncode, result.stdout), (0, "open\n"), result.stderr)

    def test_nobody_there(self):
        with Original() as server:
            pass
        result = self.program("rpiasgige_basic", "-address=127.0.0.1", f"-port={server.port}")
        self.assertEqual(result.returncode, 9)
        self.assertIn("cannot connect", result.stderr)


if __name__ == "__main__":
    unittest.main()
