"""What went wrong in other tools, as whole kinds: sampling, clocks, templates, damage."""

import struct
import tracemalloc
from types import SimpleNamespace
from typing import Any

import pytest
from tests.read.netflow.decoding import A, decode

from folkways.model.addresses import address_to_text
from folkways.model.batches import Tally
from folkways.read.netflow import Decoder
from folkways.read.netflow import sessions as sessions_module

FLOW = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (1, 4), (2, 4), (22, 4), (21, 4)]
_FLOW = struct.Struct(">IIHHBIIII")


def flow(octets: int = 100, first: int = 990_000, last: int = 995_000, protocol: int = 6) -> bytes:
    return _FLOW.pack(0x0A000001, 0x0A000002, 1000, 443, protocol, octets, 2, first, last)


def sampler_sets(write: SimpleNamespace, rates: dict[int, int]) -> list[bytes]:
    layout = write.v9_options(300, [(1, 4)], [(48, 1), (50, 4)])
    told = b"".join(struct.pack(">IBI", 1, sampler, rate) for sampler, rate in rates.items())
    return [write.flow_set(1, layout), write.flow_set(300, told)]


def flow_sets(write: SimpleNamespace, *records: bytes, extra: Any = ()) -> list[bytes]:
    layout = write.template(256, [*FLOW, *extra])
    return [write.flow_set(0, layout), write.flow_set(256, b"".join(records))]


@pytest.mark.parametrize("domain", [7, 8])
@pytest.mark.parametrize("port", [2055, 4444])
@pytest.mark.parametrize("order", [1, -1])
def test_rate_applies_from_the_same_or_another_domain_port_or_moment(
    write: SimpleNamespace, domain: int, port: int, order: int
) -> None:
    told = write.v9(*sampler_sets(write, {1: 100}), domain=domain), (A[0], port)
    flows = write.v9(*flow_sets(write, flow())), A
    rows, tally = decode(*[told, flows][::order])
    assert [row["sampling"] for row in rows] == [100]
    assert (tally.records, dict(tally.skipped)) == (2, {"options record": 1})


def test_rate_applies_within_one_datagram(write: SimpleNamespace) -> None:
    rows, _ = decode(write.v9(*sampler_sets(write, {1: 100}), *flow_sets(write, flow())))
    assert [row["sampling"] for row in rows] == [100]


def test_rate_of_another_exporter_is_not_taken(write: SimpleNamespace) -> None:
    told = write.v9(*sampler_sets(write, {1: 100})), ("192.0.2.9", 2055)
    rows, _ = decode(told, write.v9(*flow_sets(write, flow())))
    assert [row["sampling"] for row in rows] == [None]


def test_each_record_has_the_rate_of_its_own_sampler(write: SimpleNamespace) -> None:
    records = [flow() + bytes([sampler]) for sampler in (1, 2, 3)]
    sets = flow_sets(write, *records, extra=[(48, 1)])
    rows, _ = decode(write.v9(*sampler_sets(write, {1: 2000, 2: 4000}), *sets))
    assert [row["sampling"] for row in rows] == [2000, 4000, None]


def test_changed_rate_applies_to_later_records_only(write: SimpleNamespace) -> None:
    rows, _ = decode(
        write.v9(*sampler_sets(write, {1: 100}), *flow_sets(write, flow())),
        write.v9(*sampler_sets(write, {1: 500}), *flow_sets(write, flow())),
    )
    assert [row["sampling"] for row in rows] == [100, 500]


@pytest.mark.parametrize("rate", [100 << 16, 100 << 24])
def test_rate_in_the_wrong_byte_order_is_not_used(write: SimpleNamespace, rate: int) -> None:
    rows, tally = decode(write.v9(*sampler_sets(write, {1: rate}), *flow_sets(write, flow())))
    assert [row["sampling"] for row in rows] == [None]
    assert tally.flagged["implausible sampling"] == 1
    assert "--sampling" in tally.notes[0]


def test_ipfix_interval_and_space(write: SimpleNamespace) -> None:
    head = struct.pack(">HHH", 300, 3, 1)
    layout = head + struct.pack(">HHHHHH", 302, 4, 305, 4, 306, 4)
    told = [write.flow_set(3, layout), write.flow_set(300, struct.pack(">III", 5, 1, 999))]
    fields = [*FLOW[:7], (302, 4)]
    record = flow()[:-8] + struct.pack(">I", 5)
    data = [write.flow_set(2, write.template(256, fields)), write.flow_set(256, record)]
    rows, _ = decode(write.ipfix(*told, *data))
    assert [row["sampling"] for row in rows] == [1000]


def test_v5_header_sampling_without_its_mode_bits(write: SimpleNamespace) -> None:
    rows, _ = decode(
        write.v5(write.v5_record(), sampling=1 << 14 | 512), write.v5(write.v5_record())
    )
    assert [row["sampling"] for row in rows] == [512, None]


