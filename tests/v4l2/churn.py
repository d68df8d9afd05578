#!/usr/bin/python3
"""Plugs, unplugs, reconfigures and sets cameras for a long time while eight clients watch, and looks whether the
server's descriptors and memory stay where they were. Run inside the VM by run_in_vm.sh.

    LENSWIRE_BINARY=... churn.py --minutes 10      prints a line for every round, and a summary
    server_vm_test.py                              runs two rounds of it

Environment: LENSWIRE_BINARY, the program to test."""

import argparse
import os
import pathlib
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
from server_process import PartReader, ServerProcess, lwp, wait_until  # noqa: E402

DRIVER = pathlib.Path("/sys/bus/platform/drivers/vivid")
LIMIT = 120  # generous: the VM's CPU is emulated
SIZES = ("320x180", "640x360", "640x480")
FORMATS = ("yuyv", "uyvy", "nv12", "rgb8")


class Client(threading.Thread):
    """Takes frames until it is told to stop. What ends it otherwise is an error."""

    def __init__(self, name, take):
        super().__init__(name=name, daemon=True)
        self.take = take
        self.frames = 0
        self.error = None
        self.stopping = False
        self.start()

    def run(self):
        try:
            while not self.stopping:
                self.take()
                self.frames += 1
        except Exception as error:
            if not self.stopping:
                self.error = error


