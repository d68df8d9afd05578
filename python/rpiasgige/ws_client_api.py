"""rpiasgige over WebSocket; needs the package websocket-client (Debian: python3-websocket)."""

import websocket

from ._device import HEADER_BYTES, BaseDevice, Performance_Counter, printf, split_header

__all__ = ["Device", "Performance_Counter", "printf"]


class Device(BaseDevice):
    """Raises OSError or websocket.WebSocketException where the server can't be reached or does not answer."""

    def __init__(self, address, port=4001):
        self.address = address
        self.port = int(port)
        self._timeout = None
        self._socket = None

    def setReadTimeout(self, seconds):
        """How long an answer may take; at first as long as it wants."""
        self._timeout = float(seconds)
        if self._socket:
            self._socket.settimeout(self._timeout)

    def close(self):
        """Ends a kept connection; the next call makes another."""
        kept, self._socket = self._socket, None
        if kept:
            kept.close()

    def _exchange(self, request, keep_alive):
        if self._socket is None:
            self._socket = websocket.create_connection(f"ws://{self.address}:{self.port}", timeout=self._timeout)
        try:
            self._socket.send_binary(request)
            answer = self._socket.recv()
        except Exception:
            self.close()
            raise
        if not keep_alive:
            self.close()
        if len(answer) < HEADER_BYTES:
            raise ConnectionError("the server closed the connection")
        status, _ = split_header(answer)
        return status, answer[HEADER_BYTES:]
