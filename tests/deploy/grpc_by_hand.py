"""Calls of gRPC methods that nobody has declared: HTTP/2 (RFC 9113) as far as that needs it, over one connection."""
import socket
import struct

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, ACK, END_HEADERS = 1, 1, 4
EMPTY_MESSAGE = bytes(5)  # not compressed, 0 bytes long


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def header(name, value):
    """HPACK (RFC 7541, 6.2.2): a literal with its name, not indexed; both shorter than 127 bytes."""
    return b"".join([b"\0", *(bytes([len(text)]) + text.encode() for text in (name, value))])


def request(stream, path):
    fields = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "localhost", "content-type": "application/grpc",
              "te": "trailers"}
    block = b"".join(header(*field) for field in fields.items())
    return frame(HEADERS, END_HEADERS, stream, block) + frame(DATA, END_STREAM, stream, EMPTY_MESSAGE)


def frames(connection):
    stream = connection.makefile("rb")
    while head := stream.read(9):
        length = int.from_bytes(head[:3], "big")
        yield head[3], head[4], int.from_bytes(head[5:], "big"), stream.read(length)


def call_unknown(address, paths, timeout_s):
    """Calls every path with an empty message, one after another; returns how many calls were answered."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=timeout_s) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0))
        waiting, answered, number = list(paths), 0, 1
        connection.sendall(request(number, waiting.pop()))
        for kind, flags, stream, payload in frames(connection):
            if kind in (SETTINGS, PING) and not flags & ACK:
                connection.sendall(frame(kind, ACK, 0, payload if kind == PING else b""))
            elif kind == GOAWAY:
                break
            elif stream == number and kind == HEADERS and flags & END_STREAM:
                answered += 1
                if not waiting:
                    break
                number += 2
                connection.sendall(request(number, waiting.pop()))
    return answered
