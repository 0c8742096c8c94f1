"""Writes small MaxMind DB files (specification, version 2.0) whose content tests know."""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

METADATA = b"\xab\xcd\xefMaxMind.com"


def encoded(value: Any) -> bytes:
    """A value of the data section: text, numbers, flags, maps, lists; bytes stay as they are."""
    match value:
        case bytes():  # pointers and faults
            found = value
        case bool():
            found = bytes([value, 14 - 7])
        case str():
            found = _control(2, len(value.encode())) + value.encode()
        case int():
            octets = value.to_bytes((value.bit_length() + 7) // 8, "big")
            found = _control(6 if value < 2**32 else 9, len(octets)) + octets
        case float():
            found = _control(3, 8) + bytes(8)
        case list():
            found = _control(11, len(value)) + b"".join(map(encoded, value))
        case _:
            found = _control(7, len(value))
            found += b"".join(encoded(k) + encoded(v) for k, v in value.items())
    return found


def _control(kind: int, size: int) -> bytes:
    first, more = (size, b"")
    if size >= 285:
        first, more = 30, (size - 285).to_bytes(2, "big")
    elif size >= 29:
        first, more = 29, bytes([size - 29])
    return bytes([first, kind - 7]) + more if kind > 7 else bytes([kind << 5 | first]) + more


def mmdb(
    networks: Mapping[str, Any],
    *,
    size: int = 24,
    version: int = 6,
    aliases: tuple[str, ...] = (),
    before: bytes = b"",
    **metadata: Any,
) -> bytes:
    """A file of disjoint networks; ``before`` is put at the start of the data section.

    Args:
        networks: prefix to record; IPv4 prefixes lie in ::/96 of an IPv6 tree.
        size: bits of a record: 24, 28 or 32.
        version: of the addresses, 4 or 6.
        aliases: IPv6 prefixes that lead to the node of ::/96.
        before: bytes at the place 0 of the data section.
        metadata: what is stated otherwise than it is.
    """
    nodes: list[list[Any]] = [[None, None]]
    data = before

    def put(bits: str, leaf: Any) -> None:
        node = 0
        for bit in bits[:-1]:
            if nodes[node][int(bit)] is None:
                nodes.append([None, None])
                nodes[node][int(bit)] = len(nodes) - 1
            node = nodes[node][int(bit)]
        nodes[node][int(bits[-1])] = leaf

    for text, record in networks.items():
        network = ip_network(text)
        width = 32 if network.version == 4 else 128
        bits = f"{int(network[0]):0{width}b}"[: network.prefixlen]
        if network.version == 4 and version == 6:
            bits = "0" * 96 + bits
        put(bits, ("data", len(data)))
        data += encoded(record)
    if aliases:
        node = 0
        for _ in range(96):
            node = nodes[node][0]
        for text in aliases:
            network = ip_network(text)
            put(f"{int(network[0]):0128b}"[: network.prefixlen], node)
    tree = b"".join(_node(pair, len(nodes), size) for pair in nodes)
    stated = {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": 1_500_000_000,
        "database_type": "Test",
        "description": {"en": "made by hand"},
        "ip_version": version,
        "languages": ["en"],
        "node_count": len(nodes),
        "record_size": size,
    }
    return tree + bytes(16) + data + METADATA + encoded(stated | metadata)


def _node(pair: list[Any], count: int, size: int) -> bytes:
    left, right = (
        count if one is None else one if isinstance(one, int) else count + 16 + one[1]
        for one in pair
    )
    if size == 28:
        middle = left >> 24 << 4 | right >> 24
        return (
            (left & 0xFFFFFF).to_bytes(3, "big")
            + bytes([middle])
            + (right & 0xFFFFFF).to_bytes(3, "big")
        )
    return left.to_bytes(size // 8, "big") + right.to_bytes(size // 8, "big")
