"""Server names in TLS and DTLS client hellos (RFC 8446 4.1.2, RFC 6066 section 3, RFC 6347 4.2)."""

from folkways.read.capture.payload.outcome import Need, Outcome, Sight

HANDSHAKE = 22
CLIENT_HELLO = 1
SERVER_NAME = 0
ENCRYPTED_HELLO = frozenset({0xFE08, 0xFE09, 0xFE0A, 0xFE0B, 0xFE0C, 0xFE0D, 0xFFCE})
"""Extension types of ECH (RFC 9849: 0xfe0d), its drafts, and of ESNI before it (0xffce)."""
MAX_RECORD = 16384 + 2048  # RFC 5246 6.2.3
FIXED = 4 + 2 + 32  # handshake header, version, random


def read_records(data: bytes) -> Outcome:
    """The server name of a client hello at the start of a TLS stream, over several records."""
    hello = bytearray()
    position = 0
    while position < len(data):
        header = data[position : position + 5]
        if header[0] != HANDSHAKE or header[1:2] not in {b"", b"\x03"}:
            return None
        if len(header) < 5:
            break
        length = int.from_bytes(header[3:5], "big")
        if not 0 < length <= MAX_RECORD:
            return None
        hello += data[position + 5 : position + 5 + length]
        position += 5 + length
        if len(hello) >= 4 and len(hello) >= 4 + int.from_bytes(hello[1:4], "big"):
            break
    return read_hello(bytes(hello))


def read_hello(hello: bytes, *, cookie: bool = False) -> Outcome:
    """The server name of a client hello, the handshake message from its type byte on.

    The message may be cut: the name is given as soon as it is seen.

    Args:
        hello: the handshake message: type, 3-byte length, body.
        cookie: whether the body has DTLS's cookie.
    """
    if hello[:1] not in {b"", b"\x01"}:
        return None
    if len(hello) < FIXED:
        return Need.MORE
    end = 4 + int.from_bytes(hello[1:4], "big")
    # 3: TLS; 0xfe: DTLS; 1: DTLS of OpenSSL before the RFC.
    if hello[4] not in {3, 0xFE, 1} or end < FIXED:
        return None
    lacking = None if len(hello) >= end else Need.MORE
    return _read_body(hello[:end], cookie=cookie) or lacking


def _read_body(hello: bytes, *, cookie: bool) -> Outcome:
    """The name in as much of a hello as there is; None where it is cut before the name."""
    position = FIXED
    # Session id, the cookie of DTLS, cipher suites, compression methods: each with its length.
    for size in (1, 1, 2, 1) if cookie else (1, 2, 1):
        position += size + int.from_bytes(hello[position : position + size], "big")
    if position == len(hello) == 4 + int.from_bytes(hello[1:4], "big"):
        return Sight(b"")  # no extensions at all
    if position + 2 > len(hello):
        return None
    stop = position + 2 + int.from_bytes(hello[position : position + 2], "big")
    return _read_extensions(hello, position + 2, stop)


def _read_extensions(hello: bytes, position: int, stop: int) -> Outcome:
    """The name among the extensions in ``hello[position:stop]``; None where they are cut."""
    name = b""
    encrypted = False
    while position + 4 <= min(stop, len(hello)):
        kind = int.from_bytes(hello[position : position + 2], "big")
        length = int.from_bytes(hello[position + 2 : position + 4], "big")
        position += 4
        if kind in ENCRYPTED_HELLO:
            encrypted = True
        elif kind == SERVER_NAME and not name:
            if position + length > len(hello):
                return None
            name = _first_name(hello[position : position + length])
        position += length
    if name or (position >= stop and stop <= len(hello)):
        return Sight(name, encrypted)
    return None


def _first_name(extension: bytes) -> bytes:
    position = 2  # length of the list
    while position + 3 <= len(extension):
        length = int.from_bytes(extension[position + 1 : position + 3], "big")
        name = extension[position + 3 : position + 3 + length]
        if extension[position] == 0 and len(name) == length:  # type host_name
            return name
        position += 3 + length
    return b""


def read_fragments(datagram: bytes) -> list[tuple[int, int, bytes]]:
    """Fragments of a DTLS client hello in a datagram: total length, offset, bytes (RFC 6347 4.2.2).

    The first record is looked at only, since a client hello opens a flight.
    """
    fragments: list[tuple[int, int, bytes]] = []
    # Record header: type, version, epoch, sequence number, length: 13 bytes.
    if len(datagram) < 25 or datagram[0] != HANDSHAKE or datagram[3:5] != b"\x00\x00":
        return fragments
    end = min(len(datagram), 13 + int.from_bytes(datagram[11:13], "big"))
    position = 13
    while position + 12 <= end and datagram[position] == CLIENT_HELLO:
        total, offset, length = (
            int.from_bytes(datagram[at : at + 3], "big")
            for at in (position + 1, position + 6, position + 9)
        )
        position += 12
        if position + length > end or offset + length > total:
            break
        fragments.append((total, offset, datagram[position : position + length]))
        position += length
    return fragments
