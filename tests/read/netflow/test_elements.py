"""Elements beside the usual ones: translation, direction, names of applications, lists, frames."""

import struct
import time
from types import SimpleNamespace
from typing import Any

import pytest
from tests.read.netflow.decoding import A, decode, pack

from folkways.model.addresses import address_to_text

CERT, PROCERA, BARRACUDA, IXIA, NPROBE = 6871, 15397, 10704, 3054, 35632
BASE = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (1, 4)]
VALUES = (0x0A000001, 0x0A000002, 1000, 443, 6, 100)
IPV6 = bytes.fromhex("20010db8000000000000000000000001")


def ipfix(
    write: SimpleNamespace, extra: list[Any], *records: tuple[Any, ...], **more: int
) -> bytes:
    """A message of flows with further elements."""
    fields = [*BASE, *extra]
    data = b"".join(pack(fields, *VALUES, *values) for values in records)
    return bytes(
        write.ipfix(
            write.flow_set(2, write.template(256, fields)), write.flow_set(256, data), **more
        )
    )


def variable(value: bytes, *, long: bool = False) -> bytes:
    head = (
        b"\xff" + struct.pack(">H", len(value)) if long or len(value) > 254 else bytes([len(value)])
    )
    return head + value


def test_translated_ends_stand_in_their_columns(write: SimpleNamespace) -> None:
    extra = [(225, 4), (227, 2), (226, 4), (228, 2)]
    rows, _ = decode(
        ipfix(
            write,
            extra,
            (0xC0000201, 61_000, 0x0A000002, 443),
            (0x0A000001, 1000, 0xC0000202, 8443),
            (0, 0, 0, 0),
        )
    )
    ends = [
        (
            row["translated_source_address"] and address_to_text(row["translated_source_address"]),
            row["translated_source_port"],
            row["translated_destination_address"]
            and address_to_text(row["translated_destination_address"]),
            row["translated_destination_port"],
        )
        for row in rows
    ]
    assert ends == [
        ("192.0.2.1", 61_000, None, None),
        (None, None, "192.0.2.2", 8443),
        (None, None, None, None),
    ]
    assert {address_to_text(row["source_address"]) for row in rows} == {"10.0.0.1"}


def test_an_ipv6_flow_translated_to_ipv4_and_back(write: SimpleNamespace) -> None:
    fields = [(27, 16), (28, 16), (1, 4), (225, 4), (282, 16)]
    data = pack(fields, IPV6, IPV6, 9, 0xC0000201, IPV6[:-1] + b"\x02")
    sets = write.flow_set(0, write.template(256, fields)), write.flow_set(256, data)
    rows, _ = decode(write.v9(*sets))
    assert address_to_text(rows[0]["translated_source_address"]) == "192.0.2.1"
    assert address_to_text(rows[0]["translated_destination_address"]) == "2001:db8::2"


def test_news_of_a_nat_box_are_no_traffic(write: SimpleNamespace) -> None:
    fields = [(8, 4), (12, 4), (225, 4), (230, 1), (323, 8)]
    data = pack(fields, 1, 2, 3, 1, write.NOW * 1000) * 4
    sets = write.flow_set(2, write.template(256, fields)), write.flow_set(256, data)
    rows, tally = decode(write.ipfix(*sets))
    assert rows == []
    assert tally.skipped == {"NAT event without traffic": 4}


def test_where_the_packets_passed(write: SimpleNamespace) -> None:
    both = ipfix(write, [(61, 1)], (0,), (1,), (255,))
    same = ipfix(write, [(61, 1)], (1,), (1,), domain=0, sequence=4)
    none = ipfix(write, [], (), domain=0, sequence=9)
    rows, _ = decode(both, same, none, write.v5(write.v5_record(), engine=0x0102))
    assert [row["observation_point"] for row in rows] == [
        "domain 7 ingress",
        "domain 7 egress",
        "domain 7",
        "egress",
        "egress",
        None,
        "engine 258",
    ]


