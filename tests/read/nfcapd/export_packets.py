"""Export packets of NetFlow v5, v9 and IPFIX by hand, to be sent to nfcapd."""

import struct

Field = tuple[int, int] | tuple[int, int, int]
"""Number, octets, and the enterprise if there is one."""


def v5(
    records: list[bytes], *, now_s: int, uptime_ms: int, sampling: int = 0, seq: int = 0
) -> bytes:
    """A NetFlow v5 packet; ``sampling`` is the header's field as it stands (mode and interval)."""
    head = struct.pack(">HHIIIIBBH", 5, len(records), uptime_ms, now_s, 0, seq, 0, 0, sampling)
    return head + b"".join(records)


def v5_record(  # one value for each field
    source: int,
    destination: int,
    ports: tuple[int, int],
    counters: tuple[int, int],
    uptimes: tuple[int, int],
    *,
    protocol: int = 6,
    flags: int = 0,
    asn: tuple[int, int] = (0, 0),
) -> bytes:
    """One record of NetFlow v5."""
    return struct.pack(
        ">IIIHHIIIIHHBBBBHHBBH",
        *(source, destination, 0, 1, 2, *counters, *uptimes, *ports),
        *(0, flags, protocol, 0, *asn, 24, 24, 0),
    )


def v9(sets: list[bytes], *, now_s: int, uptime_ms: int, seq: int = 0, domain: int = 7) -> bytes:
    """A NetFlow v9 packet of sets; the header's count is of sets, which collectors do not check."""
    return struct.pack(">HHIIII", 9, len(sets), uptime_ms, now_s, seq, domain) + b"".join(sets)


def ipfix(sets: list[bytes], *, now_s: int, seq: int = 0, domain: int = 7) -> bytes:
    """An IPFIX message of sets."""
    body = b"".join(sets)
    return struct.pack(">HHIII", 10, 16 + len(body), now_s, seq, domain) + body


def flow_set(number: int, body: bytes) -> bytes:
    """A set, padded to four octets."""
    body += bytes(-len(body) % 4)
    return struct.pack(">HH", number, 4 + len(body)) + body


def template(number: int, fields: list[Field], *, version: int) -> bytes:
    """A template set of one template."""
    body = struct.pack(">HH", number, len(fields)) + _specifiers(fields)
    return flow_set(0 if version == 9 else 2, body)


def options_template(number: int, scope: Field, fields: list[Field], *, version: int) -> bytes:
    """An options template set of one template with one scope field."""
    if version == 9:
        head = struct.pack(">HHH", number, 4, 4 * len(fields))
        return flow_set(1, head + _specifiers([scope, *fields]))
    head = struct.pack(">HHH", number, 1 + len(fields), 1)
    return flow_set(3, head + _specifiers([scope, *fields]))


def record(fields: list[Field], values: list[int | bytes]) -> bytes:
    """One data record: numbers in as many octets as the field has."""
    return b"".join(
        value if isinstance(value, bytes) else value.to_bytes(field[1], "big")
        for field, value in zip(fields, values, strict=True)
    )


def _specifiers(fields: list[Field]) -> bytes:
    return b"".join(
        struct.pack(">HHI", number | 0x8000, octets, enterprise[0])
        if enterprise
        else struct.pack(">HH", number, octets)
        for number, octets, *enterprise in fields
    )
