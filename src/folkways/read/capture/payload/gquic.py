"""Server names in the client hello of Google's own QUIC (CHLO, before TLS 1.3 was put into QUIC).

Source: "QUIC Crypto" (Langley, Chang): a message is a tag, the number of pairs (16 bit, little
endian), 2 bytes of padding, then for each pair a tag and the end of its value, then the values.
"""

from folkways.read.capture.payload.outcome import Need, Outcome, Sight

CHLO = b"CHLO"
SNI = b"SNI\x00"
MAX_PAIRS = 128  # kMaxEntries of the reference implementation


def read_chlo(data: bytes) -> Outcome:
    """The server name of the first CHLO that stands anywhere in ``data``.

    The frames before it differ from version to version and are short, so the tag is searched for.
    """
    start = data.find(CHLO)
    if start < 0:
        return None
    pairs = int.from_bytes(data[start + 4 : start + 6], "little")
    if not 0 < pairs <= MAX_PAIRS:
        return None
    values = start + 8 + 8 * pairs
    begin = 0
    for at in range(start + 8, values, 8):
        end = int.from_bytes(data[at + 4 : at + 8], "little")
        if end < begin or at + 8 > len(data):
            return Need.MORE if at + 8 > len(data) else None
        if data[at : at + 4] == SNI:
            name = data[values + begin : values + end]
            return Sight(name) if len(name) == end - begin else Need.MORE
        begin = end
    return Sight(b"")
