"""A server in Python that does what a test says: the other implementation of docs/protocol.md speaks
to the real `lenswire` program. Built on tests/python/lwp_reader.py, which shares no code with the C++."""

import pathlib
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))
import lwp_reader as lwp  # noqa: E402

DEPTH = {
    "version": 1, "stream": "depth", "kind": "depth", "format": "z16", "width": 8, "height": 4,
    "rate_hz": 30.0, "depth_unit_m": 0.001, "calibration_version": "00000000000000ff",
    "intrinsics": {"width": 8, "height": 4, "fx": 10.0, "fy": 10.0, "cx": 4.0, "cy": 2.0,
                   "model": "none", "distortion": [0.0] * 8},
}
COLOR = {"version": 1, "stream": "color", "kind": "color", "format": "rgb8", "width": 8, "height": 4,
         "rate_hz": 30.0, "calibration_version": "0000000000000000"}
GAIN = {"name": "gain", "label": "Gain", "type": "integer", "value": 5, "default": 5, "minimum": 0,
        "maximum": 10, "step": 1, "read_only": False, "inactive": False, "volatile": False}
MODE = {"name": "mode", "label": "Mode", "type": "menu", "value": 0, "default": 0, "minimum": 0,
        "maximum": 1, "step": 1, "menu": [{"index": 0, "name": "auto"}, {"index": 1, "name": "manual"}],
        "read_only": False, "inactive": False, "volatile": False}


def camera(name="room", streams=(DEPTH, COLOR), state="streaming", reason=""):
    return {"name": name, "uri": f"synthetic:{name}", "model": "built-in scene", "serial": "", "bus": "",
            "state": state, "reason": reason, "since_s": 1.0, "counters": {"frames": 12},
            "streams": [dict(s, measured_hz=29.9, sequence=7, clients=1, encodes=0) for s in streams]}


def depth_pixels(sequence):
    """32 values that tell which frame they are from."""
    return struct.pack("<32H", *((sequence * 100 + i) & 0xFFFF for i in range(32)))


def frame_message(subscription, sequence, payload, codec=0, profile=DEPTH, missed=()):
    fourcc = {"z16": b"Z16 ", "rgb8": b"RGB3"}[profile["format"]]
    depth = profile["format"] == "z16"
    size = profile["width"] * profile["height"] * (2 if depth else 3)
    now = time.monotonic_ns()
    header = lwp.FRAME.pack(sequence, now - 1_000_000, now, now, 1000, 0, codec, 1 if depth else 0, 1,
                            struct.unpack("<I", fourcc)[0], profile["width"], profile["height"], 1, 255, size)
    extensions = [(lwp.EXT_FRAME, header)]
    if missed:
        extensions.append((lwp.EXT_MISSED, b"".join(struct.pack("<B3xIQ", *m) for m in missed)))
    return lwp.make_message(lwp.FRAME_TYPE, subscription, extensions, payload)


class Peer:
    """The server's end of one connection."""

    def __init__(self, connection):
        self.socket = connection
        self.transport = lwp.TcpTransport.__new__(lwp.TcpTransport)
        self.transport._socket = connection

    def send(self, data):
        self.socket.sendall(data)

    def send_map(self, kind, tag, value):
        self.send(lwp.make_message(kind, tag, payload=lwp.cbor_encode(value)))

    def read(self):
        while True:
            message = lwp.parse_message(self.transport.read_message())
            if message.kind != lwp.TIME_REQUEST:
                return message
            t0 = struct.unpack_from("<q", message.extensions[lwp.EXT_TIME])[0]
            now = time.monotonic_ns()
            self.send(lwp.make_message(lwp.TIME_REPLY, message.tag,
                                       [(lwp.EXT_TIME, struct.pack("<qqq", t0, now, now))]))

    def greet(self, **changes):
        hello = lwp.cbor_decode(self.read().payload)
        welcome = {"version": 1, "server": "lenswire 0.1.0", "name": "test bench", "role": "control",
                   "monotonic_ns": time.monotonic_ns(), "utc_ns": time.time_ns(), "max_message_bytes": 1 << 20}
        self.send_map(lwp.WELCOME, 0, {**welcome, **changes})
        return hello


class Script:
    """Answers requests from tables; frames go out as acknowledgements come in."""

    def __init__(self, cameras=None, controls=(GAIN, MODE), frames=10, codec=0, die_after=None, missed=()):
        self.cameras = [camera()] if cameras is None else cameras
        self.controls = {c["name"]: dict(c) for c in controls}
        self.frames = frames
        self.codec = codec
        self.die_after = die_after
        self.missed = missed
        self.hello = None
        self.requests = []

    def frame(self, subscription, profile, sequence):
        if profile["format"] == "z16":
            pixels = depth_pixels(sequence)
        else:
            pixels = bytes([sequence & 255]) * (profile["width"] * profile["height"] * 3)
        if self.codec == 2:
            import numpy as np
            pixels = lwp.png_encode_16(np.frombuffer(pixels, "<u2").reshape(4, 8))
        missed = self.missed if sequence == 2 else ()
        return frame_message(subscription, sequence, pixels, self.codec, profile, missed)

    def __call__(self, peer):
        self.hello = peer.greet()
        sent, running = {}, {}
        while True:
            message = peer.read()
            if message.kind == lwp.BYE:
                return
            if message.kind == lwp.ACK:
                if message.tag not in running or sent[message.tag] >= self.frames:
                    continue
            elif message.kind == lwp.REQUEST:
                request = lwp.cbor_decode(message.payload)
                self.requests.append(request)
                reply = self.answer(request, len(running) + 7)
                peer.send_map(lwp.REPLY, message.tag, reply)
                if not reply["ok"] or request["op"] != "subscribe":
                    continue
                message.tag = reply["subscription"]
                running[message.tag], sent[message.tag] = reply["profile"], 0
            else:
                continue
            if self.die_after is not None and sent[message.tag] >= self.die_after:
                return
            sent[message.tag] += 1
            peer.send(self.frame(message.tag, running[message.tag], sent[message.tag]))

    def answer(self, request, next_subscription):
        op = request["op"]
        if op == "cameras":
            return {"ok": True, "cameras": self.cameras}
        if op == "controls":
            return {"ok": True, "controls": list(self.controls.values())}
        if op == "set_controls":
            for name, value in request["settings"].items():
                self.controls[name]["value"] = value
            return {"ok": True, "controls": [self.controls[name] for name in request["settings"]]}
        if op == "subscribe":
            for one in self.cameras:
                for stream in one["streams"]:
                    if (one["name"], stream["stream"]) == (request["camera"], request["stream"]):
                        codec = lwp.CODECS[self.codec]
                        return {"ok": True, "subscription": next_subscription, "profile": stream, "codec": codec}
            return {"ok": False, "error": "not_found", "message": "no such stream"}
        if op == "unsubscribe":
            return {"ok": True}
        return {"ok": False, "error": "unsupported", "message": f"no op '{op}'"}


class ScriptedServer:
    """Listens on a free loopback port; connection number n runs script n, later ones the last."""

    def __init__(self, *scripts):
        self._scripts = scripts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _run(self):
        count = 0
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[min(count, len(self._scripts) - 1)]
            count += 1
            with connection:
                connection.settimeout(20)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    script(Peer(connection))
                except (OSError, lwp.ProtocolError, lwp.Refused):
                    pass
