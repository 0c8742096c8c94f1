"""Whether octets are the sets of an export packet: what tells one from all else on the network."""

from folkways.formats.ipfix import (
    IPFIX,
    IPFIX_OPTIONS_TEMPLATES,
    IPFIX_TEMPLATES,
    MAX_DATAGRAM,
    MIN_DATA_SET,
    SET_HEADER,
    V9,
    V9_OPTIONS_TEMPLATES,
    V9_TEMPLATES,
)

_TEMPLATES = {
    V9: (V9_TEMPLATES, V9_OPTIONS_TEMPLATES),
    IPFIX: (IPFIX_TEMPLATES, IPFIX_OPTIONS_TEMPLATES),
}


def sets_add_up(
    data: bytes | bytearray, at: int, end: int, version: int, limit: int = MAX_DATAGRAM
) -> bool:
    """Whether sets with numbers that exist fill the octets up to ``end``; the first has a content.

    They may be followed by zeros, which some exporters add. Of more than ``limit`` sets it is no.
    """
    if end - at < SET_HEADER.size or not set_begins(data, at, version):
        return False
    for _ in range(limit):
        if end - at < SET_HEADER.size:
            return at <= end
        number, length = SET_HEADER.unpack_from(data, at)
        if length < SET_HEADER.size or not _is_set(number, version):
            return not any(data[at:end])
        at += length
    return False


def set_begins(data: bytes | bytearray, at: int, version: int) -> bool:
    """Whether the header of a set with a content stands here."""
    if at + SET_HEADER.size > len(data):
        return False
    number, length = SET_HEADER.unpack_from(data, at)
    return length > SET_HEADER.size and _is_set(number, version)


def _is_set(number: int, version: int) -> bool:
    return number >= MIN_DATA_SET or number in _TEMPLATES[version]