@pytest.mark.parametrize(
    ("element", "value", "label"),
    [
        ((96, 16), b"netflix", "netflix"),
        ((96, 0xFFFF), b"netflix", "netflix"),
        ((111, 0xFFFF, IXIA), b"Skype", "Skype"),
        ((1, 0xFFFF, PROCERA), "Facebook Ü".encode(), "Facebook Ü"),
        ((5, 12, BARRACUDA), b"HTTP", "HTTP"),
        ((119, 0xFFFF, NPROBE), b"TLS.Google", "TLS.Google"),
        ((119, 0xFFFF, NPROBE), b"", None),
        ((33, 2, CERT), 443, "applabel:443"),
        ((33, 2, CERT), 0, None),
    ],
)
def test_names_of_applications(
    write: SimpleNamespace, element: Any, value: Any, label: str | None
) -> None:
    record = pack(BASE, *VALUES)
    if element[1] == 0xFFFF:
        record += variable(value)
    else:
        record += pack([element], value)
    sets = write.flow_set(2, write.template(256, [*BASE, element])), write.flow_set(256, record)
    rows, _ = decode(write.ipfix(*sets))
    assert [row["sensor_label"] for row in rows] == [label]


@pytest.mark.parametrize(("number", "octets"), [(56_701, 32), (57_591, 16)])
def test_names_of_applications_in_v9(write: SimpleNamespace, number: int, octets: int) -> None:
    fields = [*BASE, (number, octets)]
    sets = (
        write.flow_set(0, write.template(256, fields)),
        write.flow_set(256, pack(fields, *VALUES, b"youtube-base")),
    )
    rows, _ = decode(write.v9(*sets))
    assert [row["sensor_label"] for row in rows] == ["youtube-base"]


TCP_INFO = [(184, 4), (14, 1, CERT), (15, 1, CERT), (16_398, 1, CERT), (16_399, 1, CERT)]


def multi_list(*entries: tuple[int, bytes]) -> bytes:
    """A subTemplateMultiList (RFC 6313 4.5.3): template, length and records each."""
    return b"\x03" + b"".join(struct.pack(">HH", n, 4 + len(data)) + data for n, data in entries)


@pytest.mark.parametrize("long", [False, True])
def test_tcp_flags_inside_yaf_s_list_and_what_follows_it(
    write: SimpleNamespace, *, long: bool
) -> None:
    fields = [*BASE[:-1], (293, 0xFFFF), (1, 4)]
    other = write.template(0xC002, [(184, 4)])
    templates = write.template(0xC003, TCP_INFO) + other + write.template(256, fields)
    info = struct.pack(">IBBBB", 7, 0x02, 0x18, 0x12, 0x19)
    lists = [
        multi_list((0xC002, b"abcd"), (0xC003, info)),
        multi_list(),
        multi_list((0xC0FF, b"unknown")),
        multi_list((0xC003, info + info)),
        b"\x03\xc0\x03\xff\xff",  # an entry longer than its list
        b"",
    ]
    data = b"".join(
        pack(fields[:5], *VALUES[:5]) + variable(one, long=long) + struct.pack(">I", 100 + i)
        for i, one in enumerate(lists)
    )
    rows, tally = decode(write.ipfix(write.flow_set(2, templates), write.flow_set(256, data)))
    assert [row["bytes_forward"] for row in rows] == [100, 101, 102, 103, 104, 105]
    flags = [(row["tcp_flags_forward"], row["tcp_flags_reverse"]) for row in rows]
    told, none = (0x1A, 0x1B), (None, None)
    assert flags == [told, none, none, told, none, none]
    assert not tally.skipped


@pytest.mark.parametrize("number", [291, 292, 293])
def test_lists_are_passed_over_by_their_length(write: SimpleNamespace, number: int) -> None:
    fields = [(number, 0xFFFF), *BASE]
    data = b"".join(
        variable(bytes(size)) + pack(BASE, *VALUES[:-1], size) for size in (0, 1, 254, 255, 3000)
    )
    rows, _ = decode(
        write.ipfix(write.flow_set(2, write.template(256, fields)), write.flow_set(256, data))
    )
    assert [row["bytes_forward"] for row in rows] == [0, 1, 254, 255, 3000]


