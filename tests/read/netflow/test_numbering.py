"""Sequence numbers: losses, late and double packets, restarts, and other ways to count."""

import itertools
import random
import struct
from types import SimpleNamespace

import pytest
from tests.read.netflow.decoding import A, decode

FIELDS = [(8, 4), (12, 4), (1, 4)]
VERSIONS = (5, 9, 10)
UNITS = {5: 3, 9: 1, 10: 3}
"""What a packet of three flows adds to the sequence number."""


def packet(write: SimpleNamespace, version: int, number: int, **more: int) -> bytes:
    """Packet ``number`` of an exporter: three flows, one packet a second, templates in all."""
    sequence = more.pop("sequence", number * UNITS[version])
    now = more.pop("now", write.NOW + number)
    if version == 5:
        more["uptime"] = more.get("uptime", 1_000_000 + 1000 * number)
        flows = [write.v5_record(octets=100 + number)] * 3
        return bytes(write.v5(*flows, sequence=sequence, now=now, **more))
    data = struct.pack(">III", 1, 2, 100 + number) * 3
    layout = write.flow_set(0 if version == 9 else 2, write.template(256, FIELDS))
    sets = layout, write.flow_set(256, data)
    if version == 9:
        more["uptime"] = more.get("uptime", 1_000_000 + 1000 * number)
        return bytes(write.v9(*sets, sequence=sequence, now=now, count=4, **more))
    return bytes(write.ipfix(*sets, sequence=sequence, now=now, **more))


def ms(write: SimpleNamespace, version: int, number: int) -> int:
    return int((write.NOW + number) * 1000 + (500 if version == 5 else 0))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("start", [0, 2**32 - 6])
def test_a_gap_says_when_whose_and_how_many(
    write: SimpleNamespace, version: int, start: int
) -> None:
    numbers = [0, 1, 2, 5, 6, 7, 12]
    sequences = [(start + n * UNITS[version]) % 2**32 for n in numbers]
    fed = [packet(write, version, n, sequence=s) for n, s in zip(numbers, sequences, strict=True)]
    rows, tally = decode(*fed)
    assert len(rows) == 3 * len(fed)
    cause = "sequence gap (packets)" if version == 9 else "sequence gap"
    assert [tuple(gap) for gap in tally.gaps] == [
        (ms(write, version, 2), ms(write, version, 5), cause, A[0], 2 * UNITS[version]),
        (ms(write, version, 7), ms(write, version, 12), cause, A[0], 4 * UNITS[version]),
    ]
    assert not {cause for cause in tally.flagged if not cause.startswith("clock")}


@pytest.mark.parametrize("version", VERSIONS)
def test_late_packets_are_no_loss_and_double_ones_count_once(
    write: SimpleNamespace, version: int
) -> None:
    order = [0, 1, 3, 2, 4, 7, 6, 5, 8, 8, 3, 9]
    rows, tally = decode(*[packet(write, version, n) for n in order])
    assert sorted({row["bytes_forward"] for row in rows}) == list(range(100, 110))
    assert len(rows) == 30
    assert tally.gaps == []
    assert tally.flagged["export packet out of order"] == 3
    assert tally.flagged["export packet that came twice"] == 2
    assert tally.records == 30


@pytest.mark.parametrize("version", VERSIONS)
def test_gaps_found_are_the_packets_left_out(write: SimpleNamespace, version: int) -> None:
    chosen = random.Random(version)  # noqa: S311  # the same each time, and no secret
    lost = set(chosen.sample(range(1, 400), 60))
    kept = [n for n in range(400) if n not in lost]
    for place in range(0, len(kept) - 2, 5):  # some pairs change places on their way
        kept[place], kept[place + 1] = kept[place + 1], kept[place]
    _, tally = decode(*[packet(write, version, n) for n in kept])
    found = sum(gap.lost or 0 for gap in tally.gaps)
    end = sum(1 for n in lost if n > max(kept))
    start = sum(1 for n in range(kept[0]) if n in lost)
    assert found == (60 - end - start) * UNITS[version]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_restart_is_no_gap(write: SimpleNamespace, version: int) -> None:
    before = [packet(write, version, n, sequence=90_000 + n * UNITS[version]) for n in range(3)]
    more = {} if version == 10 else {"uptime": 5_000}
    after = [
        packet(write, version, n, sequence=(n - 3) * UNITS[version], **more) for n in (3, 4, 5)
    ]
    rows, tally = decode(*before, *after[:1])
    assert len(rows) == 12
    assert tally.gaps == []
    assert tally.flagged["exporter restarted"] == 1
    if version != 10:  # the sequence may also jump forward with the uptime back at zero
        jumped = packet(write, version, 3, sequence=200_000, uptime=5_000)
        _, tally = decode(*before, jumped)
        assert (tally.gaps, tally.flagged["exporter restarted"]) == ([], 1)


