"""Sampled flows: nfcapd multiplies their counters, which is undone."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.read.nfcapd import export_packets as export
from tests.read.nfcapd.nfcapd_files import (
    GENERIC,
    IPV4,
    exporter,
    extension_map,
    file1,
    file2,
    flow1,
    flow2,
    read,
    sampler,
)

NOW_S = 1_700_000_000
UNKNOWN = "counters multiplied by an unknown sampling rate"


def scaled(times: int) -> tuple[int, ...]:
    """The generic element with its 3 packets and 180 bytes multiplied."""
    return (*GENERIC[:3], 3 * times, 180 * times, *GENERIC[5:])


@pytest.mark.external
def test_v5_sampled_1_in_100_by_its_header(
    collect: Callable[..., Path], nfdump: Callable[..., str]
) -> None:
    record = export.v5_record(0xC0000201, 0xC6336402, (4000, 53), (10, 1000), (900_000, 950_000))
    file = collect([export.v5([record], now_s=NOW_S, uptime_ms=1_000_000, sampling=1 << 14 | 100)])
    assert "100000" in nfdump("-q", "-N", "-r", file, "-o", "fmt:%byt")
    ((row,), tally) = read(file)
    assert (row["packets_forward"], row["bytes_forward"], row["sampling"]) == (10, 1000, 100)
    assert row["flaws"] is None
    # Uptime 1,000,000 ms at NOW_S: the flow began 100 s before.
    assert (row["start_ms"], row["end_ms"]) == ((NOW_S - 100) * 1000, (NOW_S - 50) * 1000)
    assert not tally.skipped.keys() - {"record that is no flow (exporter, sampler, other)"}


FIELDS: list[export.Field] = [
    *((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (1, 4), (2, 4)),
    *((22, 4), (21, 4), (10, 4), (14, 4), (61, 1), (16, 4), (17, 4), (95, 4), (23, 4), (24, 4)),
    *((225, 4), (226, 4), (227, 2), (228, 2)),
]


def v9_packets(times: int = 1) -> list[bytes]:
    values: list[int | bytes] = [
        *(0xC0000201, 0xC6336402, 4000, 443, 6, 0x1B, 1000, 10),
        *(900_000, 950_000, 5, 6, 1, 64500, 64501, b"\x0d\0\0\x35", 900, 9),
        *(0xC0000299, 0xC6336402, 5000, 443),
    ]
    names: list[export.Field] = [(95, 4), (96, 16), (94, 24)]
    label: list[int | bytes] = [
        7,
        b"\x0d\0\0\x35",
        b"dns".ljust(16, b"\0"),
        b"Domain names".ljust(24, b"\0"),
    ]
    clock = {"now_s": NOW_S, "uptime_ms": 1_000_000}
    return [
        export.v9(
            [
                export.options_template(258, (1, 4), names, version=9),
                export.template(256, FIELDS, version=9),
            ],
            **clock,
        ),
        export.v9(
            [
                export.flow_set(258, export.record([(1, 4), *names], label)),
                export.flow_set(256, export.record(FIELDS, values) * times),
            ],
            seq=1,
            **clock,
        ),
    ]


@pytest.mark.external
@pytest.mark.parametrize("option", [(), ("-s", "300")])
def test_v9_with_all_that_is_kept(collect: Callable[..., Path], option: tuple[str, ...]) -> None:
    ((row,), tally) = read(collect(v9_packets(), *option))
    assert (row["bytes_forward"], row["packets_forward"]) == (1000, 10)
    assert row["sampling"] == (300 if option else None)
    assert (row["source_asn"], row["destination_asn"]) == (64500, 64501)
    assert row["observation_point"] == "domain 7 egress"
    assert row["exporter"] == "127.0.0.1"
    assert row["sensor_label"] == "dns"
    assert row["translated_source_address"][12:] == b"\xc0\0\x02\x99"
    assert row["translated_source_port"] == 5000
    # The destination was not translated.
    assert row["translated_destination_address"] is row["translated_destination_port"] is None
    # Elements 23 and 24 are the same traffic as it leaves the router.
    assert row["bytes_reverse"] is row["packets_reverse"] is None
    assert tally.flagged["outgoing counters of unknown meaning, not used"] == 1


def ipfix_message() -> bytes:
    fields: list[export.Field] = [
        *((27, 16), (28, 16), (7, 2), (11, 2), (4, 1), (6, 2), (1, 8), (2, 8), (152, 8), (153, 8)),
    ]
    source, destination = ((0x20010DB8 << 96 | n).to_bytes(16, "big") for n in (1, 2))
    ends = [NOW_S * 1000 + 1, NOW_S * 1000 + 1]
    values: list[int | bytes] = [source, destination, 4000, 443, 6, 2, 1000, 10, *ends]
    sets = [
        export.template(256, fields, version=10),
        export.flow_set(256, export.record(fields, values)),
    ]
    return export.ipfix(sets, now_s=NOW_S)


@pytest.mark.external
@pytest.mark.parametrize(("option", "sampling"), [((), None), (("-s", "50"), 50)])
def test_ipfix_with_ipv6(
    collect: Callable[..., Path], option: tuple[str, ...], sampling: int | None
) -> None:
    ((row,), tally) = read(collect([ipfix_message()], *option))
    assert row["source_address"] == (0x20010DB8 << 96 | 1).to_bytes(16, "big")
    # Case 8: a sampled flow of no duration.
    assert (row["start_ms"], row["end_ms"]) == (NOW_S * 1000 + 1, NOW_S * 1000 + 1)
    assert (row["bytes_forward"], row["packets_forward"], row["sampling"]) == (1000, 10, sampling)
    assert (row["observation_point"], row["tcp_flags_forward"]) == ("domain 7", 2)
    assert tally.flagged == {"clock: flow a day from its receipt": 1}


@pytest.mark.external
def test_a_negative_rate_of_nfcapd_is_not_believed(collect: Callable[..., Path]) -> None:
    ((row,), tally) = read(collect([ipfix_message()], "-s", "-300"))
    # nfcapd 1.7.1 stores 1000 * (2^32 - 300) bytes.
    assert (row["bytes_forward"], row["packets_forward"]) == (1000, 10)
    assert row["sampling"] is None
    assert tally.flagged["implausible sampling"] == 1


def test_each_flow_by_its_own_sampler(tmp_path: Path) -> None:
    path = tmp_path / "two"
    mine = [
        flow2([(1, scaled(times)), (2, IPV4), (18, (number, 1, 0))], flags=2, exporter=1)
        for number, times in ((1, 2000), (2, 4000), (3, 7))
    ]
    unnamed = flow2([(1, scaled(2000)), (2, IPV4)], flags=2, exporter=1)
    path.write_bytes(file2([exporter(), sampler(1, 1, 1999), sampler(2, 1, 3999), *mine, unnamed]))
    rows, tally = read(path)
    told = {(r["bytes_forward"], r["sampling"], r["flaws"]) for r in rows}
    # Sampler 3 was described nowhere, and the last flow may be of either sampler.
    assert told == {
        (180, 2000, None),
        (180, 4000, None),
        (1260, None, "scaled-counters"),
        (360_000, None, "scaled-counters"),
    }
    assert tally.flagged == {UNKNOWN: 2}


def test_a_rate_that_changes_holds_from_there_on(tmp_path: Path) -> None:
    path = tmp_path / "changes"
    old, new = (flow2([(1, scaled(n)), (2, IPV4)], flags=2, exporter=1) for n in (10, 20))
    path.write_bytes(file2([exporter(), sampler(-1, 1, 9), old, sampler(-1, 1, 19), new]))
    rows, tally = read(path)
    assert [(r["bytes_forward"], r["sampling"]) for r in rows] == [(180, 10), (180, 20)]
    assert not tally.flagged


@pytest.mark.parametrize(("taken", "skipped", "one_in"), [(3, 997, 333), (2, 198, 100), (1, 0, 1)])
def test_several_packets_of_a_stretch(
    tmp_path: Path, taken: int, skipped: int, one_in: int
) -> None:
    path = tmp_path / "several"
    stored = [n * (taken + skipped) // taken for n in (3, 180)]
    generic = (*GENERIC[:3], *stored, *GENERIC[5:])
    record = flow2([(1, generic), (2, IPV4)], flags=2, exporter=1)
    path.write_bytes(file2([exporter(), sampler(-1, taken, skipped), record]))
    ((row,), _) = read(path)
    assert (row["packets_forward"], row["bytes_forward"], row["sampling"]) == (3, 180, one_in)


def test_what_is_no_multiple_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "odd"
    record = flow2([(1, GENERIC), (2, IPV4)], flags=2, exporter=1)
    path.write_bytes(file2([exporter(), sampler(-1, 1, 99), record]))
    ((row,), _) = read(path)
    assert (row["bytes_forward"], row["sampling"], row["flaws"]) == (180, None, "scaled-counters")


def test_unmarked_flows_have_an_unknown_rate(tmp_path: Path) -> None:
    path = tmp_path / "unmarked"
    record = flow2([(1, GENERIC), (2, IPV4)], exporter=1)
    path.write_bytes(file2([exporter(), record, sampler(-1, 1, 99), record]))
    rows, _ = read(path)
    assert [(r["bytes_forward"], r["sampling"], r["flaws"]) for r in rows] == [
        (180, None, None)
    ] * 2


def test_layout_1_with_its_old_sampler_record(tmp_path: Path) -> None:
    path = tmp_path / "old"
    body = structure_of(*IPV4, 3000, 180_000)
    old_sampler = struct.pack("<HHiIHH", 9, 16, -1, 1000, 2, 1)
    path.write_bytes(file1([exporter(), extension_map(1, []), old_sampler, flow1(body, flags=128)]))
    ((row,), _) = read(path)
    assert (row["packets_forward"], row["bytes_forward"], row["sampling"]) == (3, 180, 1000)


def structure_of(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)