class Churn:
    def __init__(self):
        self.server = ServerProcess(
            "--linger", "0.5", "--camera", "one=v4l2:/dev/video0?size=320x180&fps=10",
            "--camera", "two=v4l2:platform:vivid-001?size=320x180&fps=10", stop_limit=30.0)
        self.clients = []
        self.readers = []
        self.slowest_absence = 0.0
        self.slowest_return = 0.0
        self.rounds = 0
        for camera in ("one", "two"):
            self.wait_for_state(camera, "idle", "streaming", "opening")
            wait_until(lambda c=camera: self.camera(c)["streams"], "its streams are known", LIMIT)
        self.watch("one whole", "one", codec="raw", rate_hz=4)
        self.watch("one quarter", "one", codec="raw", scale=0.25)
        self.watch("one region", "one", codec="raw", region=[200, 100, 100, 60], rate_hz=4)
        self.watch("one every", "one", codec="jpeg", policy="every", scale=0.25, rate_hz=4)
        self.watch("two websocket", "two", websocket=True, codec="jpeg", scale=0.25, rate_hz=4)
        self.view("one mjpeg", "one")
        self.view("two mjpeg", "two")
        self.look("two snapshots", "two")

    def watch(self, name, camera, websocket=False, **settings):
        reader = lwp.Reader("127.0.0.1", self.server.port, websocket=websocket, timeout=LIMIT)
        reader.subscribe(camera, "color", **settings)

        def take():
            _, frame = reader.next()
            ended = [event for event in reader.events if event.get("event") == "ended"]
            if ended:
                raise AssertionError(f"cut off: {ended}")
            del reader.events[:]
            if settings.get("region") and (frame.width, frame.height) != (100, 60):
                raise AssertionError(f"the region is {frame.width}x{frame.height}")

        self.readers.append(reader)
        self.clients.append(Client(name, take))

    def view(self, name, camera):
        parts = PartReader(self.server, f"/cameras/{camera}/color.mjpeg?fps=3&scale=0.25")
        parts._socket.settimeout(LIMIT)
        self.readers.append(parts)
        self.clients.append(Client(name, parts.part))

    def look(self, name, camera):
        def take():
            time.sleep(0.2)
            while self.server.get(f"/cameras/{camera}/color.jpg?scale=0.25").status != 200:
                time.sleep(0.2)  # unplugged just now

        self.clients.append(Client(name, take))

    def camera(self, name):
        return self.server.get(f"/api/v1/cameras/{name}").json

    def wait_for_state(self, name, *states):
        began = time.monotonic()
        wait_until(lambda: self.camera(name)["state"] in states, f"{name} is {states[0]}", LIMIT)
        return time.monotonic() - began

    def everybody_gets_frames(self):
        seen = {client: client.frames for client in self.clients}
        for client, before in seen.items():
            wait_until(lambda c=client, b=before: c.frames > b + 1 or c.error, f"{client.name} gets frames", LIMIT)
            if client.error:
                raise AssertionError(f"{client.name}: {client.error!r}\n{self.server.log[-2000:]}")

    def unplug_and_plug(self):
        # Every other time the node's number is still held, so that the camera comes back under another one.
        keeper = os.open("/dev/video0", os.O_RDWR) if self.rounds % 2 else None
        (DRIVER / "unbind").write_text("vivid.0")
        for name in ("one", "two"):
            self.slowest_absence = max(self.slowest_absence, self.wait_for_state(name, "absent"))
        (DRIVER / "bind").write_text("vivid.0")
        for name in ("one", "two"):
            self.slowest_return = max(self.slowest_return, self.wait_for_state(name, "streaming"))
        if keeper is not None:
            if self.rounds % 2 and self.camera("one")["bus"] != "platform:vivid-000":
                raise AssertionError("'one' came back as another camera")
            os.close(keeper)

    def change_profile(self):
        size = SIZES[self.rounds % len(SIZES)]
        pixel_format = FORMATS[self.rounds % len(FORMATS)]
        for name in ("one", "two"):
            reply = wait_until(
                lambda n=name: (a := self.server.patch(
                    f"/api/v1/cameras/{n}", {"size": size, "fps": 10, "format": pixel_format})).status != 504 and a,
                "the profile changes", LIMIT)
            if reply.status != 200:
                raise AssertionError(reply.text)
            stream = reply.json["streams"][0]
            if f"{stream['width']}x{stream['height']}" != size or stream["format"] != pixel_format:
                raise AssertionError(f"asked for {size} {pixel_format}, got {stream}")

    def change_controls(self):
        for name in ("one", "two"):
            wanted = {"brightness": 40 + self.rounds % 100, "gain_automatic": self.rounds % 2 == 0}
            reply = wait_until(
                lambda n=name, w=wanted: (a := self.server.patch(
                    f"/api/v1/cameras/{n}/controls", {"settings": w})).status not in (429, 504) and a,
                "the controls are set", LIMIT)
            got = {control["name"]: control["value"] for control in reply.json["controls"]}
            if got != wanted:
                raise AssertionError(f"asked for {wanted}, got {got}")

    def round(self):
        """(descriptors, resident bytes) of the server after it."""
        self.unplug_and_plug()
        self.everybody_gets_frames()
        self.change_profile()
        self.change_controls()
        self.everybody_gets_frames()
        self.rounds += 1
        # The least of some moments: a snapshot's connection comes and goes.
        descriptors = []
        for _ in range(20):
            descriptors.append(self.server.descriptors())
            time.sleep(0.02)
        return min(descriptors), self.server.resident_bytes()

    def frames(self):
        return sum(client.frames for client in self.clients)

    def stop(self):
        for client in self.clients:
            client.stopping = True
        for reader in self.readers:
            reader.close()
        self.server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    end = time.monotonic() + 60 * parser.parse_args().minutes
    churn = Churn()
    results = []
    while time.monotonic() < end:
        results.append(churn.round())
        descriptors, resident = results[-1]
        print(f"round {churn.rounds}: {churn.frames()} frames, {descriptors} descriptors, "
              f"{resident / 2**20:.1f} MiB", flush=True)
    churn.stop()
    # The first rounds fill the pools.
    settled = results[len(results) // 5:]
    part = max(1, len(settled) // 4)
    early = statistics.median(resident for _, resident in settled[:part])
    late = statistics.median(resident for _, resident in settled[-part:])
    print(f"{churn.rounds} rounds, {churn.frames()} frames to {len(churn.clients)} clients; absent after at most "
          f"{churn.slowest_absence:.2f} s, streaming again {churn.slowest_return:.2f} s after the plug; descriptors "
          f"{settled[0][0]} to {settled[-1][0]}, memory {early / 2**20:.1f} to {late / 2**20:.1f} MiB")
    assert settled[-1][0] <= settled[0][0], "descriptors leak"
    assert late - early < 8 * 2**20, "memory grows"


if __name__ == "__main__":
    main()
