"""A camera that shows what a test writes into it: v4l2loopback, loaded while the object is used. Only inside the VM."""

import fcntl
import os
import pathlib
import struct
import subprocess
import threading
import time

VIDIOC_S_FMT = 0xC0D05605
OUTPUT = 2
FORMAT = struct.Struct("=I4xIIII")  # type, then v4l2_pix_format: width, height, pixelformat, field
FORMAT_BYTES = 208


def module_file():
    """Where tools/setup-vm puts the module."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    return cache / "with-vivid" / f"v4l2loopback-{os.uname().release}.ko"


class Loopback:
    def __init__(self, fourcc, width, height, pictures, number=20):
        self.format = (fourcc, width, height)
        self.pictures = pictures
        self.number = number

    def __enter__(self):
        subprocess.run(["/sbin/insmod", module_file(), "devices=1", f"video_nr={self.number}"], check=True)
        fourcc, width, height = self.format
        self.device = os.open(f"/dev/video{self.number}", os.O_RDWR)
        wanted = bytearray(FORMAT_BYTES)
        FORMAT.pack_into(wanted, 0, OUTPUT, width, height, int.from_bytes(fourcc.encode(), "little"), 1)
        fcntl.ioctl(self.device, VIDIOC_S_FMT, wanted)
        assert FORMAT.unpack_from(wanted)[3] == int.from_bytes(fourcc.encode(), "little"), "an unknown format"
        self.stopping = False
        self.feeder = threading.Thread(target=self._feed, daemon=True)
        self.feeder.start()
        return self

    def _feed(self):
        while not self.stopping:
            for picture in self.pictures:
                os.write(self.device, picture)
                time.sleep(0.05)  # a camera's pace

    def __exit__(self, *_):
        self.stopping = True
        self.feeder.join()
        os.close(self.device)
        subprocess.run(["/sbin/rmmod", "v4l2loopback"], check=True)