def test_an_uptime_that_wraps_is_no_restart(write: SimpleNamespace) -> None:
    fed = [packet(write, 9, n, uptime=(2**32 - 1_500 + 1000 * n) % 2**32) for n in (0, 1, 2, 3, 5)]
    _, tally = decode(*fed)
    assert [gap.lost for gap in tally.gaps] == [1]
    assert not tally.flagged["exporter restarted"]


@pytest.mark.parametrize(("version", "step"), [(9, 4), (10, 1), (5, 1), (5, 0), (9, 0), (10, 0)])
def test_exporters_that_count_the_other_unit(
    write: SimpleNamespace, version: int, step: int
) -> None:
    rows, tally = decode(*[packet(write, version, n, sequence=n * step) for n in range(50)])
    assert len(rows) == 150
    assert tally.gaps == []
    assert not {cause for cause in tally.flagged if not cause.startswith("clock")}


def test_numbers_that_include_the_packet_s_own_records(write: SimpleNamespace) -> None:
    fed, sent = [], 0
    for number, flows in enumerate([3, 1, 5, 2, 2, 30, 1]):
        sent += flows
        records = [write.v5_record(octets=number)] * flows
        now, uptime = write.NOW + number, 1_000_000 + 1000 * number
        fed.append(write.v5(*records, sequence=sent, now=now, uptime=uptime))
    rows, tally = decode(*fed)
    assert (len(rows), tally.gaps, dict(tally.flagged)) == (44, [], {})


def test_domains_ports_and_versions_count_for_themselves(write: SimpleNamespace) -> None:
    streams = [
        [packet(write, 10, n, domain=domain, sequence=3 * n + 1000 * domain) for n in range(20)]
        for domain in range(3)
    ]
    other_port = [(packet(write, 10, n), (A[0], 9_999)) for n in range(20)]
    mixed = itertools.chain.from_iterable(zip(*streams, other_port, strict=True))
    rows, tally = decode(*mixed)
    assert len(rows) == 240
    assert (tally.gaps, dict(tally.skipped)) == ([], {})


def test_options_records_count_in_ipfix(write: SimpleNamespace) -> None:
    layout = struct.pack(">HHHHHHH", 300, 2, 1, 149, 4, 34, 4)
    told = write.flow_set(3, layout), write.flow_set(300, struct.pack(">II", 1, 100) * 2)
    first = write.ipfix(*told, sequence=10)
    fed = [first, packet(write, 10, 4, sequence=12), packet(write, 10, 5, sequence=15)]
    _, tally = decode(*fed)
    assert tally.gaps == []


def test_a_packet_of_unknown_data_leaves_the_next_number_open(write: SimpleNamespace) -> None:
    unknown = write.ipfix(write.flow_set(999, bytes(40)), sequence=3)
    fed = [packet(write, 10, 0), unknown, packet(write, 10, 9), packet(write, 10, 10)]
    _, tally = decode(*fed)
    assert tally.gaps == []
    assert tally.unseen_templates == {"192.0.2.1 domain 7 template 999": 1}


def test_the_same_flows_sent_anew_are_not_taken_for_the_same_packet(
    write: SimpleNamespace,
) -> None:
    one = packet(write, 10, 0)
    rows, tally = decode(one, (one, (A[0], 7)), packet(write, 10, 0, now=write.NOW + 1))
    assert len(rows) == 9
    assert not tally.flagged["export packet that came twice"]
