"""A writer of export packets, by the specifications and apart from the reader's code."""

import struct
from collections.abc import Iterable
from types import SimpleNamespace

import pytest

NOW = 1_500_000_000

Field = tuple[int, int] | tuple[int, int, int]


def flow_set(number: int, content: bytes) -> bytes:
    return struct.pack(">HH", number, 4 + len(content)) + content


def template(number: int, fields: Iterable[Field]) -> bytes:
    fields = list(fields)
    out = struct.pack(">HH", number, len(fields))
    for field in fields:
        if len(field) == 3:
            out += struct.pack(">HHI", field[0] | 0x8000, field[1], field[2])
        else:
            out += struct.pack(">HH", *field)
    return out


def v9_options(number: int, scopes: list[Field], fields: list[Field]) -> bytes:
    head = struct.pack(">HHH", number, 4 * len(scopes), 4 * len(fields))
    return head + b"".join(struct.pack(">HH", *f) for f in [*scopes, *fields])


def v9(
    *sets: bytes,
    domain: int = 7,
    uptime: int = 1_000_000,
    now: int = NOW,
    sequence: int = 1,
    count: int | None = None,
) -> bytes:
    count = len(sets) if count is None else count
    return struct.pack(">HHIIII", 9, count, uptime, now, sequence, domain) + b"".join(sets)


def ipfix(*sets: bytes, domain: int = 7, now: int = NOW, sequence: int = 1) -> bytes:
    body = b"".join(sets)
    return struct.pack(">HHIII", 10, 16 + len(body), now, sequence, domain) + body


def v5(
    *records: bytes,
    sampling: int = 0,
    uptime: int = 1_000_000,
    now: int = NOW,
    sequence: int = 1,
    engine: int = 0,
) -> bytes:
    sent = uptime, now, 500_000_000, sequence
    head = struct.pack(">HHIIIIHH", 5, len(records), *sent, engine, sampling)
    return head + b"".join(records)


def v5_record(
    *,
    source: int = 0x0A000001,
    destination: int = 0x0A000002,
    packets: int = 2,
    octets: int = 100,
    first: int = 990_000,
    last: int = 995_000,
    ports: tuple[int, int] = (1000, 443),
    flags: int = 0x1B,
    protocol: int = 6,
) -> bytes:
    return struct.pack(
        ">IIIHHIIIIHHBBBBHHBBH",
        source, destination, 0, 1, 2, packets, octets, first, last, *ports,
        0, flags, protocol, 0, 65_001, 15_169, 24, 24, 0,
    )  # fmt: skip


@pytest.fixture(scope="session")
def write() -> SimpleNamespace:
    return SimpleNamespace(
        flow_set=flow_set,
        template=template,
        v9_options=v9_options,
        v9=v9,
        ipfix=ipfix,
        v5=v5,
        v5_record=v5_record,
        NOW=NOW,
    )
