"""Captures built by hand, layer by layer, for all tests of the capture reader."""

import io
import socket
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from folkways.model.addresses import address_to_text
from folkways.model.batches import Tally
from folkways.read.capture import CaptureReader
from folkways.read.reader import ReadOptions
from folkways.read.source import Source

A, B = "192.0.2.1", "198.51.100.2"
A6, B6 = "2001:db8::1", "2001:db8:1::2"


def eth(payload: bytes, kind: int = 0x0800) -> bytes:
    return bytes(12) + struct.pack(">H", kind) + payload


def ipv4(
    payload: bytes,
    protocol: int = 17,
    source: str = A,
    destination: str = B,
    *,
    ident: int = 7,
    offset: int = 0,
    more: bool = False,
    options: bytes = b"",
    length: int | None = None,
    version: int = 4,
) -> bytes:
    size = 20 + len(options)
    return (
        struct.pack(
            ">BBHHHBBH",
            version << 4 | size // 4,
            0,
            size + len(payload) if length is None else length,
            ident,
            more << 13 | offset // 8,
            64,
            protocol,
            0,
        )
        + socket.inet_aton(source)
        + socket.inet_aton(destination)
        + options
        + payload
    )


def ipv6(
    payload: bytes,
    protocol: int = 17,
    source: str = A6,
    destination: str = B6,
    length: int | None = None,
) -> bytes:
    size = len(payload) if length is None else length
    ends = socket.inet_pton(socket.AF_INET6, source), socket.inet_pton(socket.AF_INET6, destination)
    return struct.pack(">IHBB", 6 << 28, size, protocol, 64) + b"".join(ends) + payload


def fragment6(payload: bytes, following: int, *, ident: int, offset: int, more: bool) -> bytes:
    return struct.pack(">BBHI", following, 0, offset | more, ident) + payload


def udp(
    payload: bytes = b"hello",
    source: int = 40000,
    destination: int = 9999,
    length: int | None = None,
) -> bytes:
    size = 8 + len(payload) if length is None else length
    return struct.pack(">HHHH", source, destination, size, 0) + payload


def tcp(
    flags: int,
    payload: bytes = b"",
    source: int = 40000,
    destination: int = 80,
    seq: int = 1000,
) -> bytes:
    head = struct.pack(">HHIIBBHHH", source, destination, seq, 0, 5 << 4, flags, 1024, 0, 0)
    return head + payload


def pcap(
    packets: Iterable[tuple[Any, ...]],
    *,
    link: int = 1,
    order: str = "<",
    magic: int = 0xA1B2C3D4,
    snaplen: int = 262144,
    version: tuple[int, int] = (2, 4),
) -> bytes:
    """Packets are (time in ns, frame) or (time in ns, frame, length on the wire)."""
    out = struct.pack(f"{order}IHHiIII", magic, *version, 0, 0, snaplen, link)
    tick = 1 if magic == 0xA1B23C4D else 1000
    for time_ns, frame, *wire in packets:
        lengths = [len(frame), wire[0] if wire else len(frame)]
        if version < (2, 3):
            lengths.reverse()
        fraction = time_ns % 10**9 // tick
        out += struct.pack(f"{order}IIII", time_ns // 10**9, fraction, *lengths)
        out += bytes(8) if magic == 0xA1B2CD34 else b""
        out += frame
    return out


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(f"{order}I", 12 + len(body))
    return struct.pack(f"{order}I", kind) + size + body + size


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(
    link: int = 1,
    order: str = "<",
    *,
    resolution: int | None = None,
    offset: int | None = None,
    snaplen: int = 0,
) -> bytes:
    body = struct.pack(f"{order}HHI", link, 0, snaplen)
    body += struct.pack(f"{order}HH4s", 2, 4, b"eth0")
    if resolution is not None:
        body += struct.pack(f"{order}HHBxxx", 9, 1, resolution)
    if offset is not None:
        body += struct.pack(f"{order}HHq", 14, 8, offset)
    return block(1, body + struct.pack(f"{order}HH", 0, 0), order)


def enhanced(ticks: int, frame: bytes, which: int = 0, order: str = "<") -> bytes:
    head = struct.pack(
        f"{order}IIIII", which, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame)
    )
    return block(6, head + frame, order)


def obsolete(ticks: int, frame: bytes, which: int = 0, order: str = "<") -> bytes:
    head = struct.pack(
        f"{order}HHIIII", which, 9, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame)
    )
    return block(2, head + frame, order)


@pytest.fixture(scope="session")
def wire() -> SimpleNamespace:
    """The functions above."""
    return SimpleNamespace(
        eth=eth,
        ipv4=ipv4,
        ipv6=ipv6,
        fragment6=fragment6,
        udp=udp,
        tcp=tcp,
        pcap=pcap,
        block=block,
        section=section,
        interface=interface,
        enhanced=enhanced,
        obsolete=obsolete,
    )


def _side(address: bytes, port: int | None) -> str:
    text = address_to_text(address)
    return text if port is None else f"{text}|{port}"


def _read(content: bytes | Path, **options: Any) -> SimpleNamespace:
    """Read a capture; timeouts (``..._s``) and arguments of the reader may be given.

    Returns rows (dicts, in order), flows (short forms of them), answers, batches and tally.
    """
    timeouts = {k: options.pop(k) for k in list(options) if k.endswith("_s")}
    if isinstance(content, Path):
        source = Source(str(content), content)
    else:
        source = Source("test", None, io.BufferedReader(io.BytesIO(content)))
    tally = Tally()
    batches = list(CaptureReader(**options).read(source, ReadOptions(**timeouts), tally))
    rows = [r for b in batches if b.kind == "records" for r in b.rows.to_pylist()]
    flows = [
        (
            _side(r["source_address"], r["source_port"]),
            _side(r["destination_address"], r["destination_port"]),
            r["protocol"],
            (r["packets_forward"], r["bytes_forward"]),
            (r["packets_reverse"], r["bytes_reverse"]),
        )
        for r in rows
    ]
    answers = [r for b in batches if b.kind == "answers" for r in b.rows.to_pylist()]
    used = sum(r["packets_forward"] + r["packets_reverse"] for r in rows)
    assert used + sum(tally.skipped.values()) == tally.records
    return SimpleNamespace(rows=rows, flows=flows, answers=answers, batches=batches, tally=tally)


@pytest.fixture(scope="session")
def read() -> Callable[..., SimpleNamespace]:
    """Read a capture from bytes or a path; every packet must be in a row or counted as skipped."""
    return _read
