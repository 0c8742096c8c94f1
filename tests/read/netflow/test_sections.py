"""Records that hold a sampled packet: elements 313 and 315, and 104 of NetFlow v9."""

import struct
from types import SimpleNamespace
from typing import Any

import pytest
from tests.read.netflow.decoding import A, decode, pack
from tests.read.sflow.sflow_datagrams import ethernet, gre, ip, labels, tcp, udp

from folkways.model.addresses import address_to_text
from folkways.model.batches import Tally

PACKET = ip(tcp(), 6, length=1400)
SIX = ip(udp(), 17, "2001:db8::1", "2001:db8::2", length=900)
VARIABLE = 0xFFFF
FRAME, HEADER, OLD = 315, 313, 104


def read(
    write: SimpleNamespace,
    element: int,
    *sections: bytes,
    octets: int = VARIABLE,
    extra: tuple[tuple[int, int], ...] = (),
    values: tuple[int, ...] = (),
    before: tuple[bytes, ...] = (),
    version: int = 10,
) -> tuple[list[dict[str, Any]], Tally]:
    """A record a section: extra elements, then the section."""
    fields = [*extra, (element, octets)]
    data = b""
    for section in sections:
        data += pack(extra, *values)
        data += (
            bytes([len(section)]) + section if octets == VARIABLE else section.ljust(octets, b"\0")
        )
    layout = write.template(256, fields)
    if version == 9:
        packet = write.v9(write.flow_set(0, layout), write.flow_set(256, data))
    else:
        packet = write.ipfix(*before, write.flow_set(2, layout), write.flow_set(256, data))
    return decode((packet, A))


@pytest.mark.parametrize("octets", [VARIABLE, 96])
@pytest.mark.parametrize(
    ("element", "section"),
    [
        (FRAME, ethernet(PACKET)),
        (FRAME, ethernet(PACKET, (0x8100,))),
        (FRAME, ethernet(PACKET, (0x88A8, 0x8100))),
        (FRAME, ethernet(labels(PACKET), kind=0x8847)),
        (FRAME, ethernet(ip(gre(PACKET), 47, length=1424))),
        (HEADER, PACKET),
        (OLD, ethernet(PACKET)),
    ],
)
def test_a_section_is_read_as_a_packet(
    write: SimpleNamespace, element: int, section: bytes, octets: int
) -> None:
    rows, tally = read(write, element, section, section, octets=octets)
    assert len(rows) == 2
    for row in rows:
        assert address_to_text(row["source_address"]) == "10.0.0.1"
        assert address_to_text(row["destination_address"]) == "198.51.100.7"
        assert (row["source_port"], row["destination_port"], row["protocol"]) == (1234, 443, 6)
        assert (row["bytes_forward"], row["packets_forward"]) == (1400, 1)
        assert (row["tcp_flags_forward"], row["begins"], row["flaws"]) == (2, True, None)
        assert (row["exporter"], row["observation_point"]) == ("192.0.2.1", "domain 7")
        assert (row["sampling"], row["denied"]) == (None, None)
    assert not tally.skipped
    assert tally.records == 2


def test_v9_and_ipv6(write: SimpleNamespace) -> None:
    rows, _ = read(write, OLD, ethernet(SIX), octets=96, version=9)
    (row,) = rows
    assert (row["bytes_forward"], row["protocol"], row["source_port"]) == (900, 17, 53)
    assert address_to_text(row["source_address"]) == "2001:db8::1"


def test_sampling_by_options_and_by_the_record(write: SimpleNamespace) -> None:
    options = struct.pack(">HHHHHHHHH", 300, 3, 1, 302, 4, 305, 4, 306, 4)
    told = write.flow_set(3, options), write.flow_set(300, struct.pack(">III", 5, 1, 999))
    rows, _ = read(write, FRAME, ethernet(PACKET), extra=((302, 4),), values=(5,), before=told)
    assert [row["sampling"] for row in rows] == [1000]
    rows, _ = read(write, FRAME, ethernet(PACKET), extra=((34, 4),), values=(64,))
    assert [row["sampling"] for row in rows] == [64]


def test_what_the_record_says_beside_the_section(write: SimpleNamespace) -> None:
    base = write.NOW * 1000
    ntp = (write.NOW - 5 + 2_208_988_800) << 32 | 1 << 31
    rows, tally = read(
        write,
        FRAME,
        ethernet(PACKET),
        extra=((325, 8), (61, 1), (89, 1), (312, 2), (408, 2), (409, 2)),
        values=(ntp, 1, 130, 1418, 1, 0),
    )
    (row,) = rows
    assert (row["start_ms"], row["end_ms"]) == (base - 4500, base - 4500)
    assert (row["observation_point"], row["denied"]) == ("domain 7 egress", True)
    assert row["flaws"] == "rejected"
    assert not tally.flagged


def test_a_padded_section_ends_where_the_record_says(write: SimpleNamespace) -> None:
    section = ethernet(ip(tcp(), 6, length=1400))
    rows, _ = read(write, FRAME, section, octets=96, extra=((410, 2),), values=(36,))
    assert (rows[0]["source_port"], rows[0]["flaws"]) == (None, "cut")
    assert rows[0]["bytes_forward"] == 1400


@pytest.mark.parametrize(
    ("section", "extra", "values", "cause"),
    [
        (ethernet(bytes(28), kind=0x0806), (), (), "ARP"),
        (b"", (), (), "cut before the IP header"),
        (ethernet(PACKET)[:20], (), (), "cut IP header"),
        (ethernet(PACKET), ((408, 2),), (2,), "link type not supported"),
        (ethernet(PACKET), ((409, 2),), (14,), "link type not supported"),
        (ethernet(PACKET), ((102, 2),), (14,), "link type not supported"),
    ],
)
def test_what_cannot_be_read_is_counted(
    write: SimpleNamespace,
    section: bytes,
    extra: tuple[tuple[int, int], ...],
    values: tuple[int, ...],
    cause: str,
) -> None:
    rows, tally = read(write, FRAME, section, extra=extra, values=values)
    assert rows == []
    assert tally.skipped == {cause: 1}


def test_a_record_with_a_key_of_its_own_is_a_flow(write: SimpleNamespace) -> None:
    key = ((8, 4), (12, 4), (1, 4))
    rows, _ = read(write, FRAME, ethernet(PACKET), extra=key, values=(1, 2, 77))
    assert [(row["bytes_forward"], row["source_port"]) for row in rows] == [(77, None)]


def test_records_without_key_or_section_have_no_address(write: SimpleNamespace) -> None:
    rows, tally = read(write, 314, b"payload")
    assert rows == []
    assert tally.skipped == {"no address": 1}
