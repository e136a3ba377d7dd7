"""A WebSocket client, as much of RFC 6455 as SPEC.md asks for."""

import base64
import hashlib
import os
import socket
import struct

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Gone(Exception):
    """The socket is closed; `code` says why."""

    def __init__(self, code):
        super().__init__(f"closed with {code}")
        self.code = code


class Handshake(Exception):
    """An answer other than 101."""


class WebSocket:
    def __init__(self, host, port, token):
        self.socket = socket.create_connection((host, port), 10)
        self.buffer, self.parts = b"", b""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            (
                f"GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                f"Sec-WebSocket-Protocol: onsale.v1, bearer.{token}\r\n\r\n"
            ).encode()
        )
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        answer, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        status, *lines = answer.decode("latin-1").split("\r\n")
        if not status.startswith("HTTP/1.1 101"):
            raise Handshake(status)
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        if headers["sec-websocket-accept"] != accept or headers["sec-websocket-protocol"] != "onsale.v1":
            raise Handshake("no answer of ours")
        if "sec-websocket-extensions" in headers:
            raise Handshake("an extension that nobody asked for")

    def fill(self):
        read = self.socket.recv(65536)
        if read == b"":
            raise Gone(1006)
        self.buffer += read

    def send(self, opcode, payload):
        mask = os.urandom(4)
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + struct.pack(">H", size)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self.socket.sendall(bytes([0x80 | opcode]) + length + mask + masked)

    def receive(self, seconds):
        """The next message as (opcode, bytes), or None where none comes in time. Pings are answered."""
        self.socket.settimeout(seconds)
        try:
            while True:
                message = self.frame()
                if message is not None:
                    return message
                self.fill()
        except TimeoutError:
            return None

    def frame(self):
        """One message from what was read; None where it is not yet whole."""
        while True:
            buffer = self.buffer
            if len(buffer) < 2:
                return None
            final, opcode, size, at = buffer[0] & 0x80, buffer[0] & 15, buffer[1] & 127, 2
            if size == 126:
                at = 4
            elif size == 127:
                at = 10
            if len(buffer) < at:
                return None
            if at == 4:
                (size,) = struct.unpack_from(">H", buffer, 2)
            elif at == 10:
                (size,) = struct.unpack_from(">Q", buffer, 2)
            if len(buffer) < at + size:
                return None
            payload, self.buffer = buffer[at : at + size], buffer[at + size :]
            if opcode == PING:
                self.send(PONG, payload)
            elif opcode == CLOSE:
                raise Gone(struct.unpack_from(">H", payload)[0] if len(payload) >= 2 else 1005)
            elif opcode != PONG:
                if opcode != 0:
                    self.opcode = opcode
                self.parts += payload
                if final:
                    whole, self.parts = self.parts, b""
                    return self.opcode, whole

    def close(self):
        self.socket.close()
