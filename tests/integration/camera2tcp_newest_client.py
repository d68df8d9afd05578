#!/usr/bin/python3
"""The newest Camera2TCP client's way of reading, written from its description: one recv() must return the whole picture,
else the bytes are thrown away and the word is sent again.

    camera2tcp_newest_client.py HOST PORT WORD PICTURES [SECONDS]

Prints `pictures=N shifted=N asked=N`. The pictures' top row must be bright and their bottom row dark."""

import socket
import sys
import time


def main(host, port, word, wanted, seconds="100"):
    peer = socket.create_connection((host, int(port)), 20)
    peer.sendall(b"Connecting2" + word.encode())
    rows, columns, channels = (int(part) for part in peer.recv(1024).decode().split(","))
    size = rows * columns * channels
    end = time.monotonic() + float(seconds)
    pictures = shifted = asked = 0
    while pictures < int(wanted) and time.monotonic() < end:
        peer.sendall(word.encode())
        asked += 1
        data = peer.recv(size)
        if not data:
            raise SystemExit("the server closed the connection")
        if len(data) != size:
            continue
        pictures += 1
        row = columns * channels
        middle = row // 2
        if not (data[middle] > 150 and data[row + middle] > 150 and data[-middle] < 100):
            shifted += 1
    print(f"pictures={pictures} shifted={shifted} asked={asked}")


if __name__ == "__main__":
    main(*sys.argv[1:])
