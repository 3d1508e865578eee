"""HTTP/2 by hand, for what no library would send."""
import socket
import ssl
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1
INITIAL_WINDOW_SIZE = 4


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def number(value, bits, first):
    """An HPACK integer behind the pattern `first`."""
    top = (1 << bits) - 1
    if value < top:
        return bytes([first | value])
    out, value = bytearray([first | top]), value - top
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def literal(name, value, index=False):
    name, value = name.encode(), value if isinstance(value, bytes) else value.encode()
    return bytes([0x40 if index else 0]) + number(len(name), 7, 0) + name + number(len(value), 7, 0) + value


def head(method, path, more=(), authority="x"):
    fields = ((":method", method), (":scheme", "https"), (":path", path), (":authority", authority)) + tuple(more)
    return b"".join(literal(n, v) for n, v in fields)


class Connection:
    """`tls`: a client context; it is told to speak h2."""

    def __init__(self, address, tls, settings=(), kernel_buffer=None):
        tls.set_alpn_protocols(["h2"])
        s = socket.socket()
        if kernel_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, kernel_buffer)
        s.settimeout(30)
        s.connect(address)
        self.socket = tls.wrap_socket(s, server_hostname=address[0])
        self.rest = b""
        self.next = 1
        self.send(PREFACE + frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", k, v) for k, v in settings)))

    def send(self, data):
        self.socket.sendall(data)

    def request(self, method, path, more=(), end=True):
        stream, self.next = self.next, self.next + 2
        self.send(frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, head(method, path, more)))
        return stream

    def frames(self, timeout=10):
        """(kind, flags, stream, payload) one after the other, until the end or a silence."""
        self.socket.settimeout(timeout)
        while True:
            while len(self.rest) >= 9:
                size = int.from_bytes(self.rest[:3], "big")
                if len(self.rest) < 9 + size:
                    break
                kind, flags, stream = self.rest[3], self.rest[4], int.from_bytes(self.rest[5:9], "big") & 0x7FFFFFFF
                payload, self.rest = self.rest[9:9 + size], self.rest[9 + size:]
                yield kind, flags, stream, payload
            try:
                some = self.socket.recv(1 << 16)
            except (TimeoutError, socket.timeout):
                return
            except (OSError, ssl.SSLError):
                yield None, 0, 0, b""
                return
            if not some:
                yield None, 0, 0, b""
                return
            self.rest += some

    def ended(self, timeout):
        """Whether the server ends the connection within so many seconds."""
        return any(kind is None or kind == GOAWAY for kind, _, _, _ in self.frames(timeout))

    def close(self):
        self.socket.close()
