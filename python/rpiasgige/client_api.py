"""rpiasgige over plain TCP."""

import socket

from ._device import HEADER_BYTES, BaseDevice, Performance_Counter, printf, split_header

__all__ = ["Device", "Performance_Counter", "printf"]


class Device(BaseDevice):
    """Raises OSError where the server can't be reached, TimeoutError where it does not answer in time."""

    def __init__(self, address, port=4001):
        self.address = address
        self.port = int(port)
        self._timeout = 1.0
        self._socket = None

    def setReadTimeout(self, seconds):
        """How long an answer may take; 1 s at first."""
        self._timeout = float(seconds)
        if self._socket:
            self._socket.settimeout(self._timeout)

    def close(self):
        """Ends a kept connection; the next call makes another."""
        kept, self._socket = self._socket, None
        if kept:
            kept.close()

    def _connect(self):
        connection = socket.create_connection((self.address, self.port), self._timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _receive(self, count):
        out = bytearray(count)
        view = memoryview(out)
        while view:
            got = self._socket.recv_into(view)
            if got == 0:
                raise ConnectionResetError("the server closed the connection")
            view = view[got:]
        return out

    def _exchange(self, request, keep_alive):
        reused = self._socket is not None
        try:
            return self._exchange_once(request, keep_alive)
        except TimeoutError:
            self.close()  # a late answer would be taken for the next one's
            raise
        except OSError:
            self.close()
            # A server shows out who is silent for three seconds; that is no error of this call.
            if not reused:
                raise
        try:
            return self._exchange_once(request, keep_alive)
        except OSError:
            self.close()
            raise

    def _exchange_once(self, request, keep_alive):
        if self._socket is None:
            self._socket = self._connect()
        self._socket.sendall(request)
        status, size = split_header(self._receive(HEADER_BYTES))
        data = self._receive(size)
        if not keep_alive:
            self.close()
        return status, data