def test_post_counters_are_no_traffic_and_frames_are_flagged(write: SimpleNamespace) -> None:
    fields = [(8, 4), (12, 4), (352, 8), (2, 4), (23, 4), (24, 4)]
    data = pack(fields, 1, 2, 214, 2, 9, 9)
    sets = write.flow_set(2, write.template(256, fields)), write.flow_set(256, data)
    rows, _ = decode(write.ipfix(*sets))
    row = rows[0]
    assert (row["bytes_forward"], row["packets_forward"], row["flaws"]) == (214, 2, "frame-bytes")
    assert (row["bytes_reverse"], row["packets_reverse"]) == (None, None)
    rows, _ = decode(ipfix(write, [(352, 8)], (114,)))
    assert (rows[0]["bytes_forward"], rows[0]["flaws"]) == (100, None)


def test_who_opened_by_biflow_direction(write: SimpleNamespace) -> None:
    rows, _ = decode(ipfix(write, [(239, 1)], (0,), (1,), (2,), (3,)))
    assert [row["initiator"] for row in rows] == [None, "source", "destination", None]


def test_uptimes_of_ipfix_without_the_start_of_the_exporter(write: SimpleNamespace) -> None:
    rows, tally = decode(ipfix(write, [(22, 4), (21, 4)], (5_000, 65_000)))
    assert (rows[0]["start_ms"], rows[0]["end_ms"]) == (
        write.NOW * 1000 - 60_000,
        write.NOW * 1000,
    )
    assert tally.flagged["clock: time of export used"] == 1


def test_the_start_of_the_exporter_by_options_data(write: SimpleNamespace) -> None:
    layout = struct.pack(">HHHHHHH", 300, 2, 1, 149, 4, 160, 8)
    begun = write.NOW * 1000 - 2**32 - 100_000  # the uptime has wrapped since
    told = write.flow_set(3, layout), write.flow_set(300, struct.pack(">IQ", 7, begun))
    first = write.ipfix(*told)
    rows, tally = decode(first, ipfix(write, [(22, 4), (21, 4)], (90_000, 95_000), sequence=2))
    base = write.NOW * 1000
    assert (rows[0]["start_ms"] - base, rows[0]["end_ms"] - base) == (-10_000, -5_000)
    assert not tally.flagged


def test_absurd_times_are_flagged(write: SimpleNamespace) -> None:
    base = write.NOW * 1000
    rows, tally = decode(
        ipfix(
            write,
            [(152, 8), (153, 8)],
            (base - 5, base),
            (base, base - 5),
            (base - 3 * 86_400_000, base - 2 * 86_400_000),
            (2**63, 2**64 - 1),
            (0, 0),
        )
    )
    assert len(rows) == 5
    assert all(row["end_ms"] >= row["start_ms"] > 0 for row in rows)
    assert tally.flagged == {
        "clock: end before start": 1,
        "clock: flow a day from its export": 1,
        "clock: time of export used": 2,
    }


def test_a_flow_without_duration_or_with_a_burst_keeps_its_bytes(write: SimpleNamespace) -> None:
    rows, tally = decode(
        ipfix(write, [(152, 8), (153, 8)], (write.NOW * 1000,) * 2),
        write.v5(write.v5_record(octets=6_000_000, first=990_000, last=990_001, packets=4_000)),
    )
    assert [row["end_ms"] - row["start_ms"] for row in rows] == [0, 1]
    assert [row["bytes_forward"] for row in rows] == [100, 6_000_000]
    assert not tally.flagged


@pytest.mark.parametrize(
    ("fields", "content"),
    [
        ([(96, 0xFFFF)] * 60, bytes(1 << 18)),
        ([(8, 4), (96, 0xFFFF), (293, 0xFFFF)], b"\1" * (1 << 18)),
        ([(8, 4), (293, 0xFFFF)], (b"abcd\xff\x00\xc8\x03" + b"\xc0\x03\0\4" * 50)[:208] * 1250),
        ([(8, 4), (1, 0xFFFF)], b"\xff" * (1 << 18)),
    ],
)
def test_absurd_records_of_variable_length_take_bounded_time(
    write: SimpleNamespace, fields: Any, content: bytes
) -> None:
    templates = write.template(0xC003, TCP_INFO) + write.template(256, fields)
    fed = [write.ipfix(write.flow_set(2, templates))]
    fed += [
        write.ipfix(write.flow_set(256, content[at : at + 60_000]), sequence=at)
        for at in range(0, len(content), 60_000)
    ]
    began = time.monotonic()
    decode(*[(packet, A) for packet in fed])
    assert time.monotonic() - began < 10