@pytest.mark.parametrize(
    ("uptime", "first", "last", "start", "end"),
    [
        (1_000_000, 990_000, 995_000, -10_000, -5_000),
        (5_000, 2**32 - 1_000, 4_000, -6_000, -1_000),  # wrapped in between
        (1_000, 2**32 - 3_000, 2**32 - 2_000, -4_000, -3_000),  # wrapped since
        (1_000_000, 999_000, 1_000_020, -1_000, 20),  # last slightly above the uptime
    ],
)
def test_uptimes_are_signed_differences(
    write: SimpleNamespace, *, uptime: int, first: int, last: int, start: int, end: int
) -> None:
    nine, _ = decode(write.v9(*flow_sets(write, flow(first=first, last=last)), uptime=uptime))
    five, _ = decode(write.v5(write.v5_record(first=first, last=last), uptime=uptime))
    base = write.NOW * 1000
    assert (nine[0]["start_ms"], nine[0]["end_ms"]) == (base + start, base + end)
    assert (five[0]["start_ms"], five[0]["end_ms"]) == (base + 500 + start, base + 500 + end)


def ntp(ms: int) -> bytes:
    return struct.pack(">II", ms // 1000 + 2_208_988_800, -(-(ms % 1000 << 32) // 1000))


@pytest.mark.parametrize(
    ("fields", "start", "end"),
    [
        ([(150, 4, "s"), (151, 4, "s")], -10_000, -5_000),
        ([(152, 8, "ms"), (153, 8, "ms")], -9_750, -4_250),
        ([(154, 8, "ntp"), (155, 8, "ntp")], -9_750, -4_250),
        ([(156, 8, "ntp"), (157, 8, "ntp")], -9_750, -4_250),
        ([(158, 4, "delta"), (159, 4, "delta")], -9_750, -4_250),
        ([(22, 4, "up"), (21, 4, "up"), (160, 8, "init")], -9_750, -4_250),
        ([(150, 4, "s"), (154, 8, "ntp"), (155, 8, "ntp")], -9_750, -4_250),
        ([(152, 8, "ms"), (161, 4, "duration")], -9_750, -4_250),
    ],
)
def test_every_encoding_of_time(
    write: SimpleNamespace, fields: list[tuple[int, int, str]], start: int, end: int
) -> None:
    base = write.NOW * 1000
    record = flow()[:-8]
    for number, length, kind in fields:
        at = base + (-4_250 if number in {21, 151, 153, 155, 157, 159} else -9_750)
        value = {
            "s": -(-at // 1000) if number == 151 else at // 1000,
            "ms": at,
            "delta": (base - at) * 1000,
            "up": (at - base + 2**33) % 2**32,  # an uptime beyond two wraps
            "init": base - 2**33,
            "duration": 5_500,
        }
        if kind == "s" and number == 151:
            value["s"] = (base - 5_000) // 1000
        record += ntp(at) if kind == "ntp" else value[kind].to_bytes(length, "big")
    layout = write.template(256, [*FLOW[:7], *[(n, length) for n, length, _ in fields]])
    rows, _ = decode(write.ipfix(write.flow_set(2, layout), write.flow_set(256, record)))
    assert (rows[0]["start_ms"] - base, rows[0]["end_ms"] - base) == (start, end)


@pytest.mark.parametrize("long", [False, True])
def test_variable_length_first_and_what_follows(write: SimpleNamespace, *, long: bool) -> None:
    fields = [(96, 0xFFFF), (8, 4), (12, 4), (1, 8)]
    names = [b"ssh", b"", b"x" * 300]
    data = b""
    for i, name in enumerate(names):
        short = not long and len(name) < 255
        data += bytes([len(name)]) if short else b"\xff" + struct.pack(">H", len(name))
        data += name + struct.pack(">IIQ", 1, 2, 100 + i)
    sets = write.flow_set(2, write.template(256, fields)), write.flow_set(256, data + b"\0\0")
    rows, tally = decode(write.ipfix(*sets))
    assert [row["bytes_forward"] for row in rows] == [100, 101, 102]
    assert [row["sensor_label"] for row in rows] == ["ssh", None, "x" * 64]
    assert not tally.skipped


def test_damage_is_counted_and_reading_goes_on(write: SimpleNamespace) -> None:
    good = write.v9(*flow_sets(write, flow()))
    many = struct.pack(">HH", 256, 65_535) + b"\0\x01\0\x04" * 10
    bad = {
        "malformed set length": write.v9(struct.pack(">HHI", 256, 0, 1)),
        "template without octets": write.v9(write.flow_set(0, write.template(260, [(1, 0)]))),
        "cut template": write.v9(write.flow_set(0, many)),
        "cut set": good[:-10],
        "impossible count of records": struct.pack(">HH", 5, 0xFFFF) + bytes(100),
        "no export packet": b"\0\x09\0\x01",
    }
    rows, tally = decode(good, *bad.values(), good)
    assert set(bad) <= set(tally.skipped)
    assert len(rows) == 2


def test_templates_of_two_domains_and_two_ports_are_kept_apart(write: SimpleNamespace) -> None:
    other = [(12, 4), (8, 4), *FLOW[2:]]
    layout = write.flow_set(0, write.template(256, other))
    data = write.flow_set(256, flow())
    rows, _ = decode(
        write.v9(*flow_sets(write, flow())),
        write.v9(layout, data, domain=8),
        (write.v9(layout, data), (A[0], 9996)),
        write.v9(data),
    )
    sources = sorted(address_to_text(row["source_address"]) for row in rows)
    assert sources == ["10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.2"]


def test_data_before_its_template_waits_and_is_bounded(
    write: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout, data = flow_sets(write, flow())
    rows, tally = decode(write.v9(data), write.v9(layout))
    assert len(rows) == 1
    assert not tally.skipped
    monkeypatch.setattr(sessions_module, "MAX_HELD", 500)
    rows, tally = decode(*[write.v9(data, sequence=number) for number in range(5)])
    assert rows == []
    assert tally.skipped == {"template never seen (set)": 5}


def test_withdrawn_template_is_forgotten(write: SimpleNamespace) -> None:
    layout = write.flow_set(2, write.template(256, FLOW))
    gone = write.flow_set(2, struct.pack(">HH", 256, 0))
    data = write.flow_set(256, flow())
    for withdrawal in (gone, write.flow_set(2, struct.pack(">HH", 2, 0))):
        rows, tally = decode(write.ipfix(layout, data), write.ipfix(withdrawal, data))
        assert len(rows) == 1
        assert tally.skipped == {"template never seen (set)": 1}


def test_stored_templates_are_bounded(write: SimpleNamespace) -> None:
    tally = Tally()
    decoder = Decoder(tally)
    wide = [(1, 4)] * 15_000
    packets = [
        write.v9(write.flow_set(0, write.template(256, wide)), domain=domain)
        for domain in range(60)
    ]
    tracemalloc.start()
    for packet in packets:
        list(decoder.feed(packet, A))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert tally.flagged["template forgotten"] > 20
    assert peak < 256 << 20


def test_reverse_elements_and_enterprise_fields(write: SimpleNamespace) -> None:
    fields = [(8, 4), (12, 4), (1, 3), (1, 4, 29305), (6, 2), (6, 1, 29305), (1, 8, 9999), (4, 1)]
    record = struct.pack(">II", 1, 2) + (700).to_bytes(3, "big")
    record += struct.pack(">IHBQB", 900, 0x1B, 0x12, 5, 6)
    rows, _ = decode(
        write.ipfix(write.flow_set(2, write.template(256, fields)), write.flow_set(256, record))
    )
    row = rows[0]
    assert (row["bytes_forward"], row["bytes_reverse"]) == (700, 900)
    assert (row["tcp_flags_forward"], row["tcp_flags_reverse"]) == (0x1B, 0x12)


def test_both_families_in_one_template_and_icmp(write: SimpleNamespace) -> None:
    fields = [(8, 4), (27, 16), (12, 4), (28, 16), (7, 2), (11, 2), (4, 1)]
    four = bytes([10, 0, 0, 1]) + bytes(16) + bytes([10, 0, 0, 2]) + bytes(16)
    six = bytes(4) + b"\x20\x01" + bytes(14) + bytes(4) + b"\x20\x02" + bytes(14)
    data = four + struct.pack(">HHB", 5, 6, 17) + six + struct.pack(">HHB", 0, 0x0800, 58)
    rows, _ = decode(
        write.v9(write.flow_set(0, write.template(256, fields)), write.flow_set(256, data))
    )
    assert [address_to_text(row["source_address"]) for row in rows] == ["10.0.0.1", "2001::"]
    assert [(row["source_port"], row["destination_port"]) for row in rows] == [(5, 6), (None, None)]


def test_application_names_by_the_exporter_s_table(write: SimpleNamespace) -> None:
    layout = write.v9_options(300, [(1, 4)], [(95, 4), (96, 8)])
    told = struct.pack(">II", 1, 3 << 24 | 22) + b"ssh\0\0\0\0\0"
    records = [flow() + struct.pack(">I", 3 << 24 | port) for port in (22, 23)]
    sets = flow_sets(write, *records, extra=[(95, 4)])
    rows, _ = decode(write.v9(write.flow_set(1, layout), write.flow_set(300, told), *sets))
    assert [row["sensor_label"] for row in rows] == ["ssh", None]
